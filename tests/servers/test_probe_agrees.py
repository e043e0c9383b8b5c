"""The probe says of real servers what they really do: their settings make the whole difference."""

from __future__ import annotations

from pathlib import Path

from tests.servers.probe.running import Seen, look_at
from tests.servers.start import Server

_RUN = "probe/code-execution-without-authentication"
_DATA = "probe/data-without-authentication"
_MODEL = "probe/model-without-authentication"


def _look(server: Server, folder: Path) -> Seen:
    return look_at(server.url, folder)


def test_jupyter_without_a_token_runs_code_for_anyone(open_jupyter: Server, tmp_path: Path) -> None:
    seen = _look(open_jupyter, tmp_path)
    assert open_jupyter.status("/api/kernels") == 200
    assert seen["product"] == "jupyter-server"
    assert {_RUN, _DATA} <= seen.failed


def test_jupyter_with_a_token_is_passed(closed_jupyter: Server, tmp_path: Path) -> None:
    seen = _look(closed_jupyter, tmp_path)
    assert closed_jupyter.status("/api/kernels") == 403
    assert seen["product"] == "jupyter-server"
    assert {_RUN, _DATA, "probe/known-vulnerability"} <= seen.passed
    assert seen["exposure.public"] is False


def test_bentoml_answers_anyone(bento: Server, tmp_path: Path) -> None:
    seen = _look(bento, tmp_path)
    assert seen["product"] == "bentoml"
    assert {_MODEL, "probe/metrics-without-authentication"} <= seen.failed


def test_every_version_that_is_told_is_that_which_is_installed(
    open_jupyter: Server, bento: Server, tmp_path: Path
) -> None:
    pins = (Path(__file__).resolve().parents[2] / "requirements" / "servers.txt").read_text()
    told = {
        "jupyter-server": _look(open_jupyter, tmp_path)["version"],
        "bentoml": _look(bento, tmp_path)["version"],
    }
    assert all(f"{name}=={version}" in pins for name, version in told.items()), told


def test_nothing_is_started_on_a_server_that_would_let_it(
    open_jupyter: Server, tmp_path: Path
) -> None:
    _look(open_jupyter, tmp_path)
    assert "Kernel started" not in open_jupyter.log.read_text("utf-8", "replace")
