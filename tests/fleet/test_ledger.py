"""The ledger: each unit ends once, a lane is never exceeded, and nothing that fails is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from mlsec.core.errors import MlsecError
from mlsec.fleet.database import connect
from mlsec.fleet.ledger import add_units, claim, commit, fail, release, renew, set_lanes, sweep
from mlsec.fleet.scans import (
    begin_scan,
    cancel,
    end_scan,
    hold_planner,
    lanes,
    progress,
    retry,
    running_scan,
    shards,
    troubles,
)
from mlsec.fleet.units import ErrorClass, Figures, Kind, Outcome, State
from mlsec.history.place import DatabaseUrl
from tests.fleet.scenes import SHARD, scan_of, unit

Ledger = psycopg.Connection[Any]
CRASH = Outcome(error_class=ErrorClass.CRASH, error="killed by signal 9")


def state_of(ledger: Ledger, number: int) -> State:
    row = ledger.execute("SELECT state FROM mlsec_fleet.unit WHERE id = %s", (number,)).fetchone()
    assert row
    return State(row[0])


def lapse(ledger: Ledger) -> None:
    ledger.execute("UPDATE mlsec_fleet.unit SET lease_until = now() - interval '1 second'")


def test_a_unit_is_added_once_and_its_names_come_back_as_they_were(ledger: Ledger) -> None:
    hostile = "a\x00b\ud800'; DROP TABLE unit; --"
    scan = scan_of(ledger, unit(hostile, lane=hostile, task={hostile: [hostile, 1.5, None]}))
    assert add_units(ledger, scan.id, [unit(hostile, lane=hostile), unit("other")]) == 1
    [first, _] = sorted(release(ledger))
    got = claim(ledger, first, "worker", 30)
    assert got is not None
    assert (got.scope, got.lane) == (hostile, hostile)
    assert got.task == {hostile: [hostile, 1.5, None]}
    with pytest.raises(MlsecError, match="scope has more than 2000 bytes"):
        add_units(ledger, scan.id, [unit("x" * 2_001)])


def test_a_lane_is_filled_and_never_exceeded_and_its_largest_unit_is_first(ledger: Ledger) -> None:
    scan = scan_of(ledger, *(unit(f"{n}", weight=n) for n in range(5)), unit("x", lane="other"))
    queued = release(ledger)
    assert len(queued) == 3
    assert release(ledger) == []
    first = claim(ledger, queued[0], "w", 30)
    assert first
    scopes = {c.scope for c in [first, *(claim(ledger, q, "w", 30) for q in queued[1:])] if c}
    assert scopes == {"4", "3", "x"}
    assert commit(ledger, first.unit, first.attempt, SHARD)
    [following] = release(ledger, first.lane)
    assert following not in queued
    assert next((lane.name, lane.busy, lane.waiting) for lane in lanes(ledger, scan.id)) == (
        "lane", 2, 2,
    )  # fmt: skip


def test_a_lane_may_be_widened_and_narrowed(ledger: Ledger) -> None:
    scan_of(ledger, *(unit(f"{n}") for n in range(9)))
    assert len(release(ledger)) == 2
    set_lanes(ledger, {"lane": 4, "unused": 1})
    running = [c for q in release(ledger) if (c := claim(ledger, q, "w", 30))]
    assert len(running) == 2
    set_lanes(ledger, {"lane": 1})
    for each in running:
        assert commit(ledger, each.unit, each.attempt, SHARD)
    assert release(ledger) == []


def test_many_who_release_at_once_give_no_slot_twice(url: DatabaseUrl, ledger: Ledger) -> None:
    scan_of(ledger, *(unit(f"{n}", lane=f"{n % 3}", slots=5) for n in range(60)))

    def work(number: int) -> int:
        done = 0
        with connect(url) as connection:
            for _ in range(200):
                for each in release(connection, f"{number % 3}"):
                    got = claim(connection, each, f"{number}", 30)
                    assert got
                    held = connection.execute(
                        "SELECT lane, count(*) FROM mlsec_fleet.unit"
                        " WHERE state IN ('queued', 'running') GROUP BY lane"
                    ).fetchall()
                    assert max(count for _, count in held) <= 5
                    done += commit(connection, each, got.attempt, SHARD)
        return done

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(work, range(6))) == 60


def test_of_two_who_claim_one_begins(ledger: Ledger) -> None:
    scan_of(ledger, unit("a"))
    [only] = release(ledger)
    assert claim(ledger, only, "one", 30)
    assert claim(ledger, only, "two", 30) is None


def test_what_an_older_attempt_says_does_not_count(ledger: Ledger) -> None:
    scan = scan_of(ledger, unit("a"))
    [only] = release(ledger)
    frozen = claim(ledger, only, "frozen", 30)
    assert frozen
    assert renew(ledger, only, frozen.attempt, 30)
    lapse(ledger)
    assert sweep(ledger) == [only]
    second = claim(ledger, only, "second", 30)
    assert second
    assert second.attempt == frozen.attempt + 1
    late = Outcome(shard="late", digest="late", new_units=(unit("never"),))
    assert not renew(ledger, only, frozen.attempt, 30)
    assert not commit(ledger, only, frozen.attempt, late)
    assert not fail(ledger, only, frozen.attempt, CRASH, is_final=True)
    assert commit(ledger, only, second.attempt, SHARD)
    assert commit(ledger, only, second.attempt, SHARD), "asked again after a lost answer"
    assert not commit(ledger, only, frozen.attempt, late)
    assert [shard.shard for shard in shards(ledger, scan.id)] == ["1/1/1"]
    assert progress(ledger, scan.id).units() == 1


def test_units_that_follow_come_with_the_commit_or_not_at_all(ledger: Ledger) -> None:
    scan = scan_of(ledger, unit("a", kind=Kind.DISCOVER))
    [only] = release(ledger)
    got = claim(ledger, only, "w", 30)
    assert got
    bad = Outcome(shard="s", digest="d", new_units=(unit("b"), unit("x" * 3_000)))
    with pytest.raises(MlsecError):
        commit(ledger, only, got.attempt, bad)
    assert state_of(ledger, only) is State.RUNNING
    assert progress(ledger, scan.id).units() == 1
    good = Outcome(shard="s", digest="d", new_units=(unit("b"), unit("c")))
    assert commit(ledger, only, got.attempt, good)
    assert progress(ledger, scan.id).units(State.WAITING) == 2


def test_the_second_crash_quarantines_and_the_slot_is_free(ledger: Ledger) -> None:
    scan = scan_of(ledger, unit("poison", slots=1), unit("next", slots=1))
    [poison] = release(ledger)
    first = claim(ledger, poison, "w", 30)
    assert first
    assert fail(ledger, poison, first.attempt, CRASH, is_final=False)
    assert sweep(ledger) == [poison]
    second = claim(ledger, poison, "w", 30)
    assert second
    lapse(ledger)
    assert sweep(ledger) == [poison + 1]
    assert state_of(ledger, poison) is State.QUARANTINED
    [trouble] = troubles(ledger, scan.id)
    assert (trouble.scope, trouble.error_class, trouble.crashes) == ("poison", "crash", 2)
    assert not end_scan(ledger, scan.id)


def test_a_failure_waits_and_ends_as_a_gap_that_can_be_tried_again(ledger: Ledger) -> None:
    scan = scan_of(ledger, unit("a"))
    [only] = release(ledger)
    throttled = Outcome(error_class=ErrorClass.THROTTLED, error="slow down")
    denied = Outcome(
        error_class=ErrorClass.DENIED, error="no", missing_right="sts:AssumeRole",
        figures=Figures(calls=3),
    )  # fmt: skip
    got = claim(ledger, only, "w", 30)
    assert got
    assert fail(ledger, only, got.attempt, throttled, is_final=False, delay_s=60)
    assert sweep(ledger) == [], "it waits for its time"
    ledger.execute("UPDATE mlsec_fleet.unit SET not_before = now()")
    assert sweep(ledger) == [only]
    got = claim(ledger, only, "w", 30)
    assert got
    assert got.failures == 1
    assert fail(ledger, only, got.attempt, denied, is_final=True)
    after = progress(ledger, scan.id)
    assert (after.is_over, after.errors, after.units(State.GAP)) == (True, {"denied": 1}, 1)
    assert [t.missing_right for t in troubles(ledger, scan.id)] == ["sts:AssumeRole"]
    assert end_scan(ledger, scan.id)
    assert retry(ledger, scan.id, ErrorClass.CRASH) == 0
    assert retry(ledger, scan.id, ErrorClass.DENIED) == 1
    assert sweep(ledger) == [only]
    got = claim(ledger, only, "w", 30)
    assert got
    assert (got.attempt, got.failures) == (3, 0)
    assert commit(ledger, only, got.attempt, SHARD)
    assert progress(ledger, scan.id).errors == {}


def test_a_gap_keeps_its_shard_and_gives_what_follows(ledger: Ledger) -> None:
    scan = scan_of(ledger, unit("a"))
    [only] = release(ledger)
    got = claim(ledger, only, "w", 30)
    assert got
    partly = Outcome(
        error_class=ErrorClass.DENIED, shard="s", digest="d", new_units=(unit("b"),),
    )  # fmt: skip
    assert fail(ledger, only, got.attempt, partly, is_final=True)
    assert not fail(ledger, only, got.attempt, partly, is_final=True)
    assert [(shard.shard, shard.digest) for shard in shards(ledger, scan.id)] == [("s", "d")]
    after = progress(ledger, scan.id)
    assert (after.units(State.GAP), after.units(State.WAITING)) == (1, 1)


def test_a_queued_unit_that_its_engine_lost_is_enqueued_again_later_each_time(
    ledger: Ledger,
) -> None:
    scan_of(ledger, unit("a"))
    [only] = release(ledger)
    for seconds in (30, 60, 120):
        assert sweep(ledger) == []
        ledger.execute(
            "UPDATE mlsec_fleet.unit SET enqueued_at = enqueued_at - make_interval(secs => %s)",
            (seconds + 1,),
        )
        assert sweep(ledger) == [only]


def test_a_cancelled_scan_ends_what_waits_and_stops_what_runs(ledger: Ledger) -> None:
    scan = scan_of(ledger, *(unit(f"{n}") for n in range(4)))
    got = claim(ledger, release(ledger)[0], "w", 30)
    assert got
    assert cancel(ledger, scan.id)
    assert not cancel(ledger, scan.id)
    assert not renew(ledger, got.unit, got.attempt, 30)
    stopped = Outcome(error_class=ErrorClass.CANCELLED, error="cancelled")
    assert fail(ledger, got.unit, got.attempt, stopped, is_final=False)
    assert progress(ledger, scan.id).units(State.CANCELLED) == 4
    assert running_scan(ledger, "organisation") is None
    busy = ledger.execute("SELECT count(*) FROM mlsec_fleet.slot WHERE unit IS NOT NULL").fetchone()
    assert busy == (0,)


def test_an_organisation_has_one_scan_and_one_planner_at_a_time(
    url: DatabaseUrl, ledger: Ledger
) -> None:
    def begin(_: int) -> int:
        with connect(url) as connection:
            return begin_scan(connection, "organisation", {}).id

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(begin, range(8)))) == 1
    first = begin_scan(ledger, "organisation", {"other": 1})
    assert first.config == {}
    with connect(url) as other:
        assert hold_planner(ledger, "organisation")
        assert not hold_planner(other, "organisation")
        assert hold_planner(other, "another")
    assert end_scan(ledger, first.id)
    second = begin_scan(ledger, "organisation", {})
    assert second.id != first.id
    with pytest.raises(MlsecError, match="of the same organisation runs"):
        retry(ledger, first.id)
