"""The path rules on Kubernetes: endpoints of a cluster, with stores and roles of three clouds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mlsec.collect.settings import CollectSettings
from mlsec.core.assessment import Assessment
from mlsec.engine.model.rule import RuleSet
from mlsec.snapshot.store import Snapshot
from mlsec.targets.collectors import COLLECTORS
from tests.e2e import runs
from tests.e2e.retold import retell
from tests.e2e.scenes import Scene, Stage, aws, gcp
from tests.e2e.scenes import azure_company as company
from tests.e2e.scenes.azure_company import Part
from tests.e2e.scenes.gcp_things import RING, email, key, member, project, repository
from tests.e2e.scenes.gcp_things import account as gcp_account
from tests.estate.azure_items.access import FOREIGN_GROUP, OWNER_ROLE, WRITE_BLOBS_ROLE
from tests.estate.azure_server import RunningAzure
from tests.estate.azure_world import World as AzureWorld
from tests.estate.faults import Fault, Kind
from tests.estate.gcp_estate import binding
from tests.estate.gcp_server import RunningGcp
from tests.estate.gcp_world import PROJECT, Thing
from tests.estate.gcp_world import World as GcpWorld
from tests.estate.kube_server import KubeWorld, RunningKube

Object = dict[str, Any]
_MIGHTY, _WEAK = (f"5d000000-0000-4000-8000-{n:012d}" for n in (1, 2))
_AWS = "arn:aws:iam::123456789012:role/{}-execution"
_EKS = "eks.amazonaws.com/role-arn"
_GKE = "iam.gke.io/gcp-service-account"
_AKS = "azure.workload.identity/client-id"
_INSIDE = {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal"}


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint: where its weights lie, whose rights it has, and who reaches it."""

    name: str
    weights: str
    identity: tuple[str, str] = ("", "")
    is_open: bool = False
    environment: str = ""
    account: str = ""


def _s3(deployment: str) -> str:
    return f"s3://nordlicht-{deployment}-artifacts/model"


_BLOB = "https://{}.blob.core.windows.net/weights/model"
_CLAIMS, _CREDIT = (_EKS, _AWS.format("claims-triage")), (_EKS, _AWS.format("credit-0002"))
_SERVED = (
    Served(name="taken-over", weights=_s3("claims"), identity=_CLAIMS, is_open=True),
    Served(name="inside-only", weights=_s3("claims"), identity=_CLAIMS),
    Served(name="own-weights", weights=_s3("credit-0002"), identity=_CLAIMS, is_open=True),
    Served(name="weak-role", weights=_s3("claims"), identity=_CREDIT, is_open=True),
    Served(
        name="gs-taken-over",
        weights=f"gs://{PROJECT}-taken-over/model",
        identity=(_GKE, email("taken-over")),
        is_open=True,
    ),
    Served(
        name="gs-weak-role",
        weights=f"gs://{PROJECT}-taken-over/model",
        identity=(_GKE, email("open-weights")),
        is_open=True,
    ),
    Served(
        name="gs-own-weights",
        weights=f"gs://{PROJECT}-quiet/model",
        identity=(_GKE, email("taken-over")),
        is_open=True,
    ),
    Served(
        name="az-taken-over",
        weights=_BLOB.format("openweights"),
        identity=(_AKS, _MIGHTY),
        is_open=True,
    ),
    Served(
        name="az-weak-role",
        weights=_BLOB.format("openweights"),
        identity=(_AKS, _WEAK),
        is_open=True,
    ),
    Served(
        name="az-own-weights",
        weights=_BLOB.format("closed"),
        identity=(_AKS, _MIGHTY),
        is_open=True,
    ),
    Served(name="studied", weights=_s3("churn-0000")),
    Served(name="prod-from-test", weights=_s3("fraud-0001"), environment="prod"),
    Served(name="prod-from-prod", weights=_s3("credit-0002"), environment="prod"),
    Served(name="shares-account", weights=_s3("credit-0002"), account="study"),
)
_OPEN_WEIGHTS = ("az-taken-over", "az-weak-role", "gs-taken-over", "gs-weak-role")


def _endpoint(served: Served) -> Iterator[Object]:
    account = served.account or served.name
    meta = {"name": served.name, "namespace": "models"}
    container = {
        "name": "server",
        "image": "vllm/vllm-openai:v0.11.0",
        "args": ["--model", served.weights],
        "ports": [{"containerPort": 8000}],
    }
    annotations = dict([served.identity]) if served.identity[0] else {}
    if not served.account:
        yield {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {**meta, "annotations": annotations},
        }
    labels = {"Environment": served.environment} if served.environment else {}
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {**meta, "labels": labels},
        "spec": {
            "template": {
                "metadata": {"labels": {"app": served.name}},
                "spec": {"serviceAccountName": account, "containers": [container]},
            }
        },
    }
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {**meta, "annotations": {} if served.is_open else _INSIDE},
        "spec": {
            "type": "LoadBalancer",
            "selector": {"app": served.name},
            "ports": [{"port": 80, "targetPort": 8000}],
        },
    }


def _notebook(name: str, account: str, *, is_root: bool) -> Object:
    spec = {
        "serviceAccountName": account,
        "containers": [
            {
                "name": name,
                "image": "kubeflownotebookswg/jupyter-scipy:v1.9.0",
                "securityContext": {"runAsNonRoot": not is_root},
            }
        ],
    }
    return {
        "apiVersion": "kubeflow.org/v1",
        "kind": "Notebook",
        "metadata": {"name": name, "namespace": "models"},
        "spec": {"template": {"spec": spec}},
    }


def _climber() -> Iterator[Object]:
    """An account that may give itself any right, and notebooks that run as it."""
    rbac = "rbac.authorization.k8s.io"
    meta = {"name": "climber", "namespace": "models"}
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}
    yield {
        "apiVersion": f"{rbac}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "climber"},
        "rules": [
            {"apiGroups": [rbac], "resources": ["clusterroles"], "verbs": ["escalate", "update"]}
        ],
    }
    yield {
        "apiVersion": f"{rbac}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "climber"},
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "climber"},
        "subjects": [{"kind": "ServiceAccount", **meta}],
    }
    yield _notebook("root-climbs", "climber", is_root=True)
    yield _notebook("user-climbs", "climber", is_root=False)
    yield {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "study", "namespace": "models"},
    }
    yield _notebook("study", "study", is_root=False)


def objects() -> list[Object]:
    """Everything in the cluster."""
    return [*(each for served in _SERVED for each in _endpoint(served)), *_climber()]


def _azure_items() -> list[Any]:
    ids = (("mighty", _MIGHTY), ("weak", _WEAK))
    identities = [each for name, who in ids for each in company.identity(name, who)]
    for each in identities:
        # The two numbers of an identity are alike here, to be told by either.
        each["properties"]["clientId"] = each["properties"]["principalId"]
    parts = (
        Part(name="one", store="openweights", principal=_MIGHTY, identity="mighty"),
        Part(name="two", store="closed", principal=_WEAK, identity="weak"),
    )
    return [
        *company.roles(),
        *identities,
        *(each for part in parts for each in company.served(part)),
        *company.image_registry("scenes"),
        *company.store("openweights", "weights", "data", given=[(WRITE_BLOBS_ROLE, FOREIGN_GROUP)]),
        *company.store("closed", "weights", "data", "insights-logs-requestresponse"),
        *company.given(OWNER_ROLE, _MIGHTY, "mighty"),
    ]


def _gcp_items() -> list[Any]:
    names = ("quiet", "open-weights", "taken-over")
    wanted = {f"b/{PROJECT}-{name}" for name in names}
    ring = Thing(
        document="cloudkms.v1", schema="KeyRing", path=RING, body={"name": RING}, policy={}
    )
    return [
        *project([binding("roles/editor", member("taken-over"))]),
        *(part for name in names for part in gcp_account(name)),
        *(each for each in gcp.buckets() if each.path in wanted),
        ring,
        key("kept", "ENABLED"),
        repository("quiet", "roles/artifactregistry.reader"),
        *(part for name in names for part in gcp.endpoint(name)),
    ]


def _play(ruleset: RuleSet, folder: Path) -> Assessment:
    retell(runs.ROOT / "fixtures" / "demo", folder / "aws.mlsnap", aws.EDITS)
    path = folder / "all.mlsnap"
    runs.forget(folder / "aws.mlsnap", path, ())
    settings = CollectSettings(vocabulary=ruleset.vocabulary, **{**runs.QUICK, **runs.THOROUGH})
    with (
        pytest.MonkeyPatch.context() as patch,
        RunningAzure(AzureWorld(_azure_items())) as azure,
        RunningGcp(GcpWorld(_gcp_items())) as google,
        RunningKube(KubeWorld(objects())) as cluster,
        Snapshot.resume(path) as snapshot,
    ):
        for name, value in (azure.environment() | google.environment()).items():
            patch.setenv(name, value)
        patch.setenv("KUBECONFIG", str(cluster.kubeconfig(folder)))
        google.set_faults(Fault(kind=Kind.DENY, operation="cloudasset:*"))
        for target in ("azure", "gcp", "kubernetes"):
            COLLECTORS[target].collect(target, snapshot, settings, None)
        snapshot.finish()
    return _of_cluster(runs.judge(path, ruleset))


def _of_cluster(told: Assessment) -> Assessment:
    """What the clouds behind the cluster say of their own is told in their own scenes."""
    findings = tuple(f for f in told.findings if f.resource.provider == "kubernetes")
    passed = {
        rule: tuple(each.removesuffix("!endpoint").removesuffix("!notebook") for each in ids)
        for rule, ids in told.passed.items()
    }
    own = {rule: tuple(i for i in ids if i.startswith("k8s://")) for rule, ids in passed.items()}
    return msgspec.structs.replace(told, findings=findings, passed=own)


_NO_BUCKET = "an endpoint of a cluster writes its answers and its requests to no bucket"
_NO_AGENT = "a cluster has no kind for an agent"
STAGE = Stage(
    play=_play,
    scenes={
        "public-endpoint-weights-externally-writable": Scene(
            fires=("az-taken-over", "gs-taken-over", "taken-over"),
            near=(
                "inside-only", "own-weights", "weak-role",
                "gs-weak-role", "gs-own-weights", "az-weak-role", "az-own-weights",
            ),
        ),
        "privileged-role-weights-externally-writable": Scene(
            fires=("az-taken-over", "gs-taken-over", "inside-only", "taken-over"),
            near=("own-weights", "weak-role", "gs-weak-role", "az-own-weights"),
        ),
        "weights-externally-writable": Scene(
            fires=(*_OPEN_WEIGHTS, "inside-only", "taken-over", "weak-role"),
            near=("own-weights", "gs-own-weights", "az-own-weights"),
        ),
        "weights-writable-from-notebook": Scene(fires=("studied",), near=("prod-from-test",)),
        "production-serves-from-test-bucket": Scene(
            fires=("prod-from-test",), near=("prod-from-prod",)
        ),
        "serving-role-shared-with-notebook": Scene(
            fires=("shares-account",), near=("prod-from-prod",)
        ),
        "notebook-root-internet-escalation": Scene(fires=("root-climbs",), near=("user-climbs",)),
    },
    lacks={
        "async-results-externally-readable": _NO_BUCKET,
        "captured-data-externally-readable": _NO_BUCKET,
        "public-agent-without-confirmation": _NO_AGENT,
        "externally-writable-knowledge-reaches-tools": _NO_AGENT,
        "knowledge-externally-writable": "a vector store in a cluster is a server",
        "prompt-log-externally-readable": "a cluster calls no managed models by itself",
        "role-can-misuse-and-hide": "rights of a cluster call no models and stop no logs",
        "serving-image-externally-pushable": "whose a registry is stands with the registry",
        "serving-key-unusable": "storage of a cluster is encrypted by what provides it",
        "training-data-externally-writable": "a job that trains is a workload",
    },
)  # fmt: skip
