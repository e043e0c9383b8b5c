"""Adds the Debian packages of an image to its bill of materials.

    image_bom.py LOCK.cdx.json IMAGE.cdx.json <PACKAGES

``PACKAGES`` is what dpkg-query prints in the image: name, version, architecture, with tabs. It
imports nothing but the standard library, since it runs in a job that may publish.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from urllib.parse import quote


def component(line: str) -> dict[str, str]:
    """Describe one package.

    Source: the package URL specification, type deb.
    """
    name, version, architecture = line.split("\t")
    purl = f"pkg:deb/debian/{quote(name)}@{quote(version, safe='~')}?arch={quote(architecture)}"
    return {
        "bom-ref": purl, "type": "library", "name": name, "version": version, "purl": purl,
    }  # fmt: skip


def main(given: str, written: str) -> int:
    """Write the bill of materials; give 1 when there is nothing to add."""
    document = json.loads(Path(given).read_text("utf-8"))
    lines = sorted(sys.stdin.read().splitlines())
    if not lines:
        sys.stderr.write("image_bom: the image names no package\n")
        return 1
    document["components"] += [component(line) for line in lines]
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False)
    Path(written).write_text(f"{text}\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
