"""Writes the manual page of the command line (``make man``), from the parser."""

from __future__ import annotations

import sys
from pathlib import Path

from argparse_manpage.manpage import Manpage

from mlsec import __version__
from mlsec.cli.completion import nested
from mlsec.cli.parser import build_parser


def man_page() -> str:
    """Give mlsec(1), with every command and option."""
    parser = nested(build_parser())
    page = Manpage(parser)
    page.source, page.manual = f"mlsec {__version__}", "mlsec"
    return str(page)


def main(words: list[str]) -> int:
    """Write mlsec.1 into a folder."""
    folder = Path(words[0])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mlsec.1").write_text(man_page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
