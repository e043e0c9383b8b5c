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
    parser = subparsers.add_parser("diff", help="what changed between two assessments")
    parser.add_argument("old", type=Path, metavar="OLD", help="assessment.json or scan folder")
    parser.add_argument("new", type=Path, metavar="NEW", help="assessment.json or scan folder")
    parser.add_argument("--all", action="store_true", help="list the unchanged ones too")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List changes; exit 10 when something is new or regressed."""
    from mlsec.cli import console
    from mlsec.cli.files import load_assessment
    from mlsec.core.errors import MlsecError
    from mlsec.core.sanitize import visible
    from mlsec.history.diff import compare

    old, new = load_assessment(args.old), load_assessment(args.new)
    if old.limit is not None or new.limit is not None:
        raise MlsecError("one of them shows only what changed", hint="compare whole scans")
    found = compare(old, new)
    counts = Counter(each.change.value for each in found)
    for change, words in _WORDS.items():
        if change == "unchanged" and not args.all:
            continue
        for each in found:
            if each.change.value == change:
                finding = each.finding
                where = visible(finding.resource.id)
                console.out(f"{words}[{finding.rule}] {finding.severity.value}: {where}")
    said = [f"{counts[change]} {words}" for change, words in _WORDS.items() if counts[change]]
    console.out(", ".join(said) or "no failures in either")
    return exits.FINDINGS if counts["new"] or counts["regressed"] else exits.CLEAN
