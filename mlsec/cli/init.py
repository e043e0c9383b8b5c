"""``mlsec init``: write an mlsec.yaml for this repository, and on request a schedule."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlsec.cli import console, exits
from mlsec.core.errors import MlsecError

if TYPE_CHECKING:
    from mlsec.cli.config.draft import Draft

SCHEDULES = ("github", "gitlab", "cron")


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "init",
        help="write mlsec.yaml, the settings of a scan, and on request a schedule",
        description="Write mlsec.yaml into the working folder. What can be scanned is looked for:"
        " folders of code and models here, and accounts and clusters that this user is signed in"
        " to; nothing is contacted. On a terminal it asks before it writes. A file that is there is"
        " never changed.",
        epilog=exits.EPILOG,
    )
    parser.add_argument(
        "--schedule", choices=SCHEDULES, metavar="WHERE",
        help="also write a nightly schedule for github, gitlab or cron (default: no schedule)",
    )  # fmt: skip
    parser.add_argument(
        "--schema", action="store_true",
        help="also write mlsec.schema.json, from which an editor completes and checks mlsec.yaml",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the files that are not there yet."""
    from mlsec.cli.config.detect import detect
    from mlsec.cli.config.draft import SCHEMA_FILE, Draft, schedule_of
    from mlsec.cli.config.find import NAME
    from mlsec.core.foreign import refuse_foreign_link

    files: dict[Path, str] = {}
    draft = Draft(found=detect(Path()), has_schema=args.schema)
    if os.path.lexists(NAME):
        if not (args.schedule or args.schema):
            raise MlsecError(
                "there is one already, and it is not changed",
                location=NAME, hint="edit it, or take it away first",
            )  # fmt: skip
        console.note(f"{NAME} is there already and stays as it is")
    else:
        draft = _asked(draft) if sys.stdin.isatty() and sys.stderr.isatty() else draft
        files[Path(NAME)] = draft.text()
    if args.schema:
        from mlsec.cli.config.schema import config_schema

        files[Path(SCHEMA_FILE)] = config_schema().decode()
    if args.schedule:
        path, text = schedule_of(args.schedule, draft)
        files[path] = text
    for path in files:
        refuse_foreign_link(path)
        if os.path.lexists(path):
            raise MlsecError("there is one already, and it is not changed", location=str(path),
                             hint="edit it, or take it away first")  # fmt: skip
    for path, text in files.items():
        _write_new(path, text)
        console.note(f"wrote {path}")
    _say_next(draft)
    return exits.CLEAN


def _asked(draft: Draft) -> Draft:
    """Ask what the file should say; an empty answer takes what is proposed."""
    import msgspec

    from mlsec.cli.assess_options import SEVERITIES

    folders = " ".join(draft.folders())
    answer = console.ask("What is to be scanned, separated by spaces?", folders)
    severity = console.ask("Fail at which severity or a higher one?", draft.fail_on).lower()
    while severity not in SEVERITIES:
        severity = console.ask(f"One of {', '.join(SEVERITIES)}?", draft.fail_on).lower()
    chosen = tuple(answer.split()) if answer != folders else ()
    return msgspec.structs.replace(draft, chosen=chosen, fail_on=severity)


def _write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        reason = error.strerror or str(error)
        raise MlsecError(f"cannot be written: {reason}", location=str(path)) from None


def _say_next(draft: Draft) -> None:
    """Say which command uses the file: one that lies in what is scanned has to be named."""
    console.note(f"next: {draft.command()}")
    for target, name in draft.found.live.items():
        console.note(f"next: {draft.command(name)}   # {target}")
