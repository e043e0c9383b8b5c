"""`mlsec scan azure`, as a user runs it: each planted fault is found, nothing else is flagged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Status
from tests.e2e import runs
from tests.e2e.report_checks import check_html, check_sarif
from tests.e2e.scenes.azure import SCENES
from tests.estate.azure_estate import AzureEstate, build_azure
from tests.estate.azure_items import BUILDERS
from tests.estate.azure_server import RunningAzure

# Set it to 200 for the whole company.
SIZE = "MLSEC_AZURE_DEPLOYMENTS"
FAULTS = sorted({fault.rule for builder in BUILDERS for fault in builder.FAULTS})


@pytest.fixture(scope="module")
def estate() -> AzureEstate:
    last = max(fault.which for builder in BUILDERS for fault in builder.FAULTS)
    return build_azure(int(os.environ.get(SIZE, last + 2)))


@pytest.fixture(scope="module")
def report(estate: AzureEstate, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that one scan wrote."""
    out = tmp_path_factory.mktemp("scan-azure") / "out"
    with RunningAzure(estate.world) as azure:
        done = runs.mlsec(
            "scan",
            "azure",
            "--profile",
            "strict",
            "-o",
            out,
            "-f",
            "html,sarif,json,markdown",
            aws=azure,
        )
        assert done.returncode in (10, 11), done.stderr[-3000:]
        assert azure.mistakes() == []
    return out


@pytest.fixture(scope="module")
def assessment(report: Path) -> Assessment:
    return runs.load_assessment(report)


@pytest.mark.parametrize("rule", FAULTS)
def test_planted_fault_is_found_and_nothing_else_is_flagged(
    rule: str, assessment: Assessment, estate: AzureEstate
) -> None:
    found = {
        finding.resource.id
        for finding in assessment.findings
        if finding.rule == rule and finding.status is Status.FAIL
    }
    assert found == estate.expected[rule]
    assert found, "planted nowhere: the estate is too small for this fault"


def test_planted_rules_are_assessed_wherever_they_apply(assessment: Assessment) -> None:
    unread = [f for f in assessment.findings if f.status is Status.NOT_ASSESSED]
    never_pass = {f"paths/{name}" for name, scene in SCENES.items() if scene.never_passes}
    wanted = set(FAULTS) - never_pass
    assert [(f.rule, f.resource.id) for f in unread if f.rule in wanted] == []


def test_coverage_is_complete(assessment: Assessment) -> None:
    rows = assessment.coverage.rows
    assert [row for row in rows if not row.is_complete or row.errored] == []
    assert all(row.enumerated == row.assessed + row.excluded + row.errored for row in rows)


def test_sarif_passes_the_strict_checker(report: Path) -> None:
    check_sarif(report)


@pytest.mark.browser
def test_report_passes_the_strict_checker(report: Path) -> None:
    check_html(report)


def test_no_secret_that_was_planted_reaches_any_file(report: Path, estate: AzureEstate) -> None:
    holders = [
        path.name
        for path in report.iterdir()
        for secret in estate.world.secrets
        if secret.encode() in path.read_bytes()
    ]
    assert holders == []
