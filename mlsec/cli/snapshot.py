"""``mlsec snapshot``: look at the evidence, check it, turn it into readable files and back."""

from __future__ import annotations

import argparse
import stat
from collections import Counter
from pathlib import Path
from typing import Any

from mlsec.cli import console, exits
from mlsec.cli.attestation import add_signing, add_trust


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add ``snapshot`` and its own commands."""
    parser = subparsers.add_parser(
        "snapshot",
        help="show, verify, sign, export or import evidence",
        description="Work with the evidence that mlsec collect or mlsec scan -o wrote.",
        epilog=exits.EPILOG,
    )
    below = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    show = _add(below, "show", _show, "show the calls that were made, and how they ended")
    _add_snapshot(show, is_folder_allowed=True)
    show.add_argument("--gaps", action="store_true",
                      help="also list every call that was not answered in full")  # fmt: skip
    verify = _add(below, "verify", _verify, "check that nothing is missing or changed (the seal)")
    _add_snapshot(verify, is_folder_allowed=True)
    add_trust(verify, "the snapshot")
    sign = _add(below, "sign", _sign, "sign the snapshot as an in-toto statement in SNAPSHOT.sig")
    _add_snapshot(sign, is_folder_allowed=True)
    add_signing(sign)
    export = _add(below, "export", _export, "write the snapshot as a folder of JSON Lines")
    _add_snapshot(export)
    export.add_argument("-o", "--output", type=Path, required=True, metavar="DIR",
                        help="folder to write")  # fmt: skip
    back = _add(below, "import", _import, "turn a folder of JSON Lines back into a snapshot")
    back.add_argument("folder", type=Path, metavar="DIR", help="folder that export wrote")
    back.add_argument("-o", "--output", type=Path, required=True, metavar="SNAPSHOT",
                      help="snapshot file to write, such as NAME.mlsnap")  # fmt: skip


def _add(
    below: argparse._SubParsersAction[Any], name: str, action: Any, about: str
) -> argparse.ArgumentParser:
    description = f"{about[0].upper()}{about[1:]}."
    parser: argparse.ArgumentParser = below.add_parser(
        name, help=about, description=description, epilog=exits.EPILOG
    )
    parser.set_defaults(run=action)
    return parser


def _add_snapshot(parser: argparse.ArgumentParser, *, is_folder_allowed: bool = False) -> None:
    form = ", or its readable form in a folder" if is_folder_allowed else ""
    parser.add_argument("snapshot", type=Path, metavar="SNAPSHOT", help=f"snapshot file{form}")


def _show(args: argparse.Namespace) -> int:
    from mlsec.core.sanitize import visible
    from mlsec.snapshot.evidence import open_evidence
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
    from mlsec.cli.attestation import check_trust
    from mlsec.cli.files import mode_of
    from mlsec.core.errors import MlsecError
    from mlsec.snapshot.evidence import open_evidence

    check_trust(args)
    if args.key is None and stat.S_ISDIR(mode_of(args.snapshot)):
        raise MlsecError(
            "a folder of JSON Lines has no seal, so nothing says what it held",
            hint="verify the snapshot file, or give the --key that signed it",
            location=str(args.snapshot),
        )
    with open_evidence(args.snapshot) as snapshot:
        seal = snapshot.seal()
    lines = [f"whole and unchanged: {seal}"]
    unchecked: list[str] = []
    if args.key is not None:
        from mlsec.cli.attestation import check_evidence_signature, said_of, unchecked_time

        signed = check_evidence_signature(args.snapshot, seal, args.key, args.timestamp_root)
        lines.append(said_of(signed))
        unchecked += unchecked_time(signed, args.timestamp_root)
    console.out("\n".join(lines))
    for reason in unchecked:
        console.note(f"not checked: {reason}")
    if not unchecked:
        return exits.CLEAN
    console.note("incomplete (exit 11)")
    return exits.INCOMPLETE


def _sign(args: argparse.Namespace) -> int:
    from mlsec.cli.attestation import load_key, sign_evidence, stamping

    key = load_key(args.key, args.password_env)
    sign_evidence(args.snapshot, key, stamping(args.timestamp_url))
    return exits.CLEAN


def _export(args: argparse.Namespace) -> int:
    from mlsec.snapshot.folder import export_folder
    from mlsec.snapshot.store import Snapshot

    with Snapshot.open(args.snapshot) as snapshot:
        snapshot.check_payloads()
        export_folder(snapshot, args.output)
    console.note(f"wrote {args.output}")
    return exits.CLEAN


def _import(args: argparse.Namespace) -> int:
    from mlsec.snapshot.folder import import_folder

    import_folder(args.folder, args.output)
    console.note(f"wrote {args.output}")
    return exits.CLEAN
