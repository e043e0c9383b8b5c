"""``mlsec fleet run``, ``judge`` and ``worker``: the processes of a fleet."""

from __future__ import annotations

import argparse
import signal
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from mlsec.cli import console, exits
from mlsec.cli.fleet_status import head
from mlsec.cli.fleet_words import counted
from mlsec.core.errors import MlsecError
from mlsec.fleet.access import chosen_scan, database_url, opened_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlsec.fleet.config import FleetConfig
    from mlsec.fleet.planner import Ended
    from mlsec.fleet.reports import Result
    from mlsec.fleet.units import Progress
    from mlsec.history.place import DatabaseUrl


def run(args: argparse.Namespace) -> int:
    """Drive a scan to its reports; exit as ``mlsec scan``, and 11 where a unit was not done."""
    from mlsec.fleet.config import read_config, salt_of_organisation

    config = read_config(args.config)
    salt_of_organisation()
    return _drive(config, config.database_url, args.workers)


def judge(args: argparse.Namespace) -> int:
    """Judge an ended scan again."""
    from mlsec.fleet.planner import reopen

    url = database_url(args.database)
    with opened_ledger(url) as ledger:
        scan = chosen_scan(ledger, args.organisation, args.scan)
    return _drive(reopen(url, scan.id), url, 0)


def worker(args: argparse.Namespace) -> int:
    """Collect units until asked to stop."""
    from mlsec.fleet.config import salt_of_organisation
    from mlsec.fleet.engines.procrastinate import COLLECT, ProcrastinateEngine
    from mlsec.fleet.serving import serve
    from mlsec.fleet.worker import Worker

    url = database_url(args.database)
    salt_of_organisation()
    with opened_ledger(url):
        pass  # it is there, and this version can use it
    _pass_on(url)
    stop = threading.Event()
    with _stopping(stop):
        console.note(f"collecting for {url}, {args.concurrency} at once")
        serve(ProcrastinateEngine(url, (COLLECT,)), Worker(url), args.concurrency, stop)
    console.note("stopped; what was not done waits for another worker")
    return exits.CLEAN


def _drive(config: FleetConfig, url: DatabaseUrl, workers: int) -> int:
    from mlsec.fleet.engines.procrastinate import COLLECT, JUDGE, ProcrastinateEngine
    from mlsec.fleet.planner import drive
    from mlsec.fleet.serving import serve
    from mlsec.fleet.worker import Worker, WorkerSettings

    with opened_ledger(url):
        pass
    _pass_on(url)
    stop, settings = threading.Event(), WorkerSettings(lease_s=config.lease)
    with _stopping(stop), ExitStack() as stack:
        is_over = stack.enter_context(_over())
        for queue, concurrency in ((JUDGE, 1), (COLLECT, workers)):
            if concurrency:
                engine = ProcrastinateEngine(url, (queue,))
                own = (engine, Worker(url, settings), concurrency, is_over)
                thread = threading.Thread(target=serve, args=own)
                thread.start()
                stack.callback(thread.join)
        stack.callback(is_over.set)
        with _shown() as say:
            ended = drive(url, config, ProcrastinateEngine(url), say, stop)
    return _said(ended)


def _said(ended: Ended | None) -> int:
    if ended is None:
        console.note("stopped; mlsec fleet run goes on with the scan")
        return exits.INTERRUPTED
    from mlsec.fleet.reports import result_of
    from mlsec.fleet.units import State

    for line in head(ended.progress):
        console.note(line)
    if not ended.reports:
        raise MlsecError(
            f"scan {ended.progress.scan.id} has no report: {ended.reason}",
            hint="mlsec fleet status --why says more; mlsec fleet judge judges it again",
        )
    console.note(f"wrote {ended.reports}")
    result = result_of(ended.reports)
    undone = ended.progress.units(State.GAP, State.QUARANTINED, State.CANCELLED)
    for line in _result(result, undone):
        console.note(line)
    code = exits.of_gate(result.gate.result.value)
    return exits.INCOMPLETE if undone and code == exits.CLEAN else code


def _result(result: Result, undone: int) -> Iterator[str]:
    """Say what changed since the night before, and why the exit code is what it is."""
    from mlsec.core.changes import CHANGE_WORDS, day_of
    from mlsec.core.gate_result import Gate

    gate, since = result.gate, result.changes
    if since is not None and since.since:
        numbers = ((getattr(since, change.value), word) for change, word in CHANGE_WORDS.items())
        parts = [f"{number:,} {word}" for number, word in numbers if number]
        day = day_of(since.since, since.until)
        yield f"changes: {', '.join(parts) or 'nothing is new or fixed'} since {day}"
    seen = f"{gate.assessed_percent:g}% of the checks could be assessed"
    if gate.result is Gate.FINDINGS:
        number = counted(len(gate.findings), "finding")
        yield f"failed (exit 10): {number} at or above {result.scan.fail_on}; {seen}"
    elif gate.result is Gate.CLEAN and not undone:
        has_checks = gate.assessed_percent or gate.unread
        yield f"clean (exit 0): {seen if has_checks else 'there was nothing to assess'}"
    else:
        parts = [seen, *([f"{counted(gate.unread, 'check')} could not"] if gate.unread else [])]
        parts += [f"{counted(undone, 'unit')} not done"] if undone else []
        listings = counted(gate.incomplete_listings, "listing")
        parts += [f"{listings} may hold more than was seen"] if gate.incomplete_listings else []
        yield f"incomplete (exit 11): {', '.join(parts)}"


class _Shown:
    """Says how far a scan is: on a terminal at once, else each ten seconds."""

    def __init__(self) -> None:
        self.progress = console.Progress()

    def __call__(self, now: Progress) -> None:
        from mlsec.fleet.units import ENDED, State

        running = now.units(State.RUNNING)
        what = f"pass {now.scan.pass_number}, {running} running; units ended"
        self.progress(what, now.units(*ENDED), now.units())


@contextmanager
def _shown() -> Iterator[_Shown]:
    shown = _Shown()
    try:
        yield shown
    finally:
        shown.progress.close()


@contextmanager
def _over() -> Iterator[threading.Event]:
    """Give an event that is set in any case, so that no thread is waited for in vain."""
    event = threading.Event()
    try:
        yield event
    finally:
        event.set()


@contextmanager
def _stopping(stop: threading.Event) -> Iterator[None]:
    """Let SIGTERM and SIGINT ask for the end instead of interrupting."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _pass_on(url: DatabaseUrl) -> None:
    """Give the address to the units that judge; those that collect do not get it."""
    import os

    from mlsec.fleet.worker import DATABASE_VARIABLE

    os.environ[DATABASE_VARIABLE] = url.url
