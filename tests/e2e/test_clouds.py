"""Several clouds in one run: one snapshot, one report, one SARIF run a scope, each told apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from mlsec import pipeline
from mlsec.collect.settings import CollectSettings
from mlsec.core.assessment import Assessment
from mlsec.core.errors import MlsecError
from mlsec.engine.model.rule import RuleSet
from mlsec.render import FORMATS
from mlsec.snapshot.folder import export_folder, import_folder
from mlsec.snapshot.store import Snapshot
from tests.e2e import runs
from tests.estate.azure_estate import build_azure
from tests.estate.azure_server import RunningAzure
from tests.estate.azure_world import SUBSCRIPTION
from tests.estate.faults import Fault, Kind
from tests.estate.gcp_estate import build_gcp
from tests.estate.gcp_server import RunningGcp
from tests.estate.gcp_world import PROJECT
from tests.estate.serve import RunningAws, Settings

_SCOPES = ("aws/123456789012", f"azure/{SUBSCRIPTION}", f"gcp/{PROJECT}")
_CLOUDS = ("aws", "azure", "gcp")


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """One snapshot of three clouds and what it came to."""

    path: Path
    meta: Mapping[str, str]
    assessment: Assessment


@pytest.fixture(scope="module")
def taken(ruleset: RuleSet, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    path = tmp_path_factory.mktemp("clouds") / "clouds.mlsnap"
    settings = CollectSettings(vocabulary=ruleset.vocabulary, **{**runs.QUICK, **runs.THOROUGH})
    with (
        pytest.MonkeyPatch.context() as patch,
        RunningAws(Settings(deployments=1)) as aws,
        RunningAzure(build_azure(2).world) as azure,
        RunningGcp(build_gcp(2).world) as gcp,
    ):
        for each in (aws, azure, gcp):
            for name, value in each.environment().items():
                patch.setenv(name, value)
        pipeline.collect(_CLOUDS, path, settings, resume=False, say=lambda *_: None)
        assert [*aws.mistakes(), *azure.mistakes(), *gcp.mistakes()] == []
    with Snapshot.open(path) as snapshot:
        meta = snapshot.meta()
    return Taken(path=path, meta=meta, assessment=runs.judge(path, ruleset))


def test_each_cloud_has_its_own_facts_in_the_one_snapshot(taken: Taken) -> None:
    for provider in _CLOUDS:
        places = json.loads(taken.meta[f"{provider}.places"])
        assert {scope["name"].partition("/")[0] for scope in places["scopes"]} == {provider}
        assert taken.meta[f"{provider}.principal"]
        assert json.loads(taken.meta[f"{provider}.settings"])["tries"] == "4"


def test_one_assessment_names_every_scope_and_in_whose_name_was_asked(taken: Taken) -> None:
    scan = taken.assessment.scan
    assert taken.assessment.coverage.scopes == set(_SCOPES)
    assert dict(scan.principals) == {
        provider: taken.meta[f"{provider}.principal"] for provider in _CLOUDS
    }
    assert all(who in scan.principal for who in scan.principals.values())
    assert {scan.settings[f"{provider}.tries"] for provider in _CLOUDS} == {"4"}


def test_sign_in_that_one_cloud_refuses_shows_before_another_is_walked(
    ruleset: RuleSet, tmp_path: Path
) -> None:
    settings = CollectSettings(vocabulary=ruleset.vocabulary, **runs.QUICK)
    with (
        pytest.MonkeyPatch.context() as patch,
        RunningGcp(build_gcp(1).world) as gcp,
        RunningAzure(build_azure(1).world) as azure,
    ):
        for each in (gcp, azure):
            for name, value in each.environment().items():
                patch.setenv(name, value)
        azure.set_faults(Fault(kind=Kind.DENY, operation="login:*"))
        with pytest.raises(MlsecError, match="Azure"):
            pipeline.collect(
                ("gcp", "azure"), tmp_path / "a.mlsnap", settings, resume=False,
                say=lambda *_: None,
            )  # fmt: skip
        assert [label for label in gcp.counts() if "login" not in label] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cloud", _CLOUDS)
def test_verdicts_of_a_cloud_stand_whatever_the_others_refuse(
    cloud: str, taken: Taken, ruleset: RuleSet, tmp_path: Path
) -> None:
    folder, alone = tmp_path / "told", tmp_path / "alone.mlsnap"
    with Snapshot.open(taken.path) as snapshot:
        export_folder(snapshot, folder)
    calls = folder / "calls.jsonl"
    lines = [json.loads(line) for line in calls.read_text("utf-8").splitlines()]
    for line in lines:
        if not line["scope"].startswith(f"{cloud}/"):
            line.pop("answer", None)
            line |= {"status": "gap", "reason": "denied", "error_code": "No"}
    calls.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    import_folder(folder, alone)
    assert _verdicts_of(cloud, runs.judge(alone, ruleset)) == _verdicts_of(cloud, taken.assessment)


def test_report_says_of_all_in_one_page_and_sarif_has_a_run_a_scope(taken: Taken) -> None:
    page = _written("html", taken.assessment)
    assert all(who in page for who in taken.assessment.scan.principals.values())
    assert all(scope in page for scope in _SCOPES)
    found = json.loads(_written("sarif", taken.assessment))["runs"]
    ids = [run["automationDetails"]["id"] for run in found]
    assert len(ids) == len(set(ids)) == len(_SCOPES)
    assert all(any(scope in each for each in ids) for scope in _SCOPES)


def _written(name: str, assessment: Assessment) -> str:
    payload = FORMATS[name].render(assessment)
    return (payload if isinstance(payload, bytes) else b"".join(payload)).decode()


def _verdicts_of(cloud: str, assessment: Assessment) -> set[tuple[str, str, str]]:
    """What was said of a cloud's resources that did not pass: rule, resource id, status."""
    found = {
        (finding.rule, finding.resource.id, finding.status.value)
        for finding in assessment.findings
        if finding.resource.provider == cloud
    }
    assert found
    return found
