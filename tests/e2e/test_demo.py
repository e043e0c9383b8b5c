"""The demo that ships tells its story: two attack paths, three denied calls, two waivers."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.core.assessment import Assessment
from mlsec.core.enums import GapReason, Status
from mlsec.render.document import document_chunks
from tests.e2e import runs

_DEMO = runs.ROOT / "fixtures" / "demo"


@pytest.fixture(scope="module")
def assessment(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    out = tmp_path_factory.mktemp("demo")
    waivers = _DEMO / "waivers.yaml"
    done = runs.mlsec(
        "scan", "--evidence", _DEMO, "--waivers", waivers, "-o", out, "--fail-on", "none"
    )
    assert done.returncode == 11, done.stderr
    return runs.load_assessment(out)


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        ("paths/public-endpoint-weights-externally-writable", "claims-triage"),
        ("paths/externally-writable-knowledge-reaches-tools", "helpdesk-agent"),
        (
            "artifact/public-endpoint-unsigned-weights-externally-writable",
            "claims-triage/model.tar.gz",
        ),
    ],
)
def test_attack_path_is_shown(rule: str, name: str, assessment: Assessment) -> None:
    [finding] = [f for f in assessment.findings if f.rule == rule and f.status is Status.FAIL]
    assert finding.resource.name == name
    assert finding.path is not None
    assert len(finding.path.nodes) >= 4


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        ("bedrock-agent/data-source-stale", "faq-articles/nordlicht-faq-docs"),
        ("bedrock-agent/data-source-ingestion-failed", "faq-articles/nordlicht-faq-docs"),
        ("bedrock-agent/knowledge-retriever-may-ingest", "helpdesk-articles"),
    ],
)
def test_knowledge_that_is_old_or_open_to_change_is_shown(
    rule: str, name: str, assessment: Assessment
) -> None:
    found = [f for f in assessment.findings if f.rule == rule and f.status is Status.FAIL]
    assert [finding.resource.name for finding in found] == [name]


def test_denied_calls_name_what_to_allow(assessment: Assessment) -> None:
    denied = {g.missing_right for g in assessment.gaps if g.reason is GapReason.DENIED}
    assert denied == {
        "bedrock:GetModelInvocationLoggingConfiguration",
        "ecr:GetRepositoryPolicy",
        "sagemaker:DescribeNotebookInstanceLifecycleConfig",
    }
    assert {g.reason for g in assessment.gaps} == {GapReason.DENIED}


def test_one_waiver_is_near_its_end_and_one_is_over(assessment: Assessment) -> None:
    states = {w.id: (w.state, w.is_near_end) for w in assessment.waivers}
    assert states == {
        "research-notebook-root": ("used", True),
        "credit-model-network": ("expired", False),
    }


def test_some_things_are_right(assessment: Assessment) -> None:
    totals = assessment.totals
    assert totals.passed > 2 * totals.failed


def test_fixture_stays_small() -> None:
    size_bytes = sum(path.stat().st_size for path in Path(_DEMO).iterdir())
    assert size_bytes < 1_000_000


def test_assessment_is_below_one_megabyte(assessment: Assessment) -> None:
    assert sum(map(len, document_chunks(assessment))) < 1_000_000
