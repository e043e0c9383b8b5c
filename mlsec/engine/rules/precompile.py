"""Check the rules beside this code once, for all who install it: their first run starts warm.

``python -m mlsec.engine.rules.precompile [FILE]`` is run when a wheel or an image is built.
"""

from __future__ import annotations

import sys
from pathlib import Path

from mlsec.core.content_paths import content_folder
from mlsec.engine.rules.load import content_key_of, load_afresh
from mlsec.engine.rules.rule_cache import SHIPPED, shipped_form


def ship(file: Path = SHIPPED) -> None:
    """Write the checked rules to where an installation looks for them, or to ``file``."""
    content = content_folder("rules")
    written = shipped_form(content_key_of(content), load_afresh(content), content)
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(written)


if __name__ == "__main__":
    ship(*map(Path, sys.argv[1:]))
