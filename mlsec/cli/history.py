"""``mlsec history``: past scans of the same targets, and since when every failure is open."""

from __future__ import annotations

import argparse
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlsec.cli import console, exits
from mlsec.core.errors import MlsecError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlsec.history.queries import PastScan, State

_COLUMNS = (
    ("new", "new"),
    ("regressed", "regressed"),
    ("fixed", "fixed"),
    ("unchanged", "unchanged"),
    ("no_longer_seen", "gone"),
    ("not_assessed_now", "not assessed"),
    ("rule_gone", "rule gone"),
)


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "history",
        help="show past scans and the trend of their failures",
        description="Show the scans that mlsec scan --history FILE recorded, with counts of"
        " failures. Regressed: it was fixed or passed before. Gone: its resource no longer exists."
        " Not assessed: the scan could not read what it needed.",
        epilog=exits.EPILOG,
    )
    parser.add_argument("history", type=Path, metavar="FILE",
                        help="history that mlsec scan --history wrote")  # fmt: skip
    parser.add_argument("--open", action="store_true",
                        help="also list the failures that are open, oldest first")  # fmt: skip
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print one table for each set of targets."""
    from mlsec.history.store import History

    with History(args.history) as history:
        scans, failures = history.scans(), history.open_failures()
    if not scans:
        raise MlsecError(
            "no scan is recorded in this history",
            hint="mlsec scan TARGET --history FILE records one",
            location=str(args.history),
        )
    for targets, group in groupby(scans, key=lambda scan: scan.targets):
        _print_trend(targets, list(group))
    when = {scan.id: scan.finished_at for scan in scans}
    are_open = "failure is open" if len(failures) == 1 else "failures are open"
    console.out(f"{len(failures)} {are_open}{_oldest(failures, when)}")
    for state in failures if args.open else ():
        console.out(_line(state, when))
    return exits.CLEAN


def summary(scan: PastScan) -> str:
    """Say in one line what a scan changed."""
    said = [f"{scan.changes[name]} {word}" for name, word in _COLUMNS if scan.changes.get(name)]
    return ", ".join(said) or "no failures, now or before"


def _print_trend(targets: Sequence[str], scans: list[PastScan]) -> None:
    from mlsec.core.sanitize import visible

    head = ("scan", "finished", "failed", "passed", "unread", *(word for _, word in _COLUMNS))
    rows = [head]
    for scan in scans:
        counts = (str(scan.changes.get(name, 0)) for name, _ in _COLUMNS)
        rows.append(
            (str(scan.id), visible(scan.finished_at, 25), str(scan.failed), str(scan.passed),
             str(scan.not_assessed), *counts)
        )  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    console.out(visible(", ".join(targets), 600) or "no targets")
    for row in rows:
        console.out("  " + "  ".join(t.rjust(w) for t, w in zip(row, widths, strict=True)))


def _oldest(failures: list[State], when: Mapping[int, str]) -> str:
    from mlsec.core.sanitize import visible

    if not failures:
        return ""
    return f"; the oldest since the scan of {visible(when[failures[0].first_scan], 25)}"


def _line(state: State, when: Mapping[int, str]) -> str:
    from mlsec.core.sanitize import visible

    finding = state.finding
    since = f"since {when[state.first_scan]}"
    unseen = "" if state.state == "fail" else f", not assessed since {when[state.changed_scan]}"
    where = visible(finding.resource.id, 300)
    return f"{finding.severity.value}[{finding.rule}] {visible(since + unseen, 80)}: {where}"
