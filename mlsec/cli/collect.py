"""``mlsec collect``: take evidence only, to be judged later or elsewhere."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mlsec.cli import console, exits
from mlsec.cli.applicability import describe
from mlsec.cli.collect_options import add_collecting, check_targets, collect_settings, reading_ahead
from mlsec.cli.config.apply import configured, print_config
from mlsec.cli.config.options import add_configuration
from mlsec.cli.target import TARGET_HELP, check_is_named, doubts_about, is_evidence
from mlsec.core.errors import MlsecError


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "collect",
        help="collect evidence into a snapshot, to be assessed later or elsewhere",
        description=f"Collect evidence from the targets into one snapshot file. {TARGET_HELP}"
        " A credential plugin that the kubeconfig names is run, as kubectl does.",
        epilog=exits.EPILOG,
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET",
                        help="what to collect from, see above")  # fmt: skip
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="SNAPSHOT",
                        help="snapshot file to write, such as NAME.mlsnap")  # fmt: skip
    parser.add_argument("--sign-key", type=Path, metavar="PRIVATE_KEY",
                        help="sign the snapshot with this Ed25519 key (PEM)")  # fmt: skip
    add_collecting(parser)
    add_configuration(parser)
    describe(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Collect; exit 11 when something could not be read, or a target holds nothing."""
    from mlsec import pipeline
    from mlsec.cli.memory import use_few_arenas
    from mlsec.core.content_paths import content_folder
    from mlsec.vocabulary.load import load_vocabulary

    args = configured(args)
    if args.print_config:
        return print_config(args)
    check_is_named(args.targets)
    use_few_arenas()
    for target in args.targets:
        if is_evidence(target):
            raise MlsecError(f'"{target}" is a snapshot already', hint=f"mlsec scan {target}")
    check_targets("mlsec collect", args)
    for doubt in doubts_about(args.targets):
        console.note(doubt)
    key = _signing_key(args.sign_key)
    vocabulary = load_vocabulary(content_folder("rules") / "vocabulary")
    progress = console.Progress()
    try:
        with reading_ahead(args):
            pipeline.collect(
                tuple(args.targets),
                args.output,
                collect_settings(args, vocabulary),
                resume=args.resume,
                say=progress,
            )
    except KeyboardInterrupt:
        raise KeyboardInterrupt("what was answered is kept; go on with --resume") from None
    finally:
        progress.close()
    is_whole = _is_whole(args.output)
    if key is not None:
        from mlsec.cli.attestation import sign_evidence

        sign_evidence(args.output, key)
    return exits.CLEAN if is_whole else exits.INCOMPLETE


def _is_whole(path: Path) -> bool:
    """Say what was collected, and whether nothing is missing."""
    from mlsec.model_files.evidence import read_listings
    from mlsec.snapshot.evidence import open_evidence
    from mlsec.snapshot.records import CallStatus

    with open_evidence(path) as snapshot:
        calls = list(snapshot.calls())
        listings = read_listings(snapshot)
    failed = sum(1 for call in calls if call.status is CallStatus.GAP or call.reason)
    unread = sum(listing.unread for listing in listings)
    console.note(f"wrote {path}: {len(calls)} calls, {failed} of them not answered in full")
    if unread:
        console.note(f"{unread} files or folders could not be read")
    empty = [listing.target for listing in listings if listing.is_empty]
    for target in empty:
        console.note(f"{target}: no file there, or only empty ones, so nothing to assess (exit 11)")
    return not (failed or unread or empty)


def _signing_key(path: Path | None) -> Any:
    """Refuse a key that cannot sign before a long collection, not after it."""
    if path is None:
        return None
    from mlsec.cli.attestation import load_key

    return load_key(path)
