"""``mlsec fleet status``: how far a scan is, what it waits for, and what it cannot read."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mlsec.cli import console, exits
from mlsec.cli.fleet_words import counted, duration, size
from mlsec.core.sanitize import visible

if TYPE_CHECKING:
    from mlsec.fleet.stuck import Stuck
    from mlsec.fleet.units import Lane, Progress, Trouble

_SHOWN = 5
_TEXT_CHARS = 300


def status(args: argparse.Namespace) -> int:
    """Show a scan, or write its figures."""
    from mlsec.fleet.access import chosen_scan, database_url, opened_ledger
    from mlsec.fleet.openmetrics import render_openmetrics
    from mlsec.fleet.scans import lanes, progress, troubles
    from mlsec.fleet.stuck import stuck_units

    with opened_ledger(database_url(args.database)) as ledger:
        scan = chosen_scan(ledger, args.organisation, args.scan)
        now, queues = progress(ledger, scan.id), lanes(ledger, scan.id)
        stuck = stuck_units(ledger, scan.id)
        undone = troubles(ledger, scan.id, None if args.why else _SHOWN + 1)
    if args.openmetrics:
        console.out(render_openmetrics(now, queues, len(stuck)))
        return exits.CLEAN
    lines = [*head(now), *_passes(now), *_lanes(queues), *_stuck(stuck)]
    lines += _undone(undone, now, is_whole=args.why)
    console.out("\n".join(lines))
    return exits.CLEAN


def head(now: Progress) -> Iterator[str]:
    """Say in two or three lines how far a scan is."""
    from mlsec.fleet.units import State

    scan = now.scan
    ended = scan.ended_at or now.at
    took = duration((ended - scan.started_at).total_seconds())
    yield (
        f"{visible(scan.organisation)}, scan {scan.id}: {scan.state}, pass {scan.pass_number},"
        f" began {scan.started_at:%Y-%m-%d %H:%M} ({took}{' ago' if scan.ended_at is None else ''})"
    )
    undone = now.units(State.GAP, State.QUARANTINED, State.CANCELLED)
    parts = [f"{now.units(State.DONE):,} of {counted(now.units(), 'unit')} done"]
    parts += [f"{undone:,} not assessed"] if undone else []
    waits = now.units(State.WAITING, State.QUEUED)
    running = now.units(State.RUNNING)
    parts += [f"{running:,} running"] if running else []
    parts += [f"{waits:,} waiting"] if waits else []
    calls = sum(count.calls for count in now.counts)
    cpu_s = sum(count.cpu_ms for count in now.counts) / 1000
    peak = max((count.peak_bytes for count in now.counts), default=0)
    yield (
        f"{', '.join(parts)}; {counted(calls, 'call')}, {duration(cpu_s)} of CPU, at most"
        f" {size(peak)} a unit"
    )
    if scan.state == "running" and not now.is_over:
        left = now.seconds_left
        yield (
            "no unit has ended in the last minutes: the time left is not known"
            if left is None
            else f"about {duration(left)} left for the units that are known"
        )


def _passes(now: Progress) -> Iterator[str]:
    by_kind: dict[tuple[int, str], list[str]] = {}
    for count in now.counts:
        words = by_kind.setdefault((count.pass_number, count.kind.value), [])
        words.append(f"{count.units:,} {count.state.value}")
    for (number, kind), words in by_kind.items():
        yield f"  pass {number}  {kind:<9} {', '.join(words)}"


def _lanes(queues: Iterable[Lane]) -> Iterator[str]:
    full = [lane for lane in queues if lane.waiting]
    if full:
        yield "lanes in which units wait for a slot:"
    for lane in full[:_SHOWN]:
        yield (
            f"  {visible(lane.name, 100)}: {lane.busy:,} of {counted(lane.slots, 'slot')} in use,"
            f" {lane.waiting:,} waiting"
        )
    if len(full) > _SHOWN:
        yield f"  and {len(full) - _SHOWN:,} more"


def _stuck(stuck: Iterable[Stuck]) -> Iterator[str]:
    known = list(stuck)
    if known:
        yield "units that do not come on:"
    for unit in known[:_SHOWN]:
        name = f"  unit {unit.unit} {visible(unit.scope, 120)}"
        if unit.state == "running":
            yield f"{name}: runs for {duration(unit.seconds)} on {visible(unit.worker, 80)}"
        else:
            tries = [f"failed {counted(unit.failures, 'time')}"] if unit.failures else []
            tries += [f"crashed {counted(unit.crashes, 'time')}"] if unit.crashes else []
            yield f"{name}: {', '.join(tries)}, {unit.state}; {_said(unit.error)}"
    if len(known) > _SHOWN:
        yield f"  and {len(known) - _SHOWN:,} more"


def _undone(units: Iterable[Trouble], now: Progress, *, is_whole: bool) -> Iterator[str]:
    from mlsec.fleet.units import State

    known = [unit for unit in units if is_whole or unit.state is not State.WAITING]
    if known:
        yield "not assessed:"
    for unit in known if is_whole else known[:_SHOWN]:
        why = unit.error_class or unit.state.value
        grant = f"; grant {visible(unit.missing_right, 200)}" if unit.missing_right else ""
        name = f"  unit {unit.unit} {visible(unit.scope, 120)}"
        yield f"{name}: {unit.state.value}, {why}{grant}"
        if is_whole and unit.error:
            yield f"    {_said(unit.error)}"
    if not is_whole and len(known) > _SHOWN:
        yield "  and more: mlsec fleet status --why lists them"
    if not is_whole and now.errors:
        words = ", ".join(f"{number:,} {name}" for name, number in now.errors.items())
        yield f"errors: {words} (mlsec fleet retry --class CLASS tries them again)"


def _said(text: str) -> str:
    return visible(" ".join(text.split()), _TEXT_CHARS)
