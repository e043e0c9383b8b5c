"""A simulated night over the ledger's real SQL: it ends, no lane is exceeded, large units first."""

from __future__ import annotations

from tests.fleet.simulation import Estate, Result, Simulation, Weather
from tests.postgres import Server

ESTATES = (
    Estate(name="aws", scopes=80, lanes=80, slots=1, median_s=120, spread=1.5),
    Estate(name="git", scopes=120, lanes=1, slots=6, median_s=8),
)


def night(server: Server, weather: Weather, seed: int = 1) -> Result:
    with server.database() as name, server.connect(name) as ledger:
        return Simulation(ledger, ESTATES, weather, workers=5, concurrency=4, seed=seed).run()


def test_a_night_of_throttling_and_dying_workers_ends_by_itself(postgres: Server) -> None:
    result = night(postgres, Weather(throttled=0.1, worker_life_h=0.5))
    assert result.units == 200
    assert result.throttled > 0
    assert result.died > 0
    assert result.tried_again >= result.throttled
    assert result.fullest_lane == 1
    assert 0 < result.quarantined < 10, "the largest, whose worker was killed twice"


def test_a_calm_night_is_near_what_no_order_could_undercut(postgres: Server) -> None:
    known, unknown = (night(postgres, Weather(has_weights=has)) for has in (True, False))
    assert known.tried_again == known.wasted_share == known.quarantined == 0
    assert known.hours <= 1.1 * known.ideal_hours
    assert known.hours <= unknown.hours
