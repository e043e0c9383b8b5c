"""A project on Google Cloud whose owner clicked through: a notebook, a bucket and an endpoint.

Values are what the console chooses when nothing is changed:
https://cloud.google.com/vpc/docs/vpc#default-network and /firewalls#more_rules_default_vpc,
https://cloud.google.com/iam/docs/service-account-types#default (the Compute Engine account is an
editor), https://cloud.google.com/vertex-ai/docs/workbench/instances/create (its account, a public
address, an idle shutdown of three hours), https://cloud.google.com/storage/docs/creating-buckets
(uniform access, public access prevention, soft delete of seven days),
https://cloud.google.com/vertex-ai/docs/predictions/online-prediction-logging (container log on,
access and request-response log off), https://cloud.google.com/logging/docs/store-log-entries
(30 and 400 days). A project asks for few APIs; the others are off.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.e2e.scenes.gcp_things import HERE, VERTEX, vertex
from tests.estate.gcp_estate import binding
from tests.estate.gcp_items.hierarchy import services
from tests.estate.gcp_kinds import DEFAULT_ACCOUNT, RECENT
from tests.estate.gcp_world import HOME, NUMBER, ORGANIZATION, PROJECT, Project, Thing, Told, World

_SELF = "https://www.googleapis.com/compute/v1"
_NETWORK = f"projects/{PROJECT}/global/networks/default"
_SUBNETWORK = f"projects/{PROJECT}/regions/{HOME}/subnetworks/default"
_OFF = frozenset(
    (
        "accesscontextmanager", "apigateway", "apikeys", "ces", "cloudasset", "cloudfunctions",
        "cloudkms", "container", "dialogflow", "discoveryengine", "generativelanguage",
        "modelarmor", "run", "secretmanager",
    )
)  # fmt: skip
_ON = (
    "aiplatform", "artifactregistry", "bigquery", "compute", "dataform", "iam", "logging",
    "monitoring", "notebooks", "storage",
)  # fmt: skip
_AGENT = f"service-{NUMBER}@gcp-sa-aiplatform.iam.gserviceaccount.com"
_ROLES: Mapping[str, tuple[str, ...]] = {
    "roles/owner": ("resourcemanager.projects.setIamPolicy", "iam.serviceAccounts.actAs"),
    "roles/editor": (
        "iam.serviceAccounts.actAs", "aiplatform.customJobs.create", "aiplatform.endpoints.predict",
        "storage.buckets.create", "storage.buckets.delete",
    ),
    "roles/aiplatform.serviceAgent": (
        "aiplatform.endpoints.predict", "storage.objects.get", "storage.objects.list",
        "iam.serviceAccounts.getAccessToken",
    ),
}  # fmt: skip
_BINDINGS = (
    binding("roles/owner", "user:ada@nordlicht.example"),
    binding("roles/editor", f"serviceAccount:{DEFAULT_ACCOUNT}"),
    binding("roles/aiplatform.serviceAgent", f"serviceAccount:{_AGENT}"),
)


def world() -> World:
    """Give the project in an organisation that has set no policy."""
    return World([*_project(), *_network(), *_logs(), *_work()], projects=(Project(disabled=_OFF),))


def _project() -> list[Thing | Told]:
    organization = ORGANIZATION.rpartition("/")[2]
    above = [
        {"resourceId": {"type": kind, "id": name}}
        for kind, name in (("project", PROJECT), ("organization", organization))
    ]
    account = f"projects/{PROJECT}/serviceAccounts/{DEFAULT_ACCOUNT}"
    domain = {"name": ORGANIZATION, "displayName": "nordlicht.example", "state": "ACTIVE"}
    return [
        _manager("v1", "GetAncestryResponse", f"projects/{PROJECT}:getAncestry", ancestor=above),
        _manager("v3", "Organization", ORGANIZATION, **domain),
        _manager(
            "v3", "Policy", f"projects/{PROJECT}:getIamPolicy", version=3, bindings=[*_BINDINGS]
        ),
        _manager("v3", "Policy", f"{ORGANIZATION}:getIamPolicy", version=3, bindings=[]),
        services(*(f"{name}.googleapis.com" for name in _ON)),
        Told(
            document="cloudidentity.v1",
            schema="SearchTransitiveGroupsResponse",
            path="groups/-/memberships:searchTransitiveGroups",
            body={"memberships": []},
        ),
        *(
            Thing(
                document="iam.v1",
                schema="Role",
                path=name,
                body={"name": name, "stage": "GA", "includedPermissions": list(permissions)},
            )
            for name, permissions in _ROLES.items()
        ),
        Thing(
            document="iam.v1",
            schema="ServiceAccount",
            path=account,
            body={"name": account, "email": DEFAULT_ACCOUNT, "projectId": PROJECT},
            policy={"bindings": []},
        ),
        Told(
            document="iam.v1",
            schema="ListServiceAccountKeysResponse",
            path=f"{account}/keys",
            body={},
        ),
    ]


def _manager(api: str, schema: str, path: str, **body: Any) -> Told:
    document = f"cloudresourcemanager.{api}"
    return Told(document=document, schema=schema, path=path, body=body)


def _network() -> list[Thing | Told]:
    opened = (
        ("default-allow-icmp", "0.0.0.0/0", {"IPProtocol": "icmp"}),
        ("default-allow-ssh", "0.0.0.0/0", {"IPProtocol": "tcp", "ports": ["22"]}),
        ("default-allow-rdp", "0.0.0.0/0", {"IPProtocol": "tcp", "ports": ["3389"]}),
        ("default-allow-internal", "10.128.0.0/9", {"IPProtocol": "tcp", "ports": ["0-65535"]}),
    )
    rules = [
        _compute(
            "Firewall",
            f"projects/{PROJECT}/global/firewalls/{name}",
            network=f"{_SELF}/{_NETWORK}",
            direction="INGRESS",
            priority=65534,
            sourceRanges=[source],
            allowed=[allowed],
        )
        for name, source, allowed in opened
    ]
    return [
        _compute("Network", _NETWORK, autoCreateSubnetworks=True),
        _compute(
            "Subnetwork",
            _SUBNETWORK,
            region=f"{_SELF}/projects/{PROJECT}/regions/{HOME}",
            network=f"{_SELF}/{_NETWORK}",
            purpose="PRIVATE",
            privateIpGoogleAccess=False,
        ),
        *rules,
    ]


def _compute(schema: str, path: str, **body: Any) -> Thing:
    known = {"name": path.rpartition("/")[2], "selfLink": f"{_SELF}/{path}"}
    return Thing(document="compute.v1", schema=schema, path=path, body={**known, **body})


def _logs() -> list[Thing | Told]:
    place = f"projects/{PROJECT}/locations/global/buckets"
    kept = {"_Required": 400, "_Default": 30}
    buckets = [
        _log("LogBucket", f"{place}/{name}", retentionDays=days, lifecycleState="ACTIVE",
             locked=name == "_Required")
        for name, days in kept.items()
    ]  # fmt: skip
    sinks = [
        Thing(
            document="logging.v2",
            schema="LogSink",
            path=f"projects/{PROJECT}/sinks/{name}",
            body={"name": name, "destination": f"logging.googleapis.com/{place}/{name}"},
        )
        for name in kept
    ]
    return [*buckets, *sinks]


def _log(schema: str, path: str, **body: Any) -> Thing:
    return Thing(document="logging.v2", schema=schema, path=path, body={"name": path, **body})


def _work() -> list[Thing | Told]:
    model, notebook = f"{HERE}/models/first", f"{HERE}-a/instances/first"
    image = "europe-docker.pkg.dev/vertex-ai/prediction/sklearn-cpu.1-5:latest"
    version = {
        "name": f"{model}@1",
        "displayName": "first",
        "versionId": "1",
        "versionAliases": ["default"],
        "versionCreateTime": RECENT,
        "artifactUri": f"gs://{PROJECT}-first/model",
        "containerSpec": {"imageUri": image},
    }
    deployed = {
        "id": "1",
        "model": f"{model}@1",
        "modelVersionId": "1",
        "dedicatedResources": {
            "machineSpec": {"machineType": "n1-standard-2"},
            "minReplicaCount": 1,
            "maxReplicaCount": 1,
        },
    }
    return [
        _bucket(),
        _notebook(notebook),
        vertex("models", "Model", "first", displayName="first"),
        Told(
            document="aiplatform.v1",
            schema=f"{VERTEX}ListModelVersionsResponse",
            path=f"{model}:listVersions",
            body={"models": [version]},
        ),
        vertex(
            "endpoints", "Endpoint", "first", {"bindings": []},
            displayName="first", deployedModels=[deployed], dedicatedEndpointEnabled=True,
        ),
    ]  # fmt: skip


def _bucket() -> Thing:
    access = (
        ("legacyBucketOwner", "projectEditor"), ("legacyBucketOwner", "projectOwner"),
        ("legacyBucketReader", "projectViewer"), ("legacyObjectReader", "projectViewer"),
        ("legacyObjectOwner", "projectEditor"), ("legacyObjectOwner", "projectOwner"),
    )  # fmt: skip
    return Thing(
        document="storage.v1",
        schema="Bucket",
        path=f"b/{PROJECT}-first",
        body={
            "name": f"{PROJECT}-first",
            "projectNumber": NUMBER,
            "location": "EUROPE-WEST4",
            "iamConfiguration": {
                "uniformBucketLevelAccess": {"enabled": True},
                "publicAccessPrevention": "enforced",
            },
            "softDeletePolicy": {"retentionDurationSeconds": "604800"},
        },
        policy={
            "bindings": [
                binding(f"roles/storage.{role}", f"{who}:{PROJECT}") for role, who in access
            ]
        },
    )


def _notebook(path: str) -> Thing:
    return Thing(
        document="notebooks.v2",
        schema="Instance",
        path=path,
        body={
            "name": path,
            "createTime": RECENT,
            "state": "ACTIVE",
            "creator": "ada@nordlicht.example",
            "gceSetup": {
                "machineType": "e2-standard-4",
                "disablePublicIp": False,
                "networkInterfaces": [{"network": _NETWORK, "subnet": _SUBNETWORK}],
                "serviceAccounts": [{"email": DEFAULT_ACCOUNT}],
                "bootDisk": {"diskEncryption": "GMEK"},
                "dataDisks": [{"diskEncryption": "GMEK"}],
                "shieldedInstanceConfig": {
                    "enableVtpm": True,
                    "enableSecureBoot": False,
                    "enableIntegrityMonitoring": True,
                },
                "metadata": {
                    "idle-timeout-seconds": "10800",
                    "notebook-disable-root": "false",
                    "framework": "JupyterLab",
                },
            },
        },
        policy={"bindings": []},
    )
