"""LiteLLM does with its settings what the scan says, and the probe sees the same from outside."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mlsec.servers.products.product import LOOPBACK
from tests.servers.deployed import Case, Deployed, bound, hold, reach_of
from tests.servers.network import CAN_BE_MADE
from tests.servers.probe.running import look_at
from tests.servers.start import Server, is_set_up

pytestmark = [
    pytest.mark.skipif(not is_set_up("litellm"), reason="run make servers"),
    pytest.mark.skipif(not CAN_BE_MADE, reason="a network of its own needs Linux and root"),
]
LITELLM = Deployed(
    type="serving.litellm",
    package="litellm[proxy]",
    words=("litellm",),
    port=4000,
    ready="/health/liveliness",
    quiet={"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
)
_MODELS = "model_list:\n- model_name: m\n  litellm_params: {model: openai/m, api_base: 'http://127.0.0.1:9'}\n"
CASES: Mapping[str, Case] = {
    "open to others": Case(
        environment={
            "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
            "LITELLM_CORS_ORIGINS": "",
            "HOST": "",
        },
    ),
    # The variable names the file that counts.
    "with a key": Case(
        words=("--host", LOOPBACK, "--config", "open.yaml"),
        environment={
            "CONFIG_FILE_PATH": "keyed.yaml",
            "LITELLM_CORS_ORIGINS": "https://team.example.org",
            "THE_KEY": f"sk-{secrets.token_hex(16)}",
        },
        files={
            "keyed.yaml": f"{_MODELS}general_settings:\n  master_key: os.environ/THE_KEY\n",
            "open.yaml": f"{_MODELS}general_settings:\n"
            "  dangerously_permit_weak_or_unset_master_key: true\n",
        },
    ),
}


def really(server: Server) -> Mapping[str, Any]:
    """Find out by asking what the settings made of the server."""
    listed = server.ask("/v1/models")
    origin = server.ask("/v1/models", headers={"Origin": "https://evil.example"})
    return {
        "bind": bound(server.port),
        "exposure.reach": reach_of(server.port),
        "access.authenticated": listed.status in (401, 403),
        "access.any_origin": origin.headers.get("access-control-allow-origin") == "*",
        "encryption.in_transit": False,
    }


@pytest.mark.parametrize("name", sorted(CASES))
def test_litellm_does_what_the_scan_says(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    said = LITELLM.scanned(case, tmp_path / "scanned")
    with LITELLM.started(case, tmp_path / "run") as server:
        truth = really(server)
        hold(said, truth, case)
        seen = look_at(server.url, tmp_path)
    assert seen["product"] == "litellm"
    verdicts = seen.passed if truth["access.authenticated"] else seen.failed
    assert "probe/model-without-authentication" in verdicts
