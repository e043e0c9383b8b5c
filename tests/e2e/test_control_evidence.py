"""What holds nothing is evidence for nothing: one small model file, an account without resources.

Both were once evidence for ninety controls, second factors and logging among them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlsec import pipeline
from mlsec.core.assessment import Assessment
from mlsec.core.enums import ControlStatus, Profile
from mlsec.engine.model.rule import RuleSet
from mlsec.render.settings import RenderSettings
from mlsec.render.sheet.sheet import sheets_of
from mlsec.snapshot.evidence import open_evidence
from tests.e2e import runs
from tests.estate.identify import identify
from tests.estate.moto_backend import MotoBackend
from tests.estate.overlay import nothing_there
from tests.estate.wire import Answer, LoopbackServer, Request

# Controls that ask for a second factor.
SECOND_FACTOR = {
    "nist-800-53/IA-2(1)", "nist-800-53/IA-2(2)", "pci-dss/8.4.1", "pci-dss/8.4.2",
    "pci-dss/8.4.3", "cis-aws/2.4", "cis-aws/2.5", "cis-controls-8/6.3", "cis-controls-8/6.4",
    "cis-controls-8/6.5",
}  # fmt: skip
# Controls of governance, identity and monitoring, by how the ids of their families begin.
NEITHER = {
    "nist-800-53": ("AC-", "AT-", "AU-", "CA-", "IA-", "IR-", "PE-", "PL-", "PM-", "PS-", "PT-"),
    "nist-csf-2": ("GV.", "PR.AA", "DE.", "RS.", "RC."),
    "nist-ai-rmf": ("GOVERN", "MANAGE"),
    "iso-27001": ("A.5.15", "A.5.16", "A.5.17", "A.5.18", "A.8.2", "A.8.5", "A.8.15", "A.8.16"),
    "soc-2": ("CC1", "CC2", "CC3", "CC4", "CC5", "CC6.1", "CC6.2", "CC6.3", "CC7.2", "CC7.3"),
    "pci-dss": ("7.", "8.", "10.", "12."),
    "hipaa": ("164.312(a)", "164.312(b)", "164.312(d)"),
    "cis-aws": ("1.", "2.", "3.", "4."),
    "eu-ai-act": ("Art.9", "Art.12", "Art.14", "Art.17", "Art.26"),
    "iso-42001": ("A.2", "A.3", "A.6.2.6", "A.6.2.8"),
    "cis-controls-8": ("5.", "6.", "8."),
}


class BareAws:
    """The emulator as it starts: an account in which nothing was ever made."""

    def __init__(self) -> None:
        self._moto = MotoBackend()

    async def __call__(self, request: Request) -> Answer:
        call = identify(request)
        if call is None:
            return Answer(status=501, body=b"")
        return self._moto.answer(request) if self._moto.has(call) else nothing_there(call)


@pytest.fixture
def bare_account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = LoopbackServer(BareAws()).start()
    environment = {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "not-a-secret",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    yield
    server.stop()


def scan(target: str, ruleset: RuleSet, folder: Path) -> Assessment:
    path = folder / "evidence.mlsnap"
    runs.collect(path, ruleset, target=target, **runs.THOROUGH)
    return runs.judge(path, ruleset)


def shown_for(assessment: Assessment, status: ControlStatus) -> list[str]:
    """Name the controls of governance, identity and monitoring that came to this."""
    return [
        f"{item.framework}/{item.id}"
        for item in assessment.controls
        if item.result is status and item.id.startswith(NEITHER.get(item.framework, ()))
    ]


@pytest.mark.parametrize("content", [bytes(8), b"\2" + bytes(7) + b"{}"], ids=["8-bytes", "empty"])
def test_one_small_model_file_is_evidence_for_no_governance_identity_or_monitoring(
    content: bytes, ruleset: RuleSet, tmp_path: Path
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(content)
    assessment = scan(str(folder), ruleset, tmp_path)
    assert assessment.totals.passed
    assert shown_for(assessment, ControlStatus.TESTED_PART) == []
    assert shown_for(assessment, ControlStatus.AGAINST) == []


@pytest.mark.usefixtures("bare_account")
def test_an_account_with_nothing_in_it_is_evidence_for_no_governance_identity_or_monitoring(
    ruleset: RuleSet, tmp_path: Path
) -> None:
    assessment = scan("aws://123456789012/eu-west-1", ruleset, tmp_path)
    assert any(row.type == "aws.account" and row.assessed for row in assessment.coverage.rows)
    assert shown_for(assessment, ControlStatus.TESTED_PART) == []


# Rules about who signs in; none of them reads a second factor.
SIGN_IN = (
    "agentcore/runtime-without-user-identity",
    "azure-aks/cluster-local-accounts",
    "azure-ml/cluster-local-accounts",
    "azure-ml/compute-instance-local-accounts",
    "azure-ml/compute-instance-shared",
    "gcp-iam/project-externally-administered",
    "gcp-project/members-unrestricted",
    "sagemaker/domain-without-sso",
    "workbench/instance-shared-by-account",
)


@pytest.mark.parametrize("rule_id", SIGN_IN)
def test_sign_in_is_linked_to_no_control_that_asks_for_a_second_factor(
    rule_id: str, ruleset: RuleSet
) -> None:
    rule = ruleset.by_id(rule_id)
    assert rule is not None
    links = ruleset.frameworks.links(rule.objective, rule.controls)
    assert not {link.id for link in links} & SECOND_FACTOR


def test_domain_with_single_sign_on_is_no_evidence_for_a_second_factor(ruleset: RuleSet) -> None:
    with open_evidence(runs.ROOT / "fixtures" / "demo") as snapshot:
        assessment = pipeline.judge(snapshot, ruleset, pipeline.Judging(), lambda *_: None)
    assert assessment.passed["sagemaker/domain-without-sso"]
    told = {f"{item.framework}/{item.id}": item.result for item in assessment.controls}
    assert ControlStatus.TESTED_PART not in {told.get(name) for name in SECOND_FACTOR}


@pytest.mark.parametrize("profile", [None, Profile.RECOMMENDED, Profile.ESSENTIAL])
def test_sheet_lists_every_control_with_the_result_that_the_assessment_counts(
    profile: Profile | None,
) -> None:
    judging = pipeline.Judging(profile=profile)
    with open_evidence(runs.ROOT / "fixtures" / "demo") as snapshot:
        ruleset = pipeline.load(judging)
        assessment = pipeline.judge(snapshot, ruleset, judging, lambda *_: None)
    sheets = {sheet.id: sheet for sheet in sheets_of(assessment, RenderSettings())}
    counted = {item.id: (item.controls, item.results) for item in assessment.frameworks}
    assert {
        name: (
            len(sheet.controls),
            {status.value: number for status, _, number in sheet.counts},
        )
        for name, sheet in sheets.items()
    } == counted
