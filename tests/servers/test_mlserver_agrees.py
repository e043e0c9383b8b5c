"""MLServer does with its settings what the scan says, and the probe sees the same from outside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mlsec.servers.products.product import ANYWHERE, LOOPBACK
from tests.servers.deployed import Case, Deployed, bound, hold, reach_of
from tests.servers.network import CAN_BE_MADE, is_wide
from tests.servers.probe.running import look_at
from tests.servers.start import Server, is_set_up

pytestmark = [
    pytest.mark.skipif(not is_set_up("mlserver"), reason="run make servers"),
    pytest.mark.skipif(not CAN_BE_MADE, reason="a network of its own needs Linux and root"),
]
METRICS = 8082
MLSERVER = Deployed(
    type="serving.mlserver",
    package="mlserver",
    words=("mlserver", "start", "."),
    port=8080,
    ready="/v2/health/live",
)
CASES: Mapping[str, Case] = {
    "as it comes": Case(),
    "shut by variables": Case(environment={"MLSERVER_HOST": LOOPBACK}),
    # Its file counts more than a variable.
    "opened by its file": Case(
        environment={"MLSERVER_HOST": LOOPBACK, "MLSERVER_METRICS_ENDPOINT": "/metrics"},
        files={
            "settings.json": json.dumps(
                {
                    "host": ANYWHERE,
                    "metrics_endpoint": None,
                    "cors_settings": {"allow_origins": ["*"]},
                }
            )
        },
    ),
}


def really(server: Server) -> Mapping[str, Any]:
    """Find out by asking what the settings made of the server."""
    load = server.ask("/v2/repository/models/none/load", method="POST", body="{}")
    measured = server.measures(METRICS)
    origin = server.ask("/v2", headers={"Origin": "https://evil.example"})
    return {
        "bind": bound(server.port),
        "exposure.reach": reach_of(server.port),
        "access.authenticated": server.status("/v2") in (401, 403),
        "exposure.metrics_open": measured and is_wide(METRICS),
        "access.any_origin": origin.headers.get("access-control-allow-origin") == "*",
        "encryption.in_transit": False,
        # It looks for the model: whoever has one that is there loads and unloads it.
        "supply.clients_can_load": load.status == 404 and "none not found" in load.text,
    }


@pytest.mark.parametrize("name", sorted(CASES))
def test_mlserver_does_what_the_scan_says(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    said = MLSERVER.scanned(case, tmp_path / "scanned")
    with MLSERVER.started(case, tmp_path / "run") as server:
        hold(said, really(server), case)
        seen = look_at(server.url, tmp_path)
    assert seen["product"] == "mlserver"
    assert {
        "probe/management-without-authentication",
        "probe/model-without-authentication",
    } <= seen.failed
