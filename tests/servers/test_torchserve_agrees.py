"""TorchServe does with its settings what the scan says, and the probe sees the same from outside.

ShellTorch is the first case: management for everybody, and models from any address.
"""

from __future__ import annotations

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
    pytest.mark.skipif(not is_set_up("torchserve"), reason="run make servers"),
    pytest.mark.skipif(not CAN_BE_MADE, reason="a network of its own needs Linux and root"),
]
MANAGEMENT, METRICS = 8081, 8082
TORCHSERVE = Deployed(
    type="serving.torchserve",
    package="torchserve",
    words=("torchserve", "--start", "--foreground", "--ncs", "--model-store", "."),
    port=8080,
    ready="/ping",
    # It notes there that it runs, and another one then does not start.
    quiet={"TMPDIR": "."},
)
_FILE = ("--ts-config", "config.properties")
_WIDE = (
    "inference_address=http://0.0.0.0:8080\n"
    "management_address=http://0.0.0.0:8081\n"
    "metrics_address=http://0.0.0.0:8082\n"
)
CASES: Mapping[str, Case] = {
    "ShellTorch": Case(
        words=_FILE,
        files={
            "config.properties": f"{_WIDE}disable_token_authorization=true\nenable_model_api=true\n"
        },
        fires=frozenset(
            {"server/management-without-authentication", "torchserve/models-from-any-url"}
        ),
    ),
    "as it comes": Case(),
    "open to others, with its token and a list of addresses": Case(
        words=_FILE,
        files={"config.properties": f"{_WIDE}allowed_urls=https://models.example.org/.*\n"},
    ),
    # The variable names the file that counts, and variables count where the file says so: but not
    # for the addresses of models.
    "the variables over the file": Case(
        words=(*_FILE, "--dt", "--enable-model-api"),
        environment={
            "TS_CONFIG_FILE": "other.properties",
            "TS_MANAGEMENT_ADDRESS": "http://127.0.0.1:8081",
            "TS_ALLOWED_URLS": "https://models.example.org/.*",
            "HOST": ANYWHERE,
        },
        files={
            "config.properties": "inference_address=http://127.0.0.1:8080\n",
            "other.properties": "inference_address=http://$$HOST$$:8080\n"
            "management_address=http://0.0.0.0:8081\nenable_envvars_config=true\n"
            "cors_allowed_origin=*\n",
        },
    ),
    "the token off by a variable, and a switch that is not a word of Java's": Case(
        words=_FILE,
        environment={"TS_DISABLE_TOKEN_AUTHORIZATION": "true"},
        files={"config.properties": "enable_envvars_config=true\nenable_model_api=1\n"},
    ),
    "a file that lies where it is started": Case(
        files={"config.properties": "disable_token_authorization=true\n"},
    ),
}


def really(server: Server) -> Mapping[str, Any]:
    """Find out by asking what the settings made of the server."""
    asks = server.status("/ping") != 200
    listed = server.ask("/models", port=MANAGEMENT)
    assert (listed.status != 200) == asks
    register = server.ask("/models?url=http://127.0.0.1:9/a.mar", method="POST", port=MANAGEMENT)
    origin = server.ask("/ping", headers={"Origin": "https://evil.example"})
    told = {
        "bind": bound(server.port),
        "exposure.reach": reach_of(server.port),
        "access.authenticated": asks,
        "token_off": not asks,
        "exposure.management_reach": reach_of(MANAGEMENT),
        "exposure.management_open": listed.status == 200 and is_wide(MANAGEMENT),
        "exposure.metrics_open": server.ask("/metrics", port=METRICS).status == 200
        and is_wide(METRICS),
        "access.any_origin": origin.headers.get("access-control-allow-origin") == "*",
        "encryption.in_transit": False,
    }
    if not asks:
        # 405: clients register nothing. 400 or 404: it has looked at the address.
        told["supply.clients_can_load"] = register.status != 405
        if register.status != 405:
            told["any_url"] = "not allowed" not in register.text.lower()
    return told


@pytest.mark.parametrize("name", sorted(CASES))
def test_torchserve_does_what_the_scan_says(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    said = TORCHSERVE.scanned(case, tmp_path / "scanned")
    with TORCHSERVE.started(case, tmp_path / "run") as server:
        truth = really(server)
        hold(said, truth, case)
        manage = look_at(f"http://127.0.0.1:{MANAGEMENT}", tmp_path)
    assert manage["product"] == "torchserve"
    verdicts = manage.passed if truth["access.authenticated"] else manage.failed
    assert "probe/management-without-authentication" in verdicts
