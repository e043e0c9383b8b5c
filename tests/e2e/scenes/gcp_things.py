"""Single things of Google Cloud as the scenes of path rules need them, with nothing to spare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.estate.gcp_estate import binding
from tests.estate.gcp_kinds import RECENT
from tests.estate.gcp_world import HOME, NUMBER, ORGANIZATION, PROJECT, Thing, Told

HERE = f"projects/{PROJECT}/locations/{HOME}"
RING = f"{HERE}/keyRings/scenes"
VERTEX = "GoogleCloudAiplatformV1"
PARTNER = "user:ci.partner.works@gmail.com"
_ROLES: Mapping[str, tuple[str, ...]] = {
    "roles/editor": ("aiplatform.customJobs.create", "iam.serviceAccounts.actAs"),
    "roles/aiplatform.user": ("aiplatform.endpoints.predict", "aiplatform.reasoningEngines.query"),
    "roles/artifactregistry.reader": ("artifactregistry.repositories.downloadArtifacts",),
    "roles/artifactregistry.writer": ("artifactregistry.repositories.uploadArtifacts",),
    "roles/bigquery.dataEditor": ("bigquery.tables.getData", "bigquery.tables.updateData"),
    "roles/bigquery.dataViewer": ("bigquery.tables.getData",),
    "roles/logging.admin": ("logging.sinks.delete", "logging.sinks.update"),
    "roles/modelarmor.admin": ("modelarmor.templates.delete", "modelarmor.templates.update"),
    "roles/run.invoker": ("run.routes.invoke",),
    "roles/storage.objectAdmin": ("storage.objects.create", "storage.objects.get"),
    "roles/storage.objectCreator": ("storage.objects.create",),
    "roles/storage.objectViewer": ("storage.objects.get",),
}


def project(bindings: list[dict[str, Any]]) -> list[Thing | Told]:
    """Give the project with its policy, what stands above it, and the roles that are granted."""
    organization = ORGANIZATION.rpartition("/")[2]
    above = [
        {"resourceId": {"type": kind, "id": name}}
        for kind, name in (("project", PROJECT), ("organization", organization))
    ]
    held = {"version": 3, "bindings": bindings}
    found: list[Thing | Told] = [
        Told(
            document="cloudresourcemanager.v1",
            schema="GetAncestryResponse",
            path=f"projects/{PROJECT}:getAncestry",
            body={"ancestor": above},
        ),
        Told(
            document="cloudresourcemanager.v3",
            schema="Organization",
            path=ORGANIZATION,
            body={"name": ORGANIZATION, "displayName": "nordlicht.example", "state": "ACTIVE"},
        ),
        Told(
            document="cloudresourcemanager.v3",
            schema="Policy",
            path=f"projects/{PROJECT}:getIamPolicy",
            body=held,
        ),
        Told(
            document="cloudresourcemanager.v3",
            schema="Policy",
            path=f"{ORGANIZATION}:getIamPolicy",
            body={"version": 3, "bindings": []},
        ),
        Told(
            document="cloudidentity.v1",
            schema="SearchTransitiveGroupsResponse",
            path="groups/-/memberships:searchTransitiveGroups",
            body={"memberships": []},
        ),
    ]
    roles = [
        Thing(
            document="iam.v1",
            schema="Role",
            path=name,
            body={"name": name, "stage": "GA", "includedPermissions": list(permissions)},
        )
        for name, permissions in _ROLES.items()
    ]
    return [*found, *roles]


def email(name: str) -> str:
    return f"{name}@{PROJECT}.iam.gserviceaccount.com"


def member(name: str) -> str:
    return f"serviceAccount:{email(name)}"


def account(name: str) -> list[Thing | Told]:
    path = f"projects/{PROJECT}/serviceAccounts/{email(name)}"
    return [
        Thing(
            document="iam.v1",
            schema="ServiceAccount",
            path=path,
            body={"name": path, "email": email(name), "projectId": PROJECT},
            policy={"bindings": []},
        ),
        Told(
            document="iam.v1",
            schema="ListServiceAccountKeysResponse",
            path=f"{path}/keys",
            body={},
        ),
    ]


def bucket(name: str, *bindings: Mapping[str, Any], environment: str = "") -> Thing:
    """Give a bucket that lets in whom its bindings name; nobody is kept out by prevention."""
    return Thing(
        document="storage.v1",
        schema="Bucket",
        path=f"b/{PROJECT}-{name}",
        body={
            "name": f"{PROJECT}-{name}",
            "projectNumber": NUMBER,
            "location": "EUROPE-WEST4",
            "labels": {"environment": environment} if environment else {},
            "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}},
            "softDeletePolicy": {"retentionDurationSeconds": "604800"},
        },
        policy={"bindings": [dict(each) for each in bindings]},
    )


def key(name: str, state: str) -> Thing:
    path = f"{RING}/cryptoKeys/{name}"
    return Thing(
        document="cloudkms.v1",
        schema="CryptoKey",
        path=path,
        body={
            "name": path,
            "purpose": "ENCRYPT_DECRYPT",
            "primary": {"name": f"{path}/cryptoKeyVersions/1", "state": state},
            "destroyScheduledDuration": "2592000s",
        },
        policy={"bindings": []},
    )


def repository(name: str, role: str) -> Thing:
    path = f"{HERE}/repositories/{name}"
    return Thing(
        document="artifactregistry.v1",
        schema="Repository",
        path=path,
        body={"name": path, "format": "DOCKER"},
        policy={"bindings": [binding(role, PARTNER)]},
    )


def dataset(name: str, *access: Mapping[str, Any]) -> Thing:
    return Thing(
        document="bigquery.v2",
        schema="Dataset",
        path=f"projects/{PROJECT}/datasets/{name}",
        body={
            "datasetReference": {"projectId": PROJECT, "datasetId": name},
            "location": HOME,
            "access": [{"role": "OWNER", "specialGroup": "projectOwners"}, *access],
        },
    )


def vertex(noun: str, schema: str, name: str, policy: Any = None, **body: Any) -> Thing:
    path = f"{HERE}/{noun}/{name}"
    return Thing(
        document="aiplatform.v1",
        schema=f"{VERTEX}{schema}",
        path=path,
        body={"name": path, "createTime": RECENT, **body},
        policy=policy,
    )


def notebook(name: str, account: str, *, is_open: bool) -> Thing:
    path = f"{HERE}-a/instances/{name}"
    return Thing(
        document="notebooks.v2",
        schema="Instance",
        path=path,
        body={
            "name": path,
            "createTime": RECENT,
            "state": "ACTIVE",
            "gceSetup": {
                "disablePublicIp": not is_open,
                "serviceAccounts": [{"email": email(account)}],
                "metadata": {"notebook-disable-root": "false" if is_open else "true"},
            },
        },
        policy={"bindings": []},
    )


def corpus(name: str) -> list[Thing | Told]:
    """Give a corpus with one document, from the bucket of its name."""
    uris = [f"gs://{PROJECT}-{name}/manual.pdf"]
    return [
        vertex("ragCorpora", "RagCorpus", name, displayName=name),
        vertex(f"ragCorpora/{name}/ragFiles", "RagFile", "1", gcsSource={"uris": uris}),
    ]


def tuning(name: str) -> Thing:
    return vertex(
        "tuningJobs",
        "TuningJob",
        name,
        tunedModelDisplayName=name,
        state="JOB_STATE_SUCCEEDED",
        baseModel="gemini-2.5-flash",
        supervisedTuningSpec={"trainingDatasetUri": f"gs://{PROJECT}-{name}/tune.jsonl"},
    )


def batch(model: str, store: str) -> Thing:
    """Give a finished batch prediction by the first version of a model."""
    return vertex(
        "batchPredictionJobs",
        "BatchPredictionJob",
        store,
        displayName=store,
        state="JOB_STATE_SUCCEEDED",
        model=f"{HERE}/models/{model}",
        modelVersionId="1",
        outputConfig={"gcsDestination": {"outputUriPrefix": f"gs://{PROJECT}-{store}/out"}},
    )


def door(name: str) -> Thing:
    path = f"{HERE}/services/{name}"
    return Thing(
        document="run.v2",
        schema="GoogleCloudRunV2Service",
        path=path,
        body={
            "name": path,
            "uri": f"https://{name}-x.a.run.app",
            "ingress": "INGRESS_TRAFFIC_ALL",
            "template": {"serviceAccount": email(name), "containers": [{"image": "app"}]},
        },
        policy={"bindings": [binding("roles/run.invoker", "allUsers")]},
    )


def app(name: str, *, is_open: bool, corpus: str = "", log: str = "quiet") -> list[Thing]:
    """Give an app with a tool that acts, deployed once under its own name; the draft is empty."""
    path = f"{HERE}/apps/{name}"
    tools: list[dict[str, Any]] = [
        {"name": f"{path}/tools/pay", "pythonFunction": {"name": "pay", "pythonCode": "pass"}}
    ]
    if corpus:
        searched = {
            "name": "search",
            "corpusType": "USER_OWNED",
            "fileCorpus": f"{HERE}/ragCorpora/{corpus}",
        }
        tools.append({"name": f"{path}/tools/search", "fileSearchTool": searched})
    agent = {
        "name": f"{path}/agents/root",
        "displayName": "root",
        "tools": [str(each["name"]) for each in tools],
    }
    version = f"{path}/versions/1"
    channel: dict[str, Any] = {"channelType": "API"}
    if is_open:
        channel = {
            "channelType": "WEB_UI",
            "webWidgetConfig": {"securitySettings": {"enablePublicAccess": True}},
        }
    export = {"enabled": True, "project": PROJECT, "dataset": log}
    parts = (
        ("App", path, {"displayName": name,
                       "loggingSettings": {"bigqueryExportSettings": export}}),
        ("AppVersion", version, {"displayName": "1",
                                 "snapshot": {"agents": [agent], "tools": tools}}),
        ("Deployment", f"{path}/deployments/{name}",
         {"displayName": name, "appVersion": version, "channelProfile": channel}),
    )  # fmt: skip
    return [
        Thing(document="ces.v1", schema=schema, path=where, body={"name": where, **body})
        for schema, where, body in parts
    ]
