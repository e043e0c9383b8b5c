"""``mlsec snapshot``: look at the evidence, check it, turn it into readable files and back."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from mlsec.cli import console, exits


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add ``snapshot`` and its own commands."""
    parser = subparsers.add_parser("snapshot", help="show, verify, export or import evidence")
    found = parser.add_subparsers(metavar="WHAT", required=True)
    show = _add(found, "show", _show, "what was asked, and how it ended")
    show.add_argument("snapshot", type=Path, metavar="SNAPSHOT")
    show.add_argument("--gaps", action="store_true", help="list every call that was not answered")
    verify = _add(found, "verify", _verify, "check the seal: nothing missing, nothing changed")
    verify.add_argument("snapshot", type=Path, metavar="SNAPSHOT")
    export = _add(found, "export", _export, "write it as a folder of JSON Lines")
    export.add_argument("snapshot", type=Path, metavar="SNAPSHOT")
    export.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    back = _add(found, "import", _import, "read such a folder back into a snapshot")
    back.add_argument("folder", type=Path, metavar="DIR")
    back.add_argument("-o", "--output", type=Path, required=True, metavar="SNAPSHOT")


def _add(
    found: argparse._SubParsersAction[Any], name: str, action: Any, about: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = found.add_parser(name, help=about, description=about)
    parser.set_defaults(run=action)
    return parser


def _show(args: argparse.Namespace) -> int:
    from mlsec.core.text import visible
    from mlsec.pipeline import open_evidence
    from mlsec.snapshot.records import CallStatus

    with open_evidence(args.snapshot) as snapshot:
        calls = list(snapshot.calls())
        for name, value in [*snapshot.meta().items(), *snapshot.clock().items()]:
            console.out(f"{name}: {visible(value, 200)}")
    ends = Counter(call.status.value for call in calls)
    console.out("calls: " + ", ".join(f"{n} {status}" for status, n in sorted(ends.items())))
    per_operation = Counter((call.service, call.operation) for call in calls)
    for (service, operation), count in sorted(per_operation.items()):
        console.out(f"  {count:>6}  {service}:{operation}")
    for call in calls if args.gaps else ():
        if call.status is CallStatus.GAP or call.reason:
            place = f"{call.scope}/{call.region} {call.service}:{call.operation} {call.params}"
            console.out(f"not read ({call.reason}): {visible(place, 300)} {visible(call.detail)}")
    return exits.CLEAN


def _verify(args: argparse.Namespace) -> int:
    from mlsec.pipeline import open_evidence
    from mlsec.snapshot.seal import verify

    with open_evidence(args.snapshot) as snapshot:
        verify(snapshot)
        console.out(f"whole and unchanged: {snapshot.seal()}")
    return exits.CLEAN


def _export(args: argparse.Namespace) -> int:
    from mlsec.snapshot.folder import export_folder
    from mlsec.snapshot.store import Snapshot

    with Snapshot.open(args.snapshot) as snapshot:
        export_folder(snapshot, args.output)
    console.note(f"wrote {args.output}")
    return exits.CLEAN


def _import(args: argparse.Namespace) -> int:
    from mlsec.snapshot.folder import import_folder

    import_folder(args.folder, args.output)
    console.note(f"wrote {args.output}")
    return exits.CLEAN
