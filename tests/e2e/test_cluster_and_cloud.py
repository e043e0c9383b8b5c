"""A cluster and an account in one scan: doors of the one, buckets and roles of the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlsec.collect.settings import CollectSettings
from mlsec.core.assessment import Assessment
from mlsec.core.enums import Status
from mlsec.engine.model.rule import RuleSet
from mlsec.snapshot.store import Snapshot
from mlsec.targets.collectors import COLLECTORS
from tests.e2e import runs
from tests.e2e.retold import retell
from tests.estate.kube_server import KubeWorld, RunningKube

_OPEN, _CLOSED = "nordlicht-claims-artifacts", "nordlicht-credit-0002-artifacts"
_POWERFUL, _WEAK = "claims-triage-execution", "credit-0002-execution"
# Each of the others lacks one link of the path.
_SERVED = {
    "taken-over": (_OPEN, _POWERFUL, True),
    "inside-only": (_OPEN, _POWERFUL, False),
    "own-weights": (_CLOSED, _POWERFUL, True),
    "weak-role": (_OPEN, _WEAK, True),
}


def _objects(name: str, bucket: str, role: str, *, is_open: bool) -> list[dict[str, Any]]:
    inside = {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal"}
    arn = f"arn:aws:iam::123456789012:role/{role}"
    container = {
        "name": "server",
        "image": "vllm/vllm-openai:v0.11.0",
        "args": ["--model", f"s3://{bucket}/model"],
        "ports": [{"containerPort": 8000}],
    }
    meta = {"name": name, "namespace": "models"}
    return [
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {**meta, "annotations": {"eks.amazonaws.com/role-arn": arn}},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": meta,
            "spec": {
                "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"serviceAccountName": name, "containers": [container]},
                }
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {**meta, "annotations": {} if is_open else inside},
            "spec": {
                "type": "LoadBalancer",
                "selector": {"app": name},
                "ports": [{"port": 80, "targetPort": 8000}],
            },
        },
    ]


@pytest.fixture(scope="module")
def told(ruleset: RuleSet, tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    folder = tmp_path_factory.mktemp("both")
    retell(runs.ROOT / "fixtures" / "demo", folder / "aws.mlsnap", ())
    path = folder / "both.mlsnap"
    runs.forget(folder / "aws.mlsnap", path, ())
    world = KubeWorld(
        [
            o
            for name, (b, r, is_open) in _SERVED.items()
            for o in _objects(name, b, r, is_open=is_open)
        ]
    )
    with RunningKube(world) as cluster, pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(cluster.kubeconfig(folder)))
        with Snapshot.resume(path) as snapshot:
            settings = CollectSettings(vocabulary=ruleset.vocabulary)
            COLLECTORS["kubernetes"].collect("kubernetes", snapshot, settings, None)
            snapshot.finish()
    return runs.judge(path, ruleset)


def _failed(told: Assessment, rule: str) -> set[str]:
    return {
        f.resource.name
        for f in told.findings
        if f.rule == rule and f.status is Status.FAIL and f.resource.provider == "kubernetes"
    }


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ("paths/public-endpoint-weights-externally-writable", {"taken-over"}),
        (
            "paths/privileged-role-weights-externally-writable",
            {"taken-over", "inside-only"},
        ),
        ("paths/weights-externally-writable", {"taken-over", "inside-only", "weak-role"}),
        ("k8s-network/service-public", {"taken-over", "own-weights", "weak-role"}),
    ],
)
def test_path_over_cluster_and_account_fires_and_its_near_misses_do_not(
    rule: str, wanted: set[str], told: Assessment
) -> None:
    assert _failed(told, rule) == wanted
    passed = {
        each.rpartition("/")[2].removesuffix("!endpoint") for each in told.passed.get(rule, ())
    }
    assert set(_SERVED) - wanted <= passed


def test_path_names_what_it_leads_over(told: Assessment) -> None:
    (found,) = [
        f
        for f in told.findings
        if f.rule == "paths/public-endpoint-weights-externally-writable"
        and f.resource.provider == "kubernetes"
        and f.status is Status.FAIL
    ]
    assert found.path is not None
    assert {node.type for node in found.path.nodes} >= {
        "kubernetes.endpoint",
        "kubernetes.service",
        "aws.s3.bucket",
        "aws.iam.role",
    }


def test_role_of_an_account_that_was_not_scanned_is_unknown_and_not_weak(
    ruleset: RuleSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RunningKube(KubeWorld(_objects("llm", _OPEN, _POWERFUL, is_open=True))) as cluster:
        monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig(tmp_path)))
        path = tmp_path / "x.mlsnap"
        with Snapshot.create(path) as snapshot:
            settings = CollectSettings(vocabulary=ruleset.vocabulary)
            COLLECTORS["kubernetes"].collect("kubernetes", snapshot, settings, None)
            snapshot.finish()
    said = {
        f.rule: f.status for f in runs.judge(path, ruleset).findings if f.rule.startswith("paths/")
    }
    assert said["paths/public-endpoint-weights-externally-writable"] is Status.NOT_ASSESSED
    assert said["paths/weights-externally-writable"] is Status.NOT_ASSESSED
