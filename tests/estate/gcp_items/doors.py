"""Front doors of the invented company: Cloud Run, functions, API gateways, and its clusters."""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.estate.gcp_estate import Planted, Site, binding
from tests.estate.gcp_items.iam import account_id
from tests.estate.gcp_kinds import (
    DEFAULT_ACCOUNT,
    FEW,
    LABELS,
    SECRET_VARIABLE,
    TOKEN,
    account_of,
    bucket_of,
    image_of,
    key_of,
)
from tests.estate.gcp_world import PROJECT, Thing, Told

_SERVICES: tuple[tuple[str, ...], ...] = (
    ("cloud-run/model-server-public", "cloud-run/public-service-reaches-model"),
    ("cloud-run/model-service-secret-in-environment", "cloud-run/model-service-image-unpinned"),
    ("cloud-run/model-service-default-service-account",),
    ("cloud-run/model-server-egress-unrestricted",),
    (),
)
_FUNCTIONS: tuple[tuple[str, ...], ...] = (
    ("cloud-functions/public-function-reaches-model",),
    ("cloud-functions/ml-function-secret-in-environment",
     "cloud-functions/ml-function-without-tls"),
    (), (), (),
)  # fmt: skip
_CLUSTERS: tuple[tuple[str, ...], ...] = (
    ("gke/ml-cluster-api-any-address",),
    ("gke/ml-cluster-nodes-public-ip",),
    ("gke/ml-cluster-without-network-policy", "gke/ml-cluster-admits-unsigned-images"),
    ("gke/ml-cluster-without-workload-identity", "gke/ml-nodes-expose-credentials"),
    ("gke/ml-nodes-default-service-account", "gke/ml-cluster-without-shielded-nodes"),
)
_GATEWAYS: tuple[tuple[str, ...], ...] = (
    ("api-gateway/public-path-reaches-model",),
    (),
    (),
    (),
    (),
)
_DEFAULT = Planted(rule="gcp-iam/ml-default-service-account", every=5, which=2)


def _planted(table: tuple[tuple[str, ...], ...]) -> tuple[Planted, ...]:
    return tuple(
        Planted(rule=rule, every=5, which=n) for n, rules in enumerate(table) for rule in rules
    )


FAULTS: tuple[Planted, ...] = tuple(
    fault for table in (_SERVICES, _FUNCTIONS, _CLUSTERS, _GATEWAYS) for fault in _planted(table)
)


def of_company() -> list[Thing | Told]:
    return []


def of_deployment(site: Site) -> list[Thing | Told]:
    if site.deployment.index >= FEW:
        return []
    return [_service(site), _function(site), _cluster(site), *_gateway(site)]


def _strike(site: Site, table: tuple[tuple[str, ...], ...], resource_id: str) -> int:
    for fault in _planted(table):
        site.is_struck(fault, resource_id)
    return site.deployment.index % 5


def _service(site: Site) -> Thing:
    path = f"{site.here}/services/{site.name}"
    container: dict[str, Any] = {
        "image": image_of(site, "vllm"),
        "env": [
            {"name": "MODEL_NAME", "value": "scorer"},
            {
                "name": "HUB",
                "valueSource": {"secretKeyRef": {"secret": f"{site.name}-hub", "version": "1"}},
            },
        ],
        "resources": {"limits": {"nvidia.com/gpu": "1"}},
    }
    template: dict[str, Any] = {
        "serviceAccount": account_of(site),
        "containers": [container],
        "nodeSelector": {"accelerator": "nvidia-l4"},
        "encryptionKey": key_of(site)["kmsKeyName"],
        "volumes": [{"name": "weights", "gcs": {"bucket": bucket_of(site), "readOnly": True}}],
        "vpcAccess": {
            "egress": "ALL_TRAFFIC",
            "networkInterfaces": [{"network": f"projects/{PROJECT}/global/networks/{site.name}"}],
        },
    }
    body: dict[str, Any] = {
        "name": path,
        "labels": dict(LABELS),
        "uri": f"https://{site.name}-x.a.run.app",
        "ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY",
        "template": template,
    }
    bindings = [binding("roles/run.invoker", f"serviceAccount:{account_of(site)}")]
    match _strike(site, _SERVICES, f"//run.googleapis.com/{path}"):
        case 0:
            body["ingress"] = "INGRESS_TRAFFIC_ALL"
            bindings.append(binding("roles/run.invoker", "allUsers"))
        case 1:
            container["env"].append(dict(SECRET_VARIABLE))
            container["image"] = f"{site.region}-docker.pkg.dev/{PROJECT}/{site.name}/vllm:1"
        case 2:
            template["serviceAccount"] = DEFAULT_ACCOUNT
            site.is_struck(_DEFAULT, account_id(DEFAULT_ACCOUNT))
        case 3:
            template["vpcAccess"]["egress"] = "PRIVATE_RANGES_ONLY"
        case 4:
            # Everybody may invoke it, but from the internet nobody gets there.
            bindings.append(binding("roles/run.invoker", "allUsers"))
    return Thing(
        document="run.v2",
        schema="GoogleCloudRunV2Service",
        path=path,
        body=body,
        policy={"bindings": bindings},
        asset="run.googleapis.com/Service",
    )


def _function(site: Site) -> Thing:
    path = f"{site.here}/functions/{site.name}"
    config: dict[str, Any] = {
        "serviceAccountEmail": account_of(site),
        "ingressSettings": "ALLOW_ALL",
        "securityLevel": "SECURE_ALWAYS",
        "environmentVariables": {"MODE": "a"},
    }
    bindings = [binding("roles/cloudfunctions.invoker", f"serviceAccount:{account_of(site)}")]
    match _strike(site, _FUNCTIONS, f"//cloudfunctions.googleapis.com/{path}"):
        case 0:
            bindings.append(binding("roles/cloudfunctions.invoker", "allUsers"))
        case 1:
            config["environmentVariables"] = {"MODE": "a", "HF_TOKEN": TOKEN}
            config["securityLevel"] = "SECURE_OPTIONAL"
        case 2:
            # Open to all, but its account may call no model.
            bindings.append(binding("roles/cloudfunctions.invoker", "allUsers"))
    return Thing(
        document="cloudfunctions.v2",
        schema="Function",
        path=path,
        body={
            "name": path,
            "environment": "GEN_1",
            "labels": dict(LABELS),
            "serviceConfig": config,
        },
        policy={"bindings": bindings},
    )


def _cluster(site: Site) -> Thing:
    path = f"{site.here}/clusters/{site.name}"
    config: dict[str, Any] = {
        "machineType": "g2-standard-8",
        "serviceAccount": account_of(site),
        "accelerators": [{"acceleratorCount": "1", "acceleratorType": "nvidia-l4"}],
        "workloadMetadataConfig": {"mode": "GKE_METADATA"},
    }
    body: dict[str, Any] = {
        "name": site.name,
        "location": site.region,
        "resourceLabels": dict(LABELS),
        "masterAuthorizedNetworksConfig": {
            "enabled": True,
            "cidrBlocks": [{"cidrBlock": "10.0.0.0/8"}],
        },
        "networkConfig": {
            "network": f"projects/{PROJECT}/global/networks/{site.name}",
            "subnetwork": f"projects/{PROJECT}/regions/{site.region}/subnetworks/{site.name}",
            "datapathProvider": "ADVANCED_DATAPATH",
            "defaultEnablePrivateNodes": True,
        },
        "binaryAuthorization": {"evaluationMode": "PROJECT_SINGLETON_POLICY_ENFORCE"},
        "workloadIdentityConfig": {"workloadPool": f"{PROJECT}.svc.id.goog"},
        "shieldedNodes": {"enabled": True},
        "nodePools": [{"name": "gpu", "config": config}],
    }
    match _strike(site, _CLUSTERS, f"//container.googleapis.com/{path}"):
        case 0:
            body["masterAuthorizedNetworksConfig"]["enabled"] = False
        case 1:
            body["networkConfig"]["defaultEnablePrivateNodes"] = False
        case 2:
            body["networkConfig"]["datapathProvider"] = "LEGACY_DATAPATH"
            body["binaryAuthorization"] = {"evaluationMode": "DISABLED"}
        case 3:
            del body["workloadIdentityConfig"]
            config["workloadMetadataConfig"] = {"mode": "GCE_METADATA"}
        case 4:
            config["serviceAccount"] = "default"
            body["shieldedNodes"] = {"enabled": False}
    return Thing(document="container.v1", schema="Cluster", path=path, body=body)


def _gateway(site: Site) -> list[Thing | Told]:
    config = f"projects/{PROJECT}/locations/global/apis/scores/configs/{site.name}"
    gateway = f"{site.here}/gateways/{site.name}"
    is_open = _strike(site, _GATEWAYS, f"//apigateway.googleapis.com/{gateway}") == 0
    asked = [] if is_open else [{"users": []}]
    endpoint = f"{site.here}/endpoints/{site.deployment.index + 1000}"
    document = {
        "swagger": "2.0",
        "securityDefinitions": {"users": {"type": "oauth2", "x-google-issuer": "https://id"}},
        "paths": {
            "/score": {
                "post": {
                    "security": asked,
                    "x-google-backend": {
                        "address": f"https://{site.region}-aiplatform.googleapis.com/v1/{endpoint}:predict"
                    },
                }
            }
        },
    }
    contents = base64.b64encode(json.dumps(document).encode()).decode()
    return [
        Thing(
            document="apigateway.v1",
            schema="ApigatewayApiConfig",
            path=config,
            body={
                "name": config,
                "state": "ACTIVE",
                "openapiDocuments": [{"document": {"path": "api.yaml", "contents": contents}}],
            },
        ),
        Thing(
            document="apigateway.v1",
            schema="ApigatewayGateway",
            path=gateway,
            body={"name": gateway, "apiConfig": config, "labels": dict(LABELS)},
        ),
    ]


def specimens() -> list[Thing | Told]:
    return []
