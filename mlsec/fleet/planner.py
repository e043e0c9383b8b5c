"""A scan from its first unit to its reports: one planner an organisation, which may be killed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.fleet.access import clear_errors, opened_ledger
from mlsec.fleet.config import FleetConfig, config_of, lane_slots
from mlsec.fleet.database import psycopg
from mlsec.fleet.ended import first_units, put_pieces
from mlsec.fleet.engines.base import Engine
from mlsec.fleet.ledger import add_units, set_lanes, sweep
from mlsec.fleet.scans import begin_pass, begin_scan, end_scan, hold_planner, progress, read_scan
from mlsec.fleet.units import Kind, NewUnit, Progress, State
from mlsec.history.place import DatabaseUrl
from mlsec.history.stored_text import as_it_was

if TYPE_CHECKING:
    Ledger = psycopg.Connection[Any]

_POLL_S = 1.0
_AGAIN_S = 5.0
Say = Callable[[Progress], None]


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a scan ended. ``reports`` is where its reports are, "" where it was not judged."""

    progress: Progress
    reports: str
    reason: str = ""


def drive(
    url: DatabaseUrl, config: FleetConfig, engine: Engine, say: Say, stop: threading.Event
) -> Ended | None:
    """Begin a scan, or go on with the one that runs, and end it; None where it is asked to stop.

    A database that is away later is waited for: what was done is in the ledger.

    Raises:
        MlsecError: another planner has the organisation, or the ledger cannot be used.
    """
    with clear_errors(url), engine.opened():
        has_begun = False
        while not stop.is_set():
            try:
                with opened_ledger(url) as ledger:
                    has_begun = True
                    return _drive(ledger, config, engine, say, stop)
            except MlsecError as error:
                if not (has_begun and isinstance(error.__context__, psycopg.OperationalError)):
                    raise
                stop.wait(_AGAIN_S)
    return None


def reopen(url: DatabaseUrl, scan: int) -> FleetConfig:
    """Let a scan that ended be judged again, with its own configuration.

    Raises:
        MlsecError: it runs, or another one of its organisation does; or its shards are gone.
    """
    with opened_ledger(url) as ledger:
        noted = read_scan(ledger, scan)
        config = config_of(noted.config)
        if noted.state == "running":
            raise MlsecError(f"scan {scan} runs and will be judged", hint="mlsec fleet status")
        try:
            ledger.execute(
                "UPDATE mlsec_fleet.scan SET state = 'running', ended_at = NULL WHERE id = %s",
                (scan,),
            )
        except psycopg.errors.UniqueViolation:
            raise MlsecError(
                "another scan of the organisation runs", hint="wait for it, or cancel it"
            ) from None
        ledger.execute("DELETE FROM mlsec_fleet.unit WHERE scan = %s AND kind = 'judge'", (scan,))
        return config


def _drive(
    ledger: Ledger, config: FleetConfig, engine: Engine, say: Say, stop: threading.Event
) -> Ended | None:
    if not hold_planner(ledger, config.organisation):
        raise MlsecError(
            f'another planner drives the scan of "{config.organisation}"',
            hint="mlsec fleet status shows how far it is",
        )
    scan = begin_scan(ledger, config.organisation, config.stored())
    config = config_of(scan.config)  # one that runs goes on as it began
    add_units(ledger, scan.id, first_units(config))
    _set_lanes(ledger, config)
    while not stop.is_set():
        engine.enqueue(sweep(ledger))
        now = progress(ledger, scan.id)
        say(now)
        if now.scan.state == "cancelled":
            return Ended(progress=now, reports="", reason="it was cancelled")
        if now.is_over:
            ended = _go_on(ledger, now, config)
            if ended is not None:
                return ended
        stop.wait(_POLL_S)
    return None


def _go_on(ledger: Ledger, now: Progress, config: FleetConfig) -> Ended | None:
    """Have judged what has ended, or end the scan when that is done."""
    scan = now.scan.id
    row = ledger.execute(
        "SELECT state, coalesce(error, ''), ended_at >= coalesce((SELECT max(ended_at)"
        " FROM mlsec_fleet.unit WHERE scan = %(scan)s AND kind <> 'judge'), ended_at),"
        " pass FROM mlsec_fleet.unit WHERE scan = %(scan)s AND kind = 'judge'"
        " ORDER BY id DESC LIMIT 1",
        {"scan": scan},
    ).fetchone()
    is_newest = row is not None and row[2]
    if row is not None and is_newest:
        if not end_scan(ledger, scan):
            return None
        is_judged = row[0] == State.DONE.value
        ended = msgspec.structs.replace(now, scan=read_scan(ledger, scan))
        return Ended(
            progress=ended,
            reports=config.reports if is_judged else "",
            reason="" if is_judged else f"judging failed: {as_it_was(row[1])}",
        )
    highest = max((count.pass_number for count in now.counts), default=0)
    number = highest + (row is not None and row[3] == highest)
    task = put_pieces(ledger, scan, config)
    begin_pass(ledger, scan, number)
    add_units(ledger, scan, [
        NewUnit(pass_number=number, kind=Kind.JUDGE, scope="organisation", lane="judge", task=task,
                slots=lane_slots(config, "judge"))
    ])  # fmt: skip
    return None


def _set_lanes(ledger: Ledger, config: FleetConfig) -> None:
    """Give lanes that are there from earlier scans the slots of this configuration."""
    names = [as_it_was(row[0]) for row in ledger.execute("SELECT name FROM mlsec_fleet.lane")]
    set_lanes(ledger, {name: lane_slots(config, name) for name in names})
