"""``mlsec report``: render a saved assessment again, or check what was written."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlsec.cli import exits
from mlsec.cli.applicability import check_options, describe
from mlsec.cli.assess_options import add_contents, add_rendering, view_of
from mlsec.cli.attestation import add_signing, add_trust

if TYPE_CHECKING:
    from mlsec.render.settings import View


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add ``report`` and ``report verify``."""
    parser = subparsers.add_parser(
        "report",
        help="render a saved assessment again, in any format",
        description="Render a saved assessment again. mlsec report verify checks one.",
        epilog=exits.EPILOG,
    )
    parser.add_argument("assessment", type=Path, metavar="ASSESSMENT", help=_ASSESSMENT_HELP)
    parser.add_argument("-o", "--output", type=Path, metavar="DIR",
                        help="folder for the reports (default: one report, to stdout)")  # fmt: skip
    add_rendering(parser)
    describe(parser)
    parser.set_defaults(run=run)
    checks = subparsers.add_parser(
        "report verify",
        help="check that reports, evidence and signature belong together",
        description="Check that the files of a report are as they were written (SHA256SUMS), assess"
        " the evidence again and compare the assessment and every report byte by byte, and check"
        " who signed. What cannot be checked is said, and the exit code is then 11.",
        epilog=exits.EPILOG,
    )
    checks.add_argument("assessment", type=Path, metavar="ASSESSMENT", help=_ASSESSMENT_HELP)
    checks.add_argument("--evidence", type=Path, metavar="SNAPSHOT",
                        help="its evidence (default: evidence.mlsnap beside it)")  # fmt: skip
    add_trust(checks, "the evidence or the assessment")
    checks.add_argument("--rules", type=Path, action="append", default=[], metavar="DIR",
                        help="your own rules that it was made with; repeatable")  # fmt: skip
    checks.add_argument("--waivers", type=Path, metavar="FILE",
                        help="the waivers that it was made with")  # fmt: skip
    checks.add_argument("--baseline", type=Path, metavar="ASSESSMENT",
                        help="the baseline that it was made with")  # fmt: skip
    add_contents(checks)
    checks.set_defaults(run=_verify)
    signing = subparsers.add_parser(
        "report sign",
        help="sign an assessment and the reports beside it",
        description="Sign an assessment, and the reports that SHA256SUMS lists beside it, as an"
        " in-toto statement in assessment.json.sig. The evidence has a signature of its own: mlsec"
        " snapshot sign.",
        epilog=exits.EPILOG,
    )
    signing.add_argument("assessment", type=Path, metavar="ASSESSMENT", help=_ASSESSMENT_HELP)
    add_signing(signing)
    signing.set_defaults(run=_sign)


_USUAL = ("html", "sarif", "json", "markdown")
_ASSESSMENT_HELP = "assessment.json, or the folder of a scan that holds it"


def run(args: argparse.Namespace) -> int:
    """Render to stdout or into a folder."""
    from mlsec.cli.files import load_assessment

    formats = formats_of(args.format, is_folder=args.output is not None, framework=args.framework)
    check_options("mlsec report", args.given, {"format": {name: name for name in formats}})
    check_folder(args.output)
    assessment = load_assessment(args.assessment)
    show(
        assessment,
        args.output,
        args.format,
        args.sarif_inventory,
        help_base=args.help_base,
        framework=args.framework,
        view=view_of(args),
    )
    return exits.CLEAN


def _verify(args: argparse.Namespace) -> int:
    from mlsec.cli.attestation import check_trust
    from mlsec.cli.report_verify import verify

    check_trust(args)
    return verify(args.assessment, args)


def _sign(args: argparse.Namespace) -> int:
    from mlsec.cli.attestation import load_key, sign_report, stamping
    from mlsec.cli.files import assessment_file
    from mlsec.cli.report_verify import digests_beside

    key, timestamp = load_key(args.key, args.password_env), stamping(args.timestamp_url)
    path = assessment_file(args.assessment)
    sign_report(path, digests_beside(path), key, timestamp)
    return exits.CLEAN


def show(
    assessment: Any,
    folder: Path | None,
    formats: str,
    inventory: str,
    *,
    brief: bool = False,
    help_base: str = "",
    framework: str = "",
    view: View | None = None,
) -> list[Path]:
    """Write the formats asked for into ``folder``, or render one of them to stdout.

    Returns:
        The files written.

    Raises:
        MlsecError: unknown format, more than one for stdout, or a folder that cannot be written.
    """
    from mlsec.cli import console
    from mlsec.render.formats import FORMATS
    from mlsec.render.help_links import HELP_BASE
    from mlsec.render.settings import INVENTORY_FILE, RenderSettings, View
    from mlsec.render.write import write_reports

    chosen = formats_of(formats, is_folder=folder is not None, framework=framework)
    settings = RenderSettings(
        sarif_inventory=inventory or INVENTORY_FILE,
        has_colour=folder is None and console.has_colour(sys.stdout),
        width_chars=console.width_chars() if folder is None else 0,
        is_brief=brief,
        is_verbose=console.is_verbose(),
        help_base=help_base or HELP_BASE,
        framework=framework,
        view=view or View(),
    )
    if folder is not None:
        return list(write_reports(assessment, folder, chosen, settings))
    rendered = FORMATS[chosen[0]].render(assessment, settings)
    for piece in (rendered,) if isinstance(rendered, bytes) else rendered:
        console.write_bytes(piece)
    return []


def check_folder(folder: Path | None) -> None:
    """Refuse the name of a file where a folder for reports is expected.

    Raises:
        UsageError: the name ends as that of a report does, and no folder is called so.
    """
    from mlsec.core.errors import UsageError
    from mlsec.render.formats import FORMATS

    endings = {Path(known.file_name).suffix: name for name, known in reversed([*FORMATS.items()])}
    if folder is not None and folder.suffix in endings and not folder.is_dir():
        raise UsageError(
            f'-o takes a folder, and "{folder}" looks like a file; write -o reports, or'
            f" -f {endings[folder.suffix]} > {folder}"
        )


def written_files(folder: Path, formats: str, framework: str) -> frozenset[str]:
    """Name the files that ``show`` writes into a folder, with the links above resolved."""
    from mlsec.render.write import files_in

    return files_in(folder, formats_of(formats, is_folder=True, framework=framework))


def formats_of(text: str, *, is_folder: bool, framework: str = "") -> list[str]:
    """Take a comma-separated list apart; what is usual when it is empty.

    Raises:
        UsageError: an unknown format, or more than one for stdout.
    """
    from mlsec.core.errors import UsageError
    from mlsec.core.suggestions import did_you_mean
    from mlsec.render.formats import FORMATS

    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in FORMATS:
            suggestion = did_you_mean(name, FORMATS)
            raise UsageError(
                f'unknown format "{name}"{suggestion}',
                hint="" if suggestion else f"one of {', '.join(FORMATS)}",
            )
    if is_folder:
        return names or [*_USUAL, *(("sheet", "csv") if framework else ())]
    if len(names) > 1:
        raise UsageError(
            "only one format goes to stdout", hint="give a folder for several with -o DIR"
        )
    return names or ["csv" if framework else "text"]
