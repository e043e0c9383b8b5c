"""What real servers answered, served again: a probe fires on open ones and passes shut ones."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from mlsec.servers.probe.response_record import RecordedResponse
from tests.servers.probe.running import Seen, look_at
from tests.servers.probe.server import Page, Server, site
from tests.servers.probe.test_recognise import REAL, Case

_CASES = {case.name: case for case in REAL}
_RUN, _MANAGE = (
    "probe/code-execution-without-authentication",
    "probe/management-without-authentication",
)
_MODEL, _DATA = "probe/model-without-authentication", "probe/data-without-authentication"


def _page(told: RecordedResponse) -> Page:
    body = told.text.encode() if told.document is None else msgspec.json.encode(told.document)
    headers = tuple(f"{name}: {text}" for name, text in told.headers)
    return Page(status=told.status, body=body, headers=headers)


def _look(name: str, folder: Path) -> Seen:
    pages = {path: _page(told) for path, told in _CASES[name].heard().items()}
    nowhere = next(page for path, page in pages.items() if path == "/mlsec-asks-for-nothing")
    with Server(site(pages, other=nowhere)) as server:
        return look_at(f"http://127.0.0.1:{server.port}", folder)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("ray-open", _RUN),  # ShadowRay
        ("torchserve-open-8081", _MANAGE),  # ShellTorch
        ("torchserve-open-8080", _MODEL),
        ("torchserve-closed-8082", "probe/metrics-without-authentication"),
        ("jupyter-open", _RUN),
        ("jupyter-open", _DATA),
        ("mlflow-open", _DATA),
        ("mlserver", _MANAGE),
        ("bentoml", _MODEL),
        ("chroma", _DATA),
        ("gradio-open", _MODEL),
        ("litellm-open", _MODEL),
        ("litellm-open", _MANAGE),
    ],
)
def test_an_open_server_is_told(tmp_path: Path, name: str, rule: str) -> None:
    seen = _look(name, tmp_path)
    assert seen["product"] == _CASES[name].product
    assert rule in seen.failed


@pytest.mark.parametrize(
    "name",
    ["ray-shut", "torchserve-closed-8080", "torchserve-closed-8081", "jupyter-shut", "mlflow-shut",
     "gradio-shut"],
)  # fmt: skip
def test_a_shut_server_is_passed(tmp_path: Path, name: str) -> None:
    seen = _look(name, tmp_path)
    assert seen["product"] == _CASES[name].product
    assert {_RUN, _MANAGE, _MODEL, _DATA} <= seen.passed
    assert seen["exposure.public"] is False


def test_a_server_that_fails_before_it_decides_is_not_passed(tmp_path: Path) -> None:
    seen = _look("litellm-shut", tmp_path)
    assert {_MODEL, _MANAGE} <= seen.unknown


@pytest.mark.parametrize("case", REAL, ids=lambda case: case.name)
def test_whatever_was_recorded_is_asked_in_the_same_order_again(tmp_path: Path, case: Case) -> None:
    seen = _look(case.name, tmp_path)
    opened = {door["path"] for door in seen["checked_paths"] if door.get("state") == "open"}
    assert (seen["product"], opened) == (case.product, set(case.opened))
