"""``mlsec report``: render a saved assessment again, or check what was written."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from mlsec.cli import exits


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "report",
        help="render a saved assessment again, or verify one",
        usage="mlsec report ASSESSMENT [-f FORMAT,...] [-o DIR]\n"
        "       mlsec report verify ASSESSMENT [--evidence SNAPSHOT] [--key PUBLIC_KEY]",
    )
    parser.add_argument("words", nargs="+", metavar="[verify] ASSESSMENT",
                        help="an assessment.json, or the folder of a scan")  # fmt: skip
    parser.add_argument("-f", "--format", default="", help="comma-separated: html,sarif,json,...")
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="write files there")
    parser.add_argument("--sarif-inventory", default="", metavar="PATH", help=INVENTORY_HELP)
    checks = parser.add_argument_group("verify")
    checks.add_argument("--evidence", type=Path, metavar="SNAPSHOT",
                        help="its evidence (default: evidence.mlsnap beside it)")  # fmt: skip
    checks.add_argument("--key", type=Path, metavar="PUBLIC_KEY",
                        help="check that this Ed25519 key signed the evidence")  # fmt: skip
    parser.set_defaults(run=run)


_USUAL = ("html", "sarif", "json", "markdown")
INVENTORY_HELP = "where mlsec-inventory.txt will lie in the repository that SARIF is uploaded for"


def run(args: argparse.Namespace) -> int:
    """Render to stdout or into a folder; with ``verify`` check instead."""
    from mlsec.cli.files import load_assessment
    from mlsec.core.errors import MlsecError

    *verb, named = args.words
    if verb == ["verify"]:
        from mlsec.cli.report_verify import verify

        return verify(Path(named), args)
    if verb or args.evidence or args.key:
        raise MlsecError(
            "give one assessment", hint="mlsec report ASSESSMENT, or mlsec report verify ASSESSMENT"
        )
    assessment = load_assessment(Path(named))
    show(assessment, args.output, args.format, args.sarif_inventory)
    return exits.CLEAN


def show(
    assessment: Any, folder: Path | None, formats: str, inventory: str, *, brief: bool = False
) -> list[Path]:
    """Write the formats asked for into ``folder``, or render one of them to stdout.

    Returns:
        The files written.

    Raises:
        MlsecError: unknown format, more than one for stdout, or a folder that cannot be written.
    """
    from mlsec.cli import console
    from mlsec.render.formats import FORMATS
    from mlsec.render.settings import INVENTORY_FILE, RenderSettings
    from mlsec.render.write import write_reports

    chosen = formats_of(formats, is_folder=folder is not None)
    settings = RenderSettings(
        sarif_inventory=inventory or INVENTORY_FILE,
        has_colour=folder is None and console.has_colour(sys.stdout),
        width_chars=console.width_chars(),
        is_brief=brief,
    )
    if folder is not None:
        return list(write_reports(assessment, folder, chosen, settings))
    rendered = FORMATS[chosen[0]].render(assessment, settings)
    for piece in (rendered,) if isinstance(rendered, bytes) else rendered:
        console.write_bytes(piece)
    return []


def written_files(folder: Path, formats: str) -> frozenset[str]:
    """Name the files that ``show`` writes into a folder, with all links resolved."""
    from mlsec.render.write import files_in

    return files_in(folder, formats_of(formats, is_folder=True))


def formats_of(text: str, *, is_folder: bool) -> list[str]:
    """Take a comma-separated list apart; what is usual when it is empty.

    Raises:
        MlsecError: an unknown format, or more than one for stdout.
    """
    from mlsec.core.errors import MlsecError
    from mlsec.render.formats import FORMATS

    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in FORMATS:
            raise MlsecError(f'unknown format "{name}"', hint=f"one of {', '.join(FORMATS)}")
    if is_folder:
        return names or list(_USUAL)
    if len(names) > 1:
        raise MlsecError("only one format goes to stdout", hint="give a folder with -o")
    return names or ["text"]
