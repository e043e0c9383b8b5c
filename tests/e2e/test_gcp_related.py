"""Rules of Vertex AI that look at what a resource names: its account, buckets, tables, alerts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mlsec import pipeline
from mlsec.collect.settings import CollectSettings
from mlsec.core.assessment import Assessment
from mlsec.core.enums import Status
from mlsec.engine.model.rule import RuleSet
from tests.e2e import runs
from tests.e2e.scenes.gcp_things import (
    HERE,
    PARTNER,
    RING,
    account,
    bucket,
    dataset,
    email,
    key,
    member,
    notebook,
    project,
    vertex,
)
from tests.estate.faults import Fault, Kind
from tests.estate.gcp_estate import binding
from tests.estate.gcp_server import RunningGcp
from tests.estate.gcp_world import PROJECT, Thing, Told, World

_GUEST = PARTNER.partition(":")[2]
# Everything named "boss" runs as an account that can take over the project, "clerk" does not;
# "open" lies in buckets and tables that outsiders reach, "own" in those that they do not.
_FAILS: Mapping[str, str] = {
    "vertex/endpoint-account-privileged": "boss",
    "vertex/custom-job-account-privileged": "boss",
    "vertex/pipeline-run-account-privileged": "boss",
    "vertex/schedule-account-privileged": "boss",
    "vertex/agent-account-privileged": "boss",
    "workbench/instance-account-privileged": "boss",
    "vertex/custom-job-package-externally-writable": "open",
    "vertex/agent-code-externally-writable": "open",
    "vertex/runtime-template-start-script-externally-writable": "open",
    "workbench/instance-start-script-externally-writable": "open",
    "vertex/custom-job-output-externally-readable": "open",
    "vertex/batch-prediction-output-externally-readable": "open",
    "vertex/pipeline-run-output-externally-readable": "open",
    "vertex/feature-group-source-externally-readable": "open",
    "vertex/feature-group-source-externally-writable": "open",
    "vertex/endpoint-request-log-without-customer-key": "boss",
    "vertex/endpoint-without-alarm": "clerk",
    "vertex/endpoint-private-connect-unknown-projects": "boss",
    "vertex/model-file-in-external-bucket": "boss",
}
_NEAR: Mapping[str, str] = {"boss": "clerk", "clerk": "boss", "open": "own"}


def _run_by(name: str) -> list[Thing | Told]:
    """Give one of each kind that runs as an account."""
    who = email(name)
    log = {"enabled": True, "bigqueryDestination": {"outputUri": f"bq://{PROJECT}.{name}.log"}}
    guests = ["partner-works"] if name == "boss" else [PROJECT]
    files = "gs://partner-models/x" if name == "boss" else f"gs://{PROJECT}-own-code/x"
    version = {"name": f"{HERE}/models/{name}@1", "versionId": "1", "artifactUri": files}
    return [
        *account(name),
        vertex("models", "Model", name, displayName=name),
        Told(
            document="aiplatform.v1",
            schema="GoogleCloudAiplatformV1ListModelVersionsResponse",
            path=f"{HERE}/models/{name}:listVersions",
            body={"models": [version]},
        ),
        vertex(
            "endpoints",
            "Endpoint",
            name,
            {"bindings": []},
            displayName=name,
            predictRequestResponseLoggingConfig=log,
            privateServiceConnectConfig={
                "enablePrivateServiceConnect": True,
                "projectAllowlist": guests,
            },
            deployedModels=[{"id": "1", "serviceAccount": who}],
        ),
        vertex("customJobs", "CustomJob", name, displayName=name, jobSpec={"serviceAccount": who}),
        vertex("pipelineJobs", "PipelineJob", name, displayName=name, serviceAccount=who),
        vertex(
            "schedules",
            "Schedule",
            name,
            displayName=name,
            createPipelineJobRequest={"pipelineJob": {"serviceAccount": who}},
        ),
        vertex(
            "reasoningEngines",
            "ReasoningEngine",
            name,
            {"bindings": []},
            displayName=name,
            spec={"serviceAccount": who},
        ),
        notebook(name, name, is_open=False),
    ]


def _kept_in(name: str) -> list[Thing | Told]:
    """Give one of each kind that keeps its code or its results in the buckets of that name."""
    code, results = f"gs://{PROJECT}-{name}-code", f"gs://{PROJECT}-{name}-results"
    package = {"executorImageUri": "i", "packageUris": [f"{code}/train.tar.gz"]}
    script: dict[str, Any] = {"postStartupScriptConfig": {"postStartupScriptUrl": f"{code}/a.sh"}}
    bench = notebook(name, "clerk", is_open=False)
    bench.body["gceSetup"]["metadata"]["post-startup-script"] = f"{code}/a.sh"
    return [
        bench,
        vertex(
            "customJobs",
            "CustomJob",
            name,
            displayName=name,
            jobSpec={
                "workerPoolSpecs": [{"pythonPackageSpec": package}],
                "baseOutputDirectory": {"outputUriPrefix": results},
            },
        ),
        vertex(
            "batchPredictionJobs",
            "BatchPredictionJob",
            name,
            displayName=name,
            outputConfig={"gcsDestination": {"outputUriPrefix": results}},
        ),
        vertex(
            "pipelineJobs",
            "PipelineJob",
            name,
            displayName=name,
            runtimeConfig={"gcsOutputDirectory": results},
        ),
        vertex(
            "reasoningEngines",
            "ReasoningEngine",
            name,
            {"bindings": []},
            displayName=name,
            spec={"packageSpec": {"pickleObjectGcsUri": f"{code}/agent.pkl"}},
        ),
        vertex(
            "notebookRuntimeTemplates",
            "NotebookRuntimeTemplate",
            name,
            {"bindings": []},
            displayName=name,
            softwareConfig=script,
        ),
        vertex(
            "featureGroups",
            "FeatureGroup",
            name,
            bigQuery={"bigQuerySource": {"inputUri": f"bq://{PROJECT}.{name}.people"}},
        ),
    ]


def _world() -> World:
    creator, viewer = "roles/storage.objectCreator", "roles/storage.objectViewer"
    keyed = dataset("clerk")
    keyed.body["defaultEncryptionConfiguration"] = {"kmsKeyName": f"{RING}/cryptoKeys/kept"}
    alert = f"projects/{PROJECT}/alertPolicies/1"
    watched = (
        'metric.type="aiplatform.googleapis.com/prediction/online/error_count" AND '
        'resource.labels.endpoint_id="boss"'
    )
    return World(
        [
            *project([binding("roles/editor", member("boss"))]),
            *(part for name in ("boss", "clerk") for part in _run_by(name)),
            *(part for name in ("open", "own") for part in _kept_in(name)),
            bucket("open-code", binding(creator, PARTNER)),
            bucket("open-results", binding(viewer, PARTNER)),
            bucket("own-code", binding(viewer, PARTNER)),
            bucket("own-results", binding(creator, PARTNER)),
            dataset("open", {"role": "WRITER", "userByEmail": _GUEST}),
            dataset("own"),
            dataset("boss"),
            keyed,
            Thing(
                document="cloudkms.v1", schema="KeyRing", path=RING, body={"name": RING}, policy={}
            ),
            key("kept", "ENABLED"),
            Thing(
                document="monitoring.v3",
                schema="AlertPolicy",
                path=alert,
                body={
                    "name": alert,
                    "displayName": "errors",
                    "enabled": True,
                    "notificationChannels": [f"projects/{PROJECT}/notificationChannels/1"],
                    "conditions": [
                        {"displayName": "errors", "conditionThreshold": {"filter": watched}}
                    ],
                },
            ),
        ]
    )


@pytest.fixture(scope="module")
def told(ruleset: RuleSet, tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    path = tmp_path_factory.mktemp("related") / "related.mlsnap"
    settings = CollectSettings(vocabulary=ruleset.vocabulary, **{**runs.QUICK, **runs.THOROUGH})
    with pytest.MonkeyPatch.context() as patch, RunningGcp(_world()) as gcp:
        for name, value in gcp.environment().items():
            patch.setenv(name, value)
        gcp.set_faults(Fault(kind=Kind.DENY, operation="cloudasset:*"))
        pipeline.collect(("gcp",), path, settings, resume=False, say=lambda *_: None)
        assert gcp.mistakes() == []
    return runs.judge(path, ruleset)


@pytest.mark.parametrize("rule", sorted(_FAILS))
def test_rule_fires_on_what_it_names_and_not_on_the_near_miss(rule: str, told: Assessment) -> None:
    failed = {
        _tail(finding.resource.id)
        for finding in told.findings
        if finding.rule == rule and finding.status is Status.FAIL
    }
    passed = {_tail(each) for each in told.passed.get(rule, ())}
    assert failed == {_FAILS[rule]}
    assert _NEAR[_FAILS[rule]] in passed


def _tail(resource_id: str) -> str:
    return resource_id.rpartition("/")[2].partition("@")[0]
