"""What serves on Vertex AI in the invented company: endpoints, the registry, monitors, pools."""

from __future__ import annotations

from tests.estate.gcp_estate import Planted, Site
from tests.estate.gcp_items import vertex_monitoring
from tests.estate.gcp_kinds import (
    DEFAULT_ACCOUNT,
    RECENT,
    SECRET_VARIABLE,
    TOKEN,
    Body,
    Fault,
    Kind,
    account_of,
    also,
    bucket_of,
    common,
    image_of,
    key_of,
    opened_to,
    planted,
    with_,
    without,
)
from tests.estate.gcp_world import HOME, PROJECT, Thing, Told

_SCHEMA = "GoogleCloudAiplatformV1"


def _model(site: Site, path: str) -> Body:
    return common(site, path, description="Scores what it is named after; see its card")


MODEL = Kind(
    noun="models",
    schema=f"{_SCHEMA}Model",
    asset="Model",
    is_everywhere=True,
    body=_model,
    faults=(
        Fault(rules=("vertex/model-without-customer-key",), change=without("encryptionSpec")),
        Fault(rules=("vertex/model-without-owner-tag",), change=without("labels")),
        Fault(rules=("vertex/model-without-description",), change=without("description")),
    ),
)


def _version(site: Site, path: str) -> Body:
    return {
        "name": f"{path}@1",
        "displayName": site.name,
        "versionId": "1",
        "versionAliases": ["default", "production"],
        "versionCreateTime": RECENT,
        "labels": {"owner": "ml-platform"},
        "artifactUri": f"gs://{bucket_of(site)}/model",
        "containerSpec": {
            "imageUri": image_of(site),
            "env": [{"name": "MODEL_NAME", "value": "scorer"}],
            "args": ["--port=8080"],
        },
    }


VERSION = Kind(
    noun="models",
    schema=f"{_SCHEMA}Model",
    is_everywhere=True,
    suffix="@1",
    body=_version,
    faults=(
        Fault(
            rules=("vertex/model-image-unpinned",),
            change=with_(
                "containerSpec.imageUri", f"{HOME}-docker.pkg.dev/{PROJECT}/shared/serve:1"
            ),
        ),
        Fault(
            rules=("vertex/model-secret-in-environment",),
            change=with_("containerSpec.env", [{"name": "MODE", "value": "a"}, SECRET_VARIABLE]),
        ),
        Fault(
            rules=("vertex/model-secret-in-arguments",),
            change=with_("containerSpec.args", ["--port=8080", f"--hub-token={TOKEN}"]),
        ),
        Fault(
            rules=("vertex/model-garden-version-unpinned",),
            change=with_(
                "baseModelSource.modelGardenSource.publicModelName",
                "publishers/google/models/gemma3",
            ),
        ),
        Fault(
            rules=(),
            change=with_("versionAliases", ["default"]),
            elsewhere=lambda site: [
                ("vertex/endpoint-serves-version-without-alias", ENDPOINT.id(site))
            ],
        ),
    ),
)


def _endpoint(site: Site, path: str) -> Body:
    deployed = {
        "id": "1",
        "model": f"{MODEL.path(site)}@1",
        "modelVersionId": "1",
        "serviceAccount": account_of(site),
        "enableAccessLogging": True,
        "dedicatedResources": {
            "machineSpec": {"machineType": "n1-standard-4"},
            "minReplicaCount": 2,
            "maxReplicaCount": 4,
        },
    }
    return common(
        site,
        path,
        privateServiceConnectConfig={
            "enablePrivateServiceConnect": True,
            "projectAllowlist": [PROJECT],
        },
        predictRequestResponseLoggingConfig={
            "enabled": True,
            "samplingRate": 1.0,
            "bigqueryDestination": {"outputUri": f"bq://{PROJECT}.prediction_log.requests"},
        },
        deployedModels=[deployed],
        modelDeploymentMonitoringJob=vertex_monitoring.JOB.path(site),
    )


ENDPOINT = Kind(
    noun="endpoints",
    schema=f"{_SCHEMA}Endpoint",
    asset="Endpoint",
    is_everywhere=True,
    body=_endpoint,
    faults=(
        Fault(
            rules=("vertex/endpoint-public-network", "vertex/endpoint-shared-address"),
            change=without("privateServiceConnectConfig"),
        ),
        Fault(
            rules=("vertex/endpoint-public-network",),
            change=also(
                without("privateServiceConnectConfig"), with_("dedicatedEndpointEnabled", True)
            ),
        ),
        Fault(rules=("vertex/endpoint-without-customer-key",), change=without("encryptionSpec")),
        Fault(rules=("vertex/endpoint-without-owner-tag",), change=with_("labels", {"team": "ml"})),
        Fault(rules=("vertex/endpoint-public",), change=opened_to("allUsers")),
        Fault(rules=("vertex/endpoint-domain-wide",), change=opened_to("domain:x.example")),
        Fault(
            rules=("vertex/endpoint-without-request-log",),
            change=with_("predictRequestResponseLoggingConfig.enabled", False),
        ),
        Fault(
            rules=("vertex/endpoint-request-log-sampling-low",),
            change=with_("predictRequestResponseLoggingConfig.samplingRate", 0.01),
        ),
        Fault(
            rules=("vertex/endpoint-without-access-log",),
            change=with_("deployedModels.0.enableAccessLogging", False),
        ),
        Fault(
            rules=("vertex/endpoint-without-container-log",),
            change=with_("deployedModels.0.disableContainerLogging", True),
        ),
        Fault(
            rules=("vertex/endpoint-default-service-account",),
            change=with_("deployedModels.0.serviceAccount", DEFAULT_ACCOUNT),
        ),
        Fault(
            rules=("vertex/endpoint-single-replica",),
            change=with_("deployedModels.0.dedicatedResources.minReplicaCount", 1),
        ),
        Fault(
            rules=("vertex/endpoint-on-spot",),
            change=with_("deployedModels.0.dedicatedResources.spot", True),
        ),
    ),
)


def _pool(site: Site, path: str) -> Body:
    return {
        "name": path,
        "createTime": RECENT,
        "encryptionSpec": dict(key_of(site)),
        "dedicatedResources": {"machineSpec": {"machineType": "n1-standard-4"}},
    }


POOL = Kind(noun="deploymentResourcePools", schema=f"{_SCHEMA}DeploymentResourcePool", body=_pool)
KINDS = (ENDPOINT, MODEL, POOL)
FAULTS: tuple[Planted, ...] = (
    *planted((*KINDS, VERSION)),
    Planted(rule="vertex/endpoint-serves-version-without-alias", every=5, which=4),
)


def of_company() -> list[Thing | Told]:
    return []


def of_deployment(site: Site) -> list[Thing | Told]:
    version, _ = VERSION.build(site)
    told = Told(
        document="aiplatform.v1",
        schema=f"{_SCHEMA}ListModelVersionsResponse",
        path=f"{MODEL.path(site)}:listVersions",
        body={"models": [version]},
    )
    return [told, *(thing for kind in KINDS for thing in kind.things(site))]


def specimens() -> list[Thing | Told]:
    return []
