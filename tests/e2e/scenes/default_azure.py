"""A subscription on Azure whose owner clicked through: a workspace, and an OpenAI account.

Values are what the portal and the studio choose when nothing is changed:
https://learn.microsoft.com/azure/machine-learning/how-to-manage-workspace (resources that a
workspace brings, public access), .../reference-yaml-workspace, .../reference-yaml-compute-instance,
.../reference-yaml-endpoint-online and .../reference-yaml-deployment-managed-online (defaults),
https://learn.microsoft.com/azure/ai-services/openai/how-to/create-resource (all networks, keys),
.../concepts/default-safety-policies (Microsoft.DefaultV2),
https://learn.microsoft.com/azure/storage/common/storage-account-create (no anonymous access).
"""

from __future__ import annotations

from typing import Any

from tests.estate.azure_world import SUBSCRIPTION, TENANT, arm, child, group_id

Items = list[dict[str, Any]]
_ML = "Microsoft.MachineLearningServices/workspaces"
_NAME = "first"
_KEY = {"credentials": {"credentialsType": "AccountKey"}}
_STORE, _VAULT = "first0123456789", "first9876543210"


def items() -> Items:
    """Give every resource that the clicks have made."""
    workspace = _workspace()
    return [
        workspace,
        *_datastores(workspace),
        *_storage(),
        _key_vault(),
        _logs(),
        _instance(workspace),
        *_endpoint(workspace),
        *_openai(),
        *_plans(),
    ]


def _workspace() -> dict[str, Any]:
    near = f"{group_id()}/providers"
    return arm(
        f"{_ML}/{_NAME}",
        {
            "friendlyName": _NAME,
            "storageAccount": f"{near}/Microsoft.Storage/storageAccounts/{_STORE}",
            "keyVault": f"{near}/Microsoft.KeyVault/vaults/{_VAULT}",
            "applicationInsights": f"{near}/Microsoft.Insights/components/{_NAME}",
            "hbiWorkspace": False,
            "publicNetworkAccess": "Enabled",
            "managedNetwork": {"isolationMode": "Disabled"},
            "privateEndpointConnections": [],
            "systemDatastoresAuthMode": "AccessKey",
            "v1LegacyMode": False,
            "provisioningState": "Succeeded",
        },
        kind="Default",
        sku={"name": "Basic", "tier": "Basic"},
        identity={
            "type": "SystemAssigned",
            "principalId": "d0000000-0000-4000-8000-000000000001",
            "tenantId": TENANT,
        },
    )


def _datastores(workspace: dict[str, Any]) -> Items:
    return [
        child(
            workspace,
            f"datastores/{name}",
            {
                "datastoreType": "AzureBlob",
                "accountName": _STORE,
                "containerName": container,
                "protocol": "https",
                "isDefault": name == "workspaceblobstore",
                "subscriptionId": SUBSCRIPTION,
                "resourceGroup": "nordlicht",
                **_KEY,
            },
        )
        for name, container in (
            ("workspaceblobstore", "azureml-blobstore-d1"),
            ("workspaceartifactstore", "azureml"),
        )
    ]


def _storage() -> Items:
    account = arm(
        f"Microsoft.Storage/storageAccounts/{_STORE}",
        {
            "allowBlobPublicAccess": False,
            "allowCrossTenantReplication": False,
            "supportsHttpsTrafficOnly": True,
            "minimumTlsVersion": "TLS1_2",
            "publicNetworkAccess": "Enabled",
            "networkAcls": {"defaultAction": "Allow", "bypass": "AzureServices", "ipRules": []},
            "keyCreationTime": {"key1": "2099-01-01T00:00:00Z", "key2": "2099-01-01T00:00:00Z"},
            "encryption": {"keySource": "Microsoft.Storage"},
            "privateEndpointConnections": [],
        },
        kind="StorageV2",
        sku={"name": "Standard_LRS"},
    )
    blobs = child(account, "blobServices/default", {"deleteRetentionPolicy": {"enabled": False}})
    containers = [
        child(blobs, f"containers/{name}", {"publicAccess": "None", "hasImmutabilityPolicy": False})
        for name in ("azureml", "azureml-blobstore-d1")
    ]
    return [account, blobs, *containers]


def _key_vault() -> dict[str, Any]:
    return arm(
        f"Microsoft.KeyVault/vaults/{_VAULT}",
        {
            "vaultUri": f"https://{_VAULT}.vault.azure.net/",
            "tenantId": TENANT,
            "sku": {"family": "A", "name": "standard"},
            "enableSoftDelete": True,
            "softDeleteRetentionInDays": 90,
            "publicNetworkAccess": "Enabled",
            "accessPolicies": [
                {
                    "tenantId": TENANT,
                    "objectId": "d0000000-0000-4000-8000-000000000001",
                    "permissions": {"keys": ["all"], "secrets": ["all"], "certificates": ["all"]},
                }
            ],
        },
    )


def _logs() -> dict[str, Any]:
    return arm(
        f"Microsoft.OperationalInsights/workspaces/{_NAME}",
        {
            "retentionInDays": 30,
            "sku": {"name": "PerGB2018"},
            "publicNetworkAccessForIngestion": "Enabled",
            "publicNetworkAccessForQuery": "Enabled",
            "features": {"enableLogAccessUsingOnlyResourcePermissions": True},
        },
    )


def _instance(workspace: dict[str, Any]) -> dict[str, Any]:
    return child(
        workspace,
        "computes/first-instance",
        {
            "computeType": "ComputeInstance",
            "disableLocalAuth": True,
            "modifiedOn": "2025-11-01T08:00:00Z",
            "properties": {
                "vmSize": "STANDARD_E4DS_V4",
                "state": "Running",
                "enableNodePublicIp": True,
                "enableRootAccess": True,
                "applicationSharingPolicy": "Personal",
                "sshSettings": {"sshPublicAccess": "Disabled"},
                "idleTimeBeforeShutdown": "PT60M",
                "osImageMetadata": {"isLatestOsImageVersion": True},
            },
        },
        location="westeurope",
    )


def _endpoint(workspace: dict[str, Any]) -> Items:
    endpoint = child(
        workspace,
        "onlineEndpoints/first-endpoint",
        {
            "authMode": "Key",
            "publicNetworkAccess": "Enabled",
            "provisioningState": "Succeeded",
            "scoringUri": "https://first-endpoint.westeurope.inference.ml.azure.com/score",
            "traffic": {"first": 100},
        },
        location="westeurope",
        identity={
            "type": "SystemAssigned",
            "principalId": "d0000000-0000-4000-8000-000000000002",
        },
    )
    models = child(workspace, "models/first", {"latestVersion": "1"})
    place = f"azureml://subscriptions/{SUBSCRIPTION}/resourceGroups/nordlicht/workspaces/{_NAME}"
    uri = f"{place}/datastores/workspaceblobstore/paths/LocalUpload/1/model"
    version = child(models, "versions/1", {"modelUri": uri, "modelType": "mlflow_model"})
    environments = child(workspace, "environments/first", {"latestVersion": "1"})
    image = {"image": "mcr.microsoft.com/azureml/curated/sklearn-1.5:42"}
    deployment = child(
        endpoint,
        "deployments/first",
        {
            "endpointComputeType": "Managed",
            "provisioningState": "Succeeded",
            "egressPublicNetworkAccess": "Enabled",
            "instanceType": "Standard_DS3_v2",
            "appInsightsEnabled": False,
            "model": version["id"],
            "environmentId": f"{environments['id']}/versions/1",
            "scaleSettings": {"scaleType": "Default"},
        },
        location="westeurope",
        sku={"name": "Default", "capacity": 1},
    )
    return [
        endpoint, deployment, models, version, environments,
        child(environments, "versions/1", image),
    ]  # fmt: skip


def _openai() -> Items:
    account = arm(
        "Microsoft.CognitiveServices/accounts/first-openai",
        {
            "publicNetworkAccess": "Enabled",
            "networkAcls": {"defaultAction": "Allow", "ipRules": [], "virtualNetworkRules": []},
            "privateEndpointConnections": [],
            "customSubDomainName": "first-openai",
            "endpoint": "https://first-openai.openai.azure.com/",
            "provisioningState": "Succeeded",
        },
        kind="OpenAI",
        sku={"name": "S0"},
    )
    deployment = child(
        account,
        "deployments/gpt-4o",
        {
            "provisioningState": "Succeeded",
            "model": {"format": "OpenAI", "name": "gpt-4o", "version": "2024-11-20"},
            "versionUpgradeOption": "OnceNewDefaultVersionAvailable",
            "raiPolicyName": "Microsoft.DefaultV2",
        },
        sku={"name": "GlobalStandard", "capacity": 10},
    )
    policy = child(
        account, "raiPolicies/Microsoft.DefaultV2", {"type": "SystemManaged", **_filters()}
    )
    return [account, deployment, policy]


def _filters() -> dict[str, Any]:
    harms = ("Hate", "Sexual", "Selfharm", "Violence")
    on = {"enabled": True, "blocking": True}
    graded = [
        {"name": harm, "source": source, "severityThreshold": "Medium", **on}
        for source in ("Prompt", "Completion")
        for harm in harms
    ]
    code = {"name": "Protected Material Code", "source": "Completion"}
    return {
        "mode": "Default",
        "contentFilters": [
            *graded,
            {"name": "Jailbreak", "source": "Prompt", **on},
            {"name": "Protected Material Text", "source": "Completion", **on},
            {**code, "enabled": True, "blocking": False},
        ],
    }


def _plans() -> Items:
    base = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Security/pricings"
    return [
        {"id": f"{base}/{name}", "name": name, "properties": {"pricingTier": "Free"}}
        for name in ("AI", "CloudPosture", "VirtualMachines")
    ]
