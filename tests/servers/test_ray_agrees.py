"""Ray does with its settings what the scan says, and the probe sees the same from outside.

ShadowRay is the first case: whoever reaches the dashboard submits a job.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mlsec.servers.products.product import ANYWHERE
from tests.servers.deployed import Case, Deployed, bound, hold, reach_of
from tests.servers.network import CAN_BE_MADE, is_wide
from tests.servers.probe.running import look_at
from tests.servers.start import Server, is_set_up

pytestmark = [
    pytest.mark.skipif(not is_set_up("ray"), reason="run make servers"),
    pytest.mark.skipif(not CAN_BE_MADE, reason="a network of its own needs Linux and root"),
]
RAY = Deployed(
    type="serving.ray",
    package="ray[default]",
    words=("ray", "start", "--head", "--block", "--num-cpus", "1", "--disable-usage-stats"),
    port=8265,
    ready="/api/version",
)
CASES: Mapping[str, Case] = {
    "ShadowRay": Case(
        words=("--dashboard-host", ANYWHERE),
        fires=frozenset(
            {"server/management-without-authentication", "server/without-authentication"}
        ),
    ),
    # From 2.59 on a token that is there is asked for, though no mode is set.
    "with a token": Case(environment={"RAY_AUTH_TOKEN": secrets.token_hex(24)}),
}


def really(server: Server) -> Mapping[str, Any]:
    """Find out by asking what the settings made of the server."""
    jobs = server.ask("/api/jobs/")
    return {
        "bind": bound(server.port),
        "exposure.reach": reach_of(server.port),
        "access.authenticated": jobs.status in (401, 403),
        "exposure.management_open": jobs.status == 200 and is_wide(server.port),
        "encryption.in_transit": False,
    }


@pytest.mark.parametrize("name", sorted(CASES))
def test_ray_does_what_the_scan_says(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    said = RAY.scanned(case, tmp_path / "scanned")
    with RAY.started(case, tmp_path / "run") as server:
        truth = really(server)
        hold(said, truth, case)
        seen = look_at(server.url, tmp_path)
    assert seen["product"] == "ray"
    verdicts = seen.passed if truth["access.authenticated"] else seen.failed
    assert "probe/code-execution-without-authentication" in verdicts
