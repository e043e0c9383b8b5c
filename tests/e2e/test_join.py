"""One graph of cloud, endpoint and artifact: what is served, and who can replace it."""

from __future__ import annotations

import pytest

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Status
from tests.e2e import runs
from tests.estate.model_files import LOOSE, SERVED, TARGETS, TWIN, objects
from tests.estate.serve import RunningAws, Settings


@pytest.fixture(scope="module")
def assessment(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    """The demo's company, scanned with the buckets of two of its models."""
    out = tmp_path_factory.mktemp("join") / "out"
    with RunningAws(Settings(deployments=3, has_story=True, objects=dict(objects()))) as aws:
        done = runs.mlsec(
            "scan",
            "aws",
            *TARGETS,
            "-o",
            out,
            "-f",
            "json,sarif,html",
            "--profile",
            "strict",
            aws=aws,
        )
        assert done.returncode == 10, done.stderr[-3000:]
        assert aws.mistakes() == []
    return runs.load_assessment(out)


def verdict(assessment: Assessment, rule: str, resource: str) -> Status | None:
    """Give what a rule said of a resource; None for pass and not applicable."""
    found = [f for f in assessment.findings if (f.rule, f.resource.id) == (rule, resource)]
    return found[0].status if found else None


@pytest.mark.parametrize(
    "rule",
    [
        "artifact/calls-dangerous-code",
        "artifact/deployed-dangerous",
        "artifact/deployed-bucket-externally-writable",
        "artifact/deployed-unsigned",
        "artifact/public-endpoint-unsigned-weights-externally-writable",
    ],
)
def test_served_weights_fail_and_their_twin_does_not(assessment: Assessment, rule: str) -> None:
    assert verdict(assessment, rule, SERVED) is Status.FAIL
    if rule != "artifact/deployed-unsigned":  # the twin is unsigned too
        assert verdict(assessment, rule, TWIN) is None


def test_file_that_nothing_serves_is_judged_but_not_as_deployed(assessment: Assessment) -> None:
    assert verdict(assessment, "artifact/calls-dangerous-code", LOOSE) is Status.FAIL
    assert verdict(assessment, "artifact/deployed-dangerous", LOOSE) is None


def test_path_leads_from_the_file_over_bucket_and_role_to_the_open_door(
    assessment: Assessment,
) -> None:
    rule = "artifact/public-endpoint-unsigned-weights-externally-writable"
    (found,) = [f for f in assessment.findings if (f.rule, f.resource.id) == (rule, SERVED)]
    assert found.path is not None
    types = {node.type for node in found.path.nodes}
    assert types >= {"files.artifact", "aws.s3.bucket", "aws.iam.role", "aws.sagemaker.endpoint"}


def test_every_listed_object_is_accounted_for(assessment: Assessment) -> None:
    rows = [row for row in assessment.coverage.rows if row.type == "files.artifact"]
    assert sum(row.enumerated for row in rows) == 3
    assert all(row.enumerated == row.assessed + row.excluded + row.errored for row in rows)
    assert all(row.is_complete for row in rows)


def test_report_validates(assessment: Assessment) -> None:
    assert {gap.scope for gap in assessment.gaps if gap.scope.startswith("files/")} == set()
