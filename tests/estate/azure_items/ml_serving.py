"""What serves in the invented company: endpoints, deployments, models, environments, stores."""

from __future__ import annotations

from typing import Any

from tests.estate.azure_estate import Planted, Site
from tests.estate.azure_items import log_settings
from tests.estate.azure_items.ml import OWNER, workspace_id
from tests.estate.azure_items.planting import bed
from tests.estate.azure_world import SUBSCRIPTION, child

_DIGEST = "sha256:" + "5e" * 32
ENDPOINT = bed(
    [
        ("azure-ml/endpoint-key-authentication", {"properties.authMode": "Key"}),
        ("azure-ml/endpoint-public-network", {"properties.publicNetworkAccess": "Enabled"}),
        ("azure-ml/endpoint-without-owner-tag", {"tags": {}}),
    ]
)
DEPLOYMENT = bed(
    [
        (
            "azure-ml/deployment-without-capture",
            {"properties.dataCollector.collections.model_inputs.dataCollectionMode": "Disabled"},
        ),
        (
            "azure-ml/deployment-capture-sampling-low",
            {"properties.dataCollector.collections.model_inputs.samplingRate": 0.05},
        ),
        (
            "azure-ml/deployment-captures-credentials",
            {
                "properties.dataCollector.requestLogging.captureHeaders": [
                    "x-request-id",
                    "Authorization",
                ]
            },
        ),
        ("azure-ml/deployment-without-insights", {"properties.appInsightsEnabled": False}),
        ("azure-ml/deployment-single-replica", {"sku.capacity": 1}),
        (
            "azure-ml/deployment-secret-in-environment",
            {"properties.environmentVariables.HF_TOKEN": "hf_abcdefghijklmnopqrstuvwxyzABCDEF01"},
        ),
        (
            "azure-ml/deployment-model-from-unlisted-registry",
            {"properties.model": "azureml://registries/somebody/models/churn/versions/3"},
        ),
        (
            "azure-ml/deployment-asset-unpinned",
            {"properties.model": "azureml://registries/azureml/models/churn/labels/latest"},
        ),
    ]
)
ENVIRONMENT = bed(
    [
        (
            "azure-ml/environment-image-unpinned",
            {"properties.image": "nordlicht.azurecr.io/serve:7"},
        ),
        (
            "azure-ml/environment-image-from-public-registry",
            {"properties.image": f"docker.io/library/serve@{_DIGEST}"},
        ),
        (
            "azure-ml/environment-secret-in-packages",
            {
                "properties.condaFile": "pip:\n- --index-url https://feed:s3cr3tword9@pypi.nordlicht.example/simple\n"
            },
        ),
        (
            "azure-ml/environment-packages-unpinned",
            {"properties.condaFile": "pip:\n- --extra-index-url https://pypi.nordlicht.example\n"},
        ),
    ]
)
MODEL = bed([("azure-ml/model-without-origin", {"properties.jobName": None})])
DATASTORE = bed(
    [
        (
            "azure-ml/datastore-key-authentication",
            {"properties.credentials": {"credentialsType": "AccountKey"}},
        ),
        ("azure-ml/datastore-without-tls", {"properties.protocol": "http"}),
    ]
)
BATCH = bed(
    [
        (
            "azure-ml/batch-deployment-secret-in-environment",
            {"properties.environmentVariables": {"API_KEY": "sk-abcdefghijklmnopqrstuvwx0123"}},
        ),
        ("azure-ml/batch-deployment-ignores-failures", {"properties.errorThreshold": -1}),
    ]
)
SERVERLESS = bed(
    [
        ("azure-ml/serverless-endpoint-key-authentication", {"properties.authMode": "KeyAndAAD"}),
        (
            "azure-ml/serverless-content-safety-off",
            {"properties.contentSafety": {"contentSafetyStatus": "Disabled"}},
        ),
    ]
)
# Open to the internet, and the workspace's network does not stop it either.
EGRESS = Planted(rule="azure-ml/deployment-egress-unrestricted", every=9, which=5)
ARCHIVED = Planted(rule="azure-ml/model-archived-and-served", every=8, which=3)
_BEDS = (ENDPOINT, DEPLOYMENT, ENVIRONMENT, MODEL, DATASTORE, BATCH, SERVERLESS)
_SECRETS = (
    "hf_abcdefghijklmnopqrstuvwxyzABCDEF01",
    "s3cr3tword9",
    "sk-abcdefghijklmnopqrstuvwx0123",
)
FAULTS: tuple[Planted, ...] = (
    *(f for b in _BEDS for f in b.faults),
    *log_settings.faults("azure-ml/endpoint-without-log"),
    EGRESS,
    ARCHIVED,
)


def of_company() -> list[dict[str, Any]]:
    return [{"~secret": each} for each in _SECRETS]


def of_deployment(site: Site) -> list[dict[str, Any]]:
    workspace = {"id": workspace_id(site)}
    endpoint = ENDPOINT.strike(site, _endpoint(site, workspace))
    models = child(workspace, f"models/{site.name}", {"latestVersion": "3"})
    environments = child(workspace, "environments/Serve", {"latestVersion": "7"})
    environment = ENVIRONMENT.strike(site, _environment(environments))
    deployment = DEPLOYMENT.strike(
        site, _deployment(endpoint, f"{models['id']}/versions/3", environment)
    )
    if site.is_struck(EGRESS, deployment["id"]):
        deployment["properties"]["egressPublicNetworkAccess"] = "Enabled"
    is_own = str(deployment["properties"]["model"]).startswith("/subscriptions/")
    model = _model(site, models)
    if is_own:
        model = MODEL.strike(site, model)
        if site.is_struck(ARCHIVED, deployment["id"]):
            model["properties"]["isArchived"] = True
    batch = child(
        workspace, f"batchEndpoints/{site.name}-b", {"authMode": "AADToken"}, location="westeurope"
    )
    return [
        *log_settings.setting(
            site, "azure-ml/endpoint-without-log", endpoint, ("AmlOnlineEndpointTrafficLog",)
        ),
        endpoint, deployment, models, model, environments, environment, batch,
        # An old version that nothing serves: it is not read, so its faults are nobody's.
        child(models, "versions/1", {"modelUri": "azureml://jobs/old/outputs"}),
        child(environments, "versions/1", {"image": "docker.io/library/old:1"}),
        *_collected(site, workspace),
        DATASTORE.strike(site, _datastore(site, workspace)),
        BATCH.strike(site, _batch_deployment(batch, model, environment)),
        SERVERLESS.strike(site, _serverless(site, workspace)),
    ]  # fmt: skip


def specimens() -> list[dict[str, Any]]:
    return []


def _endpoint(site: Site, workspace: dict[str, Any]) -> dict[str, Any]:
    return child(
        workspace,
        f"onlineEndpoints/{site.name}",
        {
            "authMode": "AADToken",
            "publicNetworkAccess": "Disabled",
            "provisioningState": "Succeeded",
            "scoringUri": f"https://{site.name}.westeurope.inference.ml.azure.com/score",
            "traffic": {"blue": 100},
        },
        location="westeurope",
        tags=dict(OWNER),
        identity={
            "type": "SystemAssigned",
            "principalId": f"0e000000-0000-4000-8000-{site.deployment.index:012d}",
        },
    )


def _deployment(
    endpoint: dict[str, Any], model: str, environment: dict[str, Any]
) -> dict[str, Any]:
    return child(
        endpoint,
        "deployments/blue",
        {
            "endpointComputeType": "Managed",
            "provisioningState": "Succeeded",
            "egressPublicNetworkAccess": "Disabled",
            "instanceType": "Standard_F4s_v2",
            "appInsightsEnabled": True,
            "model": model,
            "environmentId": environment["id"],
            "environmentVariables": {"MODEL_NAME": "churn"},
            "scaleSettings": {"scaleType": "Default"},
            "dataCollector": {
                "collections": {
                    "model_inputs": {
                        "dataCollectionMode": "Enabled",
                        "samplingRate": 1.0,
                        "dataId": f"{endpoint['id'].partition('/onlineEndpoints/')[0]}"
                        "/data/Inputs/versions/1",
                    }
                },
                "requestLogging": {"captureHeaders": ["x-request-id"]},
            },
        },
        location="westeurope",
        sku={"name": "Default", "capacity": 2},
    )


def _model(site: Site, models: dict[str, Any]) -> dict[str, Any]:
    store = f"workspaces/{site.name}/datastores/models"
    uri = f"azureml://subscriptions/{SUBSCRIPTION}/resourceGroups/nordlicht/{store}/paths/churn/3"
    return child(
        models, "versions/3", {"modelUri": uri, "modelType": "mlflow_model", "jobName": "train-7"}
    )


def _environment(environments: dict[str, Any]) -> dict[str, Any]:
    return child(
        environments,
        "versions/7",
        {
            "environmentType": "UserCreated",
            "image": f"nordlicht.azurecr.io/serve@{_DIGEST}",
            "condaFile": "dependencies:\n- python=3.11\n- pip:\n  - mlflow==2.20.0\n",
        },
    )


def _datastore(site: Site, workspace: dict[str, Any]) -> dict[str, Any]:
    return child(
        workspace,
        "datastores/models",
        {
            "datastoreType": "AzureBlob",
            "accountName": site.short,
            "containerName": "models",
            "protocol": "https",
            "subscriptionId": SUBSCRIPTION,
            "resourceGroup": "nordlicht",
            "credentials": {"credentialsType": "None"},
        },
    )


def _collected(site: Site, workspace: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the data asset that requests are collected in."""
    data = child(workspace, "data/Inputs", {"latestVersion": "1", "dataType": "uri_folder"})
    store = f"workspaces/{site.name}/datastores/models/paths/inputs"
    uri = f"azureml://subscriptions/{SUBSCRIPTION}/resourcegroups/nordlicht/{store}"
    return [data, child(data, "versions/1", {"dataUri": uri, "dataType": "uri_folder"})]


def _batch_deployment(
    batch: dict[str, Any], model: dict[str, Any], environment: dict[str, Any]
) -> dict[str, Any]:
    return child(
        batch,
        "deployments/nightly",
        {
            "provisioningState": "Succeeded",
            "errorThreshold": 10,
            "model": {"referenceType": "Id", "assetId": model["id"]},
            "environmentId": environment["id"],
        },
        location="westeurope",
    )


def _serverless(site: Site, workspace: dict[str, Any]) -> dict[str, Any]:
    return child(
        workspace,
        f"serverlessEndpoints/{site.name}-s",
        {
            "authMode": "AAD",
            "endpointState": "Online",
            "contentSafety": {"contentSafetyStatus": "Enabled"},
            "modelSettings": {"modelId": "azureml://registries/azureml/models/Phi-4"},
        },
        location="westeurope",
    )
