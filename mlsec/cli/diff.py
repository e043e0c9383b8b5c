"""``mlsec diff``: what changed between two assessments."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlsec.cli import exits

if TYPE_CHECKING:
    from mlsec.core.assessment import Assessment
    from mlsec.history.diff import Changed

_WORDS = {
    "new": "new",
    "regressed": "regressed",
    "fixed": "fixed",
    "not_assessed_now": "not assessed this time",
    "no_longer_seen": "no longer seen",
    "rule_gone": "rule no longer run",
    "unchanged": "unchanged",
}


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "diff",
        help="show what changed between two assessments",
        description="List the failures that are new, regressed, fixed, not assessed this time or no"
        " longer there.",
        epilog="Exit codes: 0 nothing new, 10 new or regressed failures, 11 none, but failures of"
        " OLD could not be assessed in NEW, 2 bad usage or input, 1 a crash of mlsec.",
    )
    parser.add_argument("old", type=Path, metavar="OLD",
                        help="earlier assessment.json, or the folder of its scan")  # fmt: skip
    parser.add_argument("new", type=Path, metavar="NEW",
                        help="later assessment.json, or the folder of its scan")  # fmt: skip
    parser.add_argument("-f", "--format", choices=("text", "json"), default="text",
                        metavar="FORMAT", help="text or json (default text)")  # fmt: skip
    parser.add_argument("--all", action="store_true",
                        help="also list the failures that are unchanged")  # fmt: skip
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List changes; exit 10 when something is new or regressed, 11 when that is not known."""
    from mlsec.cli import console
    from mlsec.cli.files import load_assessment
    from mlsec.core.errors import MlsecError
    from mlsec.core.sanitize import visible
    from mlsec.history.diff import compare

    old, new = load_assessment(args.old), load_assessment(args.new)
    for path, assessment in ((args.old, old), (args.new, new)):
        if assessment.limit is not None:
            raise MlsecError(
                "this assessment is limited to what changed since a git revision",
                hint="compare scans without --changed-since",
                location=str(path),
            )
    if old.scan.targets != new.scan.targets:
        console.note("the two assessments are of different targets")
    # What an exception covers is open in neither: it is no news, and nobody has to act on it.
    changed = [entry for entry in compare(old, new) if entry.finding.waiver is None]
    counts = Counter(entry.change.value for entry in changed)
    if args.format == "json":
        console.write_bytes(_document(old, new, changed, counts))
        return _code(counts)
    for change, words in _WORDS.items():
        if change == "unchanged" and not args.all:
            continue
        for entry in changed:
            if entry.change.value == change:
                finding = entry.finding
                where = visible(finding.resource.id)
                console.out(f"{words}[{finding.rule}] {finding.severity.value}: {where}")
    parts = [f"{counts[change]} {words}" for change, words in _WORDS.items() if counts[change]]
    console.out(", ".join(parts) or "no failures in either")
    return _code(counts)


def _code(counts: Counter[str]) -> int:
    if counts["new"] or counts["regressed"]:
        return exits.FINDINGS
    return exits.INCOMPLETE if counts["not_assessed_now"] else exits.CLEAN


def _document(
    old: Assessment, new: Assessment, changed: Sequence[Changed], counts: Counter[str]
) -> bytes:
    """Give the counts, and every failure with its change, in the order of the assessments."""
    import msgspec

    from mlsec.render.display import masked

    document = {
        "schema": "mlsec/diff/1",
        "old": {"targets": old.scan.targets, "finished_at": old.scan.finished_at},
        "new": {"targets": new.scan.targets, "finished_at": new.scan.finished_at},
        "counts": {change: counts[change] for change in _WORDS},
        "failures": [
            {
                "change": entry.change.value,
                "fingerprint": entry.finding.fingerprint,
                "rule": entry.finding.rule,
                "severity": entry.finding.severity.value,
                "resource": entry.finding.resource,
                "message": entry.finding.message,
            }
            for entry in changed
        ],
    }
    encoded = msgspec.json.encode(document, order="deterministic")
    return masked(msgspec.json.format(encoded, indent=1)) + b"\n"
