"""``python -m tests.fuzz.artifacts [libFuzzer options]``: damage samples, follow the coverage.

Needs the package atheris, which is no dependency of the tests. A traceback ends the run and
libFuzzer writes the input to ``crash-*``; so does an input over ``-timeout`` seconds or
``-rss_limit_mb``. Found inputs become the smallest sample that shows them in the builders.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-not-found]

with atheris.instrument_imports(include=["mlsec.artifacts"]):
    from mlsec.artifacts.inspect import inspect
    from mlsec.artifacts.limits import Limits
    from mlsec.artifacts.window import Window

from tests.artifacts.mutations import small_samples

LIMITS = Limits(inflated_bytes=4 << 20, held_bytes=1 << 18, members=200, cpu_s=20, facts=300)
DEFAULTS = ("-timeout=30", "-rss_limit_mb=1024", "-max_len=65536")


def read_one(data: bytes) -> None:
    """Read one input; only a mistake of ours can raise."""
    inspect(Window.of(data), LIMITS)


def main() -> None:
    """Fuzz from all small samples until stopped, or for ``-runs`` or ``-max_total_time``."""
    with tempfile.TemporaryDirectory() as corpus:
        for number, data in enumerate(small_samples().values()):
            (Path(corpus) / str(number)).write_bytes(data)
        given = [argument.partition("=")[0] for argument in sys.argv[1:]]
        defaults = [option for option in DEFAULTS if option.partition("=")[0] not in given]
        atheris.Setup([sys.argv[0], *defaults, *sys.argv[1:], corpus], read_one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
