"""`mlsec scan http://...` as a user runs it: findings, gaps, exit codes, and again offline."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Status
from tests.e2e import runs
from tests.e2e.report_checks import check_sarif
from tests.e2e.test_offline import watched
from tests.servers.probe.server import Page, Server, site

_JSON = ("Content-Type: application/json",)
OPEN_RAY = {
    "/": Page(body=b"<title>Ray Dashboard</title>", headers=("Server: aiohttp",)),
    "/api/version": Page(body=b'{"version": "4", "ray_version": "2.8.0"}', headers=_JSON),
    "/api/jobs/": Page(body=b"[]", headers=_JSON),
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(site(OPEN_RAY)) as running:
        yield running


@pytest.fixture(scope="module")
def report(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("probe") / "out"
    done = runs.mlsec(
        "scan",
        "--profile",
        "strict",
        f"http://127.0.0.1:{server.port}",
        "-o",
        out,
        "-f",
        "html,sarif,json",
    )
    assert done.returncode == 10, done.stderr
    return out


@pytest.fixture(scope="module")
def assessment(report: Path) -> Assessment:
    return runs.load_assessment(report)


def _failed(assessment: Assessment) -> set[str]:
    return {each.rule for each in assessment.findings if each.status is Status.FAIL}


def test_an_open_dashboard_of_an_old_version_is_told(assessment: Assessment) -> None:
    assert {
        "probe/code-execution-without-authentication", "probe/known-vulnerability",
    } <= _failed(assessment)  # fmt: skip


def test_the_report_says_in_whose_name_was_asked(assessment: Assessment) -> None:
    assert assessment.scan.principal == "anonymous (a probe sends no credentials)"
    assert assessment.scan.settings["private_addresses"] == "if written out"


def test_sarif_passes_the_strict_checker(report: Path) -> None:
    check_sarif(report)


def test_the_evidence_is_judged_again_without_a_network(report: Path, tmp_path: Path) -> None:
    done = watched("scan", report / "evidence.mlsnap", "--offline", "-o", tmp_path / "again")
    assert done.returncode == 10, done.stderr
    first, again = (
        json.loads((folder / "assessment.json").read_text())["findings"]
        for folder in (report, tmp_path / "again")
    )
    assert first == again


def test_a_name_for_this_machine_is_asked_only_when_that_is_allowed(server: Server) -> None:
    before = server.connections
    refused = runs.mlsec("scan", f"http://127.1:{server.port}")
    assert (refused.returncode, server.connections) == (11, before)
    assert "--probe-private" in refused.stdout
    allowed = runs.mlsec("scan", f"http://127.1:{server.port}", "--probe-private")
    assert allowed.returncode == 10
    assert server.connections > before


def test_two_targets_are_one_scan_and_nothing_else_is_asked(server: Server, tmp_path: Path) -> None:
    with Server(site({})) as second, Server(site({})) as bystander:
        targets = (f"http://127.0.0.1:{each.port}" for each in (server, second))
        runs.mlsec("scan", *targets, "-o", tmp_path / "out")
        assert second.connections > 0
        assert bystander.connections == 0
    found = runs.load_assessment(tmp_path / "out")
    assert len({row.scope for row in found.coverage.rows if row.type == "probe.endpoint"}) == 2


def test_a_target_with_a_password_is_refused_before_anything_is_asked(server: Server) -> None:
    before = server.connections
    good = f"http://127.0.0.1:{server.port}"
    done = runs.mlsec("scan", good, f"http://me:hunter2hunter2@127.0.0.1:{server.port}")
    assert (done.returncode, server.connections) == (2, before)
    assert "hunter2" not in done.stderr


def test_collect_says_by_its_exit_code_that_something_was_not_read(
    server: Server, tmp_path: Path
) -> None:
    done = runs.mlsec("collect", f"http://127.1:{server.port}", "-o", tmp_path / "x.mlsnap")
    assert done.returncode == 11


def test_offline_refuses_to_ask(server: Server) -> None:
    done = runs.mlsec("scan", f"http://127.0.0.1:{server.port}", "--offline")
    assert done.returncode == 2
