"""``mlsec diff``: what changed between two assessments."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from mlsec.cli import exits

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
    changed = compare(old, new)
    counts = Counter(entry.change.value for entry in changed)
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
    if counts["new"] or counts["regressed"]:
        return exits.FINDINGS
    return exits.INCOMPLETE if counts["not_assessed_now"] else exits.CLEAN
