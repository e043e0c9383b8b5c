"""MLflow does with its settings what the scan says, and the probe sees the same from outside."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mlsec.servers.products.product import ANYWHERE
from tests.servers.deployed import Case, Deployed, bound, hold, reach_of
from tests.servers.network import CAN_BE_MADE
from tests.servers.probe.running import look_at
from tests.servers.start import Server, is_set_up

pytestmark = [
    pytest.mark.skipif(not is_set_up("mlflow"), reason="run make servers"),
    pytest.mark.skipif(not CAN_BE_MADE, reason="a network of its own needs Linux and root"),
]
MLFLOW = Deployed(
    type="serving.mlflow",
    package="mlflow",
    words=("mlflow", "server", "--workers", "1"),
    port=5000,
    ready="/health",
    # What runs jobs is a process of its own, and no server.
    quiet={"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"},
)
CASES: Mapping[str, Case] = {
    # No variable names the app: this one asks nobody.
    "open to others": Case(
        words=("--host", ANYWHERE, "--cors-allowed-origins", "*"),
        environment={"MLFLOW_APP_NAME": "basic-auth", "MLFLOW_SERVER_ALLOWED_HOSTS": "*"},
        fires=frozenset({"server/without-authentication"}),
    ),
    # An empty variable is none, and so the address is that of the host itself.
    "with accounts": Case(
        words=("--app-name", "basic-auth", "--no-serve-artifacts"),
        environment={
            "MLFLOW_HOST": "",
            "MLFLOW_AUTH_ADMIN_PASSWORD": secrets.token_hex(12),
            "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(24),
        },
    ),
}


def really(server: Server) -> Mapping[str, Any]:
    """Find out by asking what the settings made of the server."""
    experiments = "/api/2.0/mlflow/experiments/search?max_results=1"
    listed = server.ask(experiments)
    foreign = server.ask("/health/", headers={"Host": "evil.example"})
    named = server.ask(experiments, headers={"Host": "evil.example"})
    origin = server.ask(experiments, headers={"Origin": "https://evil.example"})
    artifacts = server.ask("/api/2.0/mlflow-artifacts/artifacts")
    told = {
        "bind": bound(server.port),
        "exposure.reach": reach_of(server.port),
        "access.authenticated": listed.status == 401,
        "any_host": "Invalid Host header" not in (named.text + foreign.text),
        "access.any_origin": origin.headers.get("access-control-allow-origin") == "*",
        "exposure.metrics_open": server.measures(server.port),
        "encryption.in_transit": False,
        "file_store": False,
    }
    if listed.status == 200:
        told["serves_artifacts"] = artifacts.status == 200
    return told


@pytest.mark.parametrize("name", sorted(CASES))
def test_mlflow_does_what_the_scan_says(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    said = MLFLOW.scanned(case, tmp_path / "scanned")
    with MLFLOW.started(case, tmp_path / "run") as server:
        truth = really(server)
        hold(said, truth, case)
        seen = look_at(server.url, tmp_path)
    assert seen["product"] == "mlflow"
    assert "probe/data-without-authentication" in (
        seen.passed if truth["access.authenticated"] else seen.failed
    )
