"""Jupyter that other machines reach: open to them with an empty token, shut with its own."""

from __future__ import annotations

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
    pytest.mark.skipif(not is_set_up("jupyter-server"), reason="run make servers"),
    pytest.mark.skipif(not CAN_BE_MADE, reason="a network of its own needs Linux and root"),
]
JUPYTER = Deployed(
    type="serving.jupyter",
    package="jupyter-server",
    words=("jupyter-server", "--no-browser", "--allow-root"),
    port=8888,
    ready="/api",
)
CASES: Mapping[str, Case] = {
    "open to others": Case(
        words=(f"--ServerApp.ip={ANYWHERE}", "--IdentityProvider.token="),
        fires=frozenset({"server/without-authentication"}),
    ),
    "open to others, with its own token": Case(words=(f"--ServerApp.ip={ANYWHERE}",)),
}


def really(server: Server) -> Mapping[str, Any]:
    """Find out by asking what the settings made of the server."""
    return {
        "bind": bound(server.port),
        "exposure.reach": reach_of(server.port),
        "access.authenticated": server.status("/api/kernels") == 403,
        "exposure.metrics_open": server.measures(server.port),
        "encryption.in_transit": False,
    }


@pytest.mark.parametrize("name", sorted(CASES))
def test_jupyter_does_what_the_scan_says_to_others(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    said = JUPYTER.scanned(case, tmp_path / "scanned")
    with JUPYTER.started(case, tmp_path / "run") as server:
        truth = really(server)
        hold(said, truth, case)
        seen = look_at(server.url, tmp_path)
    assert seen["product"] == "jupyter-server"
    verdicts = seen.passed if truth["access.authenticated"] else seen.failed
    assert "probe/code-execution-without-authentication" in verdicts
