"""`mlsec scan gcp`, as a user runs it: every planted fault is found and nothing else is flagged."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Status
from tests.e2e import runs
from tests.e2e.report_checks import check_html, check_sarif
from tests.estate.gcp_estate import GcpEstate, build_gcp
from tests.estate.gcp_items import BUILDERS
from tests.estate.gcp_server import RunningGcp

# Enough for every fault to strike; set it to 200 for a company of that size.
_SIZE = int(os.environ.get("MLSEC_GCP_DEPLOYMENTS", "24"))
_PLANTED = sorted({fault.rule for builder in BUILDERS for fault in builder.FAULTS})


@pytest.fixture(scope="module")
def estate() -> GcpEstate:
    return build_gcp(_SIZE)


@pytest.fixture(scope="module")
def report(estate: GcpEstate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that one scan of the company wrote."""
    out = tmp_path_factory.mktemp("scan") / "out"
    with RunningGcp(estate.world) as gcp:
        done = runs.mlsec(
            "scan", "gcp", "--profile", "strict", "-o", out, "-f", "html,sarif,json", aws=gcp
        )
        assert done.returncode == 10, done.stderr[-3000:]
        assert gcp.mistakes() == []
    return out


@pytest.fixture(scope="module")
def assessment(report: Path) -> Assessment:
    return runs.load_assessment(report)


@pytest.mark.parametrize("rule", _PLANTED)
def test_planted_fault_is_found_and_nothing_else_is_flagged(
    rule: str, assessment: Assessment, estate: GcpEstate
) -> None:
    found = {
        finding.resource.id
        for finding in assessment.findings
        if finding.rule == rule and finding.status is Status.FAIL
    }
    assert found, "planted nowhere: the estate is too small for this fault"
    assert found == estate.expected[rule]


def test_coverage_is_complete(assessment: Assessment) -> None:
    hidden = [row for row in assessment.coverage.rows if not row.is_complete or row.errored]
    unread = [f for f in assessment.findings if f.status is Status.NOT_ASSESSED]
    assert hidden == []
    assert [(f.rule, f.resource.id) for f in unread] == []
    assert all(
        row.enumerated == row.assessed + row.excluded + row.errored
        for row in assessment.coverage.rows
    )


def test_sarif_passes_the_strict_checker(report: Path) -> None:
    check_sarif(report)


@pytest.mark.browser
def test_report_passes_the_strict_checker(report: Path) -> None:
    check_html(report)
