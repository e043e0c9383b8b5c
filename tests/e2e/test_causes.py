"""Causes of a company: each failure under one, few severe, and a change ends what its card says."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from mlsec import pipeline
from mlsec.collect.settings import CollectSettings
from mlsec.core.assessment import Assessment
from mlsec.core.enums import Severity, Status
from mlsec.snapshot.folder import export_folder
from mlsec.snapshot.store import Snapshot
from tests.e2e import runs
from tests.estate.serve import RunningAws, Settings
from tests.shipped import shipped_vocabulary

_DEMO = runs.ROOT / "fixtures" / "demo"
# By cause: in which call's answer, what is there, and what the fix puts in its place.
_BUCKET = ("GetBucketPolicy", "999988887777:root", "123456789012:root")
FIXES: dict[tuple[str, str], tuple[str, str, str, str]] = {
    ("nordlicht-claims-artifacts", "access"): ("nordlicht-claims-artifacts", *_BUCKET),
    ("nordlicht-helpdesk-docs", "access"): ("nordlicht-helpdesk-docs", *_BUCKET),
    ("search-0005-execution", "has_unconditional_external_trust"): (
        "", "GetAccountAuthorizationDetails",
        '{"AWS":"*","Service":"sagemaker.amazonaws.com"}', '{"Service":"sagemaker.amazonaws.com"}',
    ),
    ("claims-triage-execution", "permissions"): (
        "", "GetAccountAuthorizationDetails",
        '{"Action":["*"],"Effect":"Allow","Resource":"*"}',
        '{"Action":["s3:GetObject"],"Effect":"Allow","Resource":"arn:aws:s3:::nordlicht/x"}',
    ),
    ("claims-api", "ai_routes: is_direct, is_public"): (
        "/score", "GetResources", '"authorizationType":"NONE"', '"authorizationType":"AWS_IAM"',
    ),
    ("credit-0002", "policy: effect, has_condition, principals"): (
        "credit-0002", "GetModelPackageGroupPolicy",
        r'\"Effect\": \"Allow\"', r'\"Effect\": \"Deny\"',
    ),
    ("sg-705b99cde26d71777", "ingress"): (
        "eu-west-1", "DescribeSecurityGroups",
        '{"FromPort":8080,"IpProtocol":"tcp","IpRanges":[{"CidrIp":"0.0.0.0/0"}]',
        '{"FromPort":8080,"IpProtocol":"tcp","IpRanges":[{"CidrIp":"10.20.0.0/16"}]',
    ),
    ("forecast-0004", "containers: environment.secret_kind"): (
        "forecast-0004", "Search", '"~secret":"aws-secret-key"', '"~secret":null',
    ),
    ("d-research", "network_access"): (
        "d-research", "DescribeDomain", '"PublicInternetOnly"', '"VpcOnly"',
    ),
}  # fmt: skip


def scanned(evidence: Path, out: Path) -> Assessment:
    accepts = ("--fail-on", "none", "--min-coverage", "0")
    done = runs.mlsec("scan", "--evidence", evidence, "-o", out, "-f", "json", *accepts)
    assert done.returncode == 0, done.stderr
    return runs.load_assessment(out)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    return scanned(_DEMO, tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six deployments and the story, as readable evidence that a test can change."""
    folder = tmp_path_factory.mktemp("company")
    with (
        pytest.MonkeyPatch.context() as patch,
        RunningAws(Settings(deployments=6, has_story=True)) as aws,
    ):
        for name, value in aws.environment().items():
            patch.setenv(name, value)
        settings = CollectSettings(vocabulary=shipped_vocabulary())
        taken = folder / "company.mlsnap"
        pipeline.collect(("aws",), taken, settings, resume=False, say=lambda *_: None)
        assert aws.mistakes() == []
    with Snapshot.open(taken) as snapshot:
        export_folder(snapshot, folder / "evidence")
    return folder / "evidence"


@pytest.fixture(scope="module")
def before(company: Path, tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    return scanned(company, tmp_path_factory.mktemp("before"))


def test_each_failure_stands_under_exactly_one_cause(demo: Assessment) -> None:
    failed = [one.fingerprint for one in demo.findings if one.status is Status.FAIL]
    assert Counter(item for cause in demo.causes for item in cause.findings) == Counter(failed)
    assert len({cause.id for cause in demo.causes}) == len(demo.causes)


def test_cause_is_as_severe_as_its_worst_failure(demo: Assessment) -> None:
    known = {one.fingerprint: one for one in demo.findings}
    for cause in demo.causes:
        worst = min((known[item].severity for item in cause.findings), key=lambda one: one.rank)
        assert cause.severity is worst
        assert cause.lead in cause.findings


def test_attack_paths_stand_under_a_link_of_theirs_and_name_the_others(demo: Assessment) -> None:
    [path] = [one for one in demo.findings if one.rule == _LONGEST and one.path is not None]
    [cause] = [one for one in demo.causes if path.fingerprint in one.findings]
    assert path.path is not None
    assert cause.resource.id in {node.id for node in path.path.nodes}
    others = {fact.resource.rpartition("/")[2] for fact in cause.shared[path.fingerprint]}
    assert others == {"claims-triage-execution", "claims-triage", "model.tar.gz"}


_LONGEST = "artifact/public-endpoint-unsigned-weights-externally-writable"


def fixed(company: Path, folder: Path, marker: str, operation: str, old: str, new: str) -> Path:
    """Copy the evidence with one answer changed, as a scan after the fix would find it."""
    folder.mkdir()
    for file in company.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    calls, hits = folder / "calls.jsonl", 0
    lines = calls.read_text().splitlines()
    for n, line in enumerate(lines):
        call = json.loads(line)
        if call["operation"] == operation and marker in line and old in line:
            lines[n] = line.replace(old, new)
            hits += 1
    assert hits == 1
    calls.write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.parametrize("where", FIXES, ids=lambda where: where[0])
def test_change_ends_exactly_what_its_card_says(
    where: tuple[str, str], company: Path, before: Assessment, tmp_path: Path
) -> None:
    name, setting = where
    [cause] = [
        one for one in before.causes
        if name in {one.resource.name, one.resource.id.rpartition("/")[2]}
        and [fact.setting for fact in one.facts] == [setting]
    ]  # fmt: skip
    after = scanned(fixed(company, tmp_path / "fixed", *FIXES[where]), tmp_path / "out")
    failed = {one.fingerprint for one in before.findings if one.status is Status.FAIL}
    still = {one.fingerprint for one in after.findings if one.status is Status.FAIL}
    ended = failed - still
    # Of a path with several links the card of another link has it; this one may end it too.
    elsewhere = {item for one in before.causes if one is not cause for item in one.shared}
    assert ended - elsewhere == set(cause.findings) - elsewhere
    assert set(cause.findings) <= ended
    assert still <= failed


def test_severe_causes_of_the_demo_are_the_faults_that_were_planted(demo: Assessment) -> None:
    severe = [one for one in demo.causes if one.severity.rank <= Severity.HIGH.rank]
    assert sorted(cause.resource.name for cause in severe) == [
        "attic/old.pkl", "churn-0000", "claims-api", "claims-triage-execution",
        "claims-triage/model.tar.gz", "credit-0002", "forecast-0004", "nordlicht-claims-artifacts",
        "nordlicht-helpdesk-docs", "search-0005", "search-0005-execution",
        "sg-705b99cde26d71777",
    ]  # fmt: skip
