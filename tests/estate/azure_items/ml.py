"""Azure Machine Learning in the invented company: workspaces, computes, rules of the network."""

from __future__ import annotations

import base64
from typing import Any

from tests.estate.azure_estate import Planted, Site
from tests.estate.azure_items import access, log_settings
from tests.estate.azure_items.planting import bed
from tests.estate.azure_items.plots import plot
from tests.estate.azure_world import arm, child, group_id

ML = "Microsoft.MachineLearningServices"
OWNER = {"Owner": "ml-platform", "Environment": "production"}
_APPROVED = [
    {
        "id": "placeholder",
        "properties": {"privateLinkServiceConnectionState": {"status": "Approved"}},
    }
]
_NETWORK = "Microsoft.Network/virtualNetworks/ml"
_SCRIPT = base64.b64encode(
    b"#!/bin/bash\ncurl -s https://get.nordlicht.example/x | bash\n"
).decode()
_TOKEN = base64.b64encode(b"#!/bin/bash\nexport GH=ghp_0123456789abcdefghijABCDEFGHIJ012345\n")

WORKSPACE = bed(
    [
        ("azure-ml/workspace-public-network", {"properties.publicNetworkAccess": "Enabled"}),
        (
            "azure-ml/workspace-without-private-endpoint",
            {"properties.privateEndpointConnections": []},
        ),
        (
            "azure-ml/workspace-egress-unrestricted",
            {"properties.managedNetwork.isolationMode": "AllowInternetOutbound"},
        ),
        ("azure-ml/workspace-without-customer-key", {"properties.encryption": None}),
        (
            "azure-ml/workspace-key-version-pinned",
            {
                "properties.encryption.keyVaultProperties.keyIdentifier": (
                    "https://nordlicht.vault.azure.net/keys/workspaces/0123456789abcdef"
                )
            },
        ),
        (
            "azure-ml/workspace-storage-key-authentication",
            {"properties.systemDatastoresAuthMode": "AccessKey"},
        ),
        (
            "azure-ml/workspace-without-user-identity",
            {"properties.primaryUserAssignedIdentity": None},
        ),
        ("azure-ml/workspace-without-owner-tag", {"tags": {"team": "fraud"}}),
        (
            "azure-ml/serverless-compute-public-ip",
            {"properties.serverlessComputeSettings.serverlessComputeNoPublicIP": False},
        ),
    ]
)
INSTANCE = bed(
    [
        ("azure-ml/compute-instance-public-ip", {"properties.properties.enableNodePublicIp": True}),
        (
            "azure-ml/compute-instance-ssh-public",
            {"properties.properties.sshSettings.sshPublicAccess": "Enabled"},
        ),
        ("azure-ml/compute-instance-local-accounts", {"properties.disableLocalAuth": False}),
        (
            "azure-ml/compute-instance-shared",
            {"properties.properties.applicationSharingPolicy": None},
        ),
        ("azure-ml/compute-instance-root-access", {"properties.properties.enableRootAccess": True}),
        (
            "azure-ml/compute-instance-without-idle-shutdown",
            {"properties.properties.idleTimeBeforeShutdown": None},
        ),
        (
            "azure-ml/compute-instance-image-outdated",
            {"properties.properties.osImageMetadata.isLatestOsImageVersion": False},
        ),
        (
            "azure-ml/compute-instance-script-unpinned-download",
            {
                "properties.properties.setupScripts.scripts.startupScript": {
                    "scriptSource": "inline",
                    "scriptData": _SCRIPT,
                }
            },
        ),
        (
            "azure-ml/compute-instance-secret-in-script",
            {
                "properties.properties.setupScripts.scripts.creationScript": {
                    "scriptSource": "inline",
                    "scriptData": _TOKEN.decode(),
                }
            },
        ),
        (
            "azure-ml/compute-instance-privileged-service",
            {"properties.properties.customServices.0.docker.privileged": True},
        ),
        (
            "azure-ml/compute-instance-service-secret-in-environment",
            {
                "properties.properties.customServices.0.environmentVariables.LICENCE_TOKEN": {
                    "type": "local",
                    "value": "hf_abcdefghijklmnopqrstuvwxyzABCDEF0123",
                }
            },
        ),
    ]
)
CLUSTER = bed(
    [
        ("azure-ml/cluster-local-accounts", {"properties.disableLocalAuth": None}),
        ("azure-ml/cluster-public-ip", {"properties.properties.enableNodePublicIp": True}),
        (
            "azure-ml/cluster-ssh-public azure-ml/cluster-public-ip",
            {
                "properties.properties.remoteLoginPortPublicAccess": "Enabled",
                "properties.properties.enableNodePublicIp": True,
            },
        ),
        (
            "azure-ml/cluster-without-idle-shutdown",
            {"properties.properties.scaleSettings.minNodeCount": 2},
        ),
    ]
)
OUTBOUND_HOST = bed([("azure-ml/outbound-rule-any-host", {"properties.destination": "*.com"})])
OUTBOUND_TAG = bed(
    [("azure-ml/outbound-rule-whole-service", {"properties.destination.serviceTag": "Storage"})]
)
REGISTRY = plot(
    [
        (
            "azure-ml/registry-public-network@registry",
            {"registry": {"properties.publicNetworkAccess": "Enabled"}},
        ),
        (
            "azure-ml/registry-storage-public@registry",
            {
                "registry": {
                    "properties.regionDetails.0.storageAccountDetails.0"
                    ".systemCreatedStorageAccount.allowBlobPublicAccess": True
                }
            },
        ),
        (
            f"azure-ml/registry-externally-usable@registry {access.FOREIGN_FAILS}",
            {"+foreign": {}},
        ),
    ]
)
# A network of its own is all that a workspace without a managed one has.
NETWORK = Planted(rule="azure-ml/compute-instance-without-customer-network", every=9, which=5)
CLUSTER_NETWORK = Planted(rule="azure-ml/cluster-without-customer-network", every=9, which=5)
UNMANAGED = Planted(rule="azure-ml/workspace-egress-unrestricted", every=9, which=5)
ATTACHED = Planted(rule="azure-ml/attached-compute-local-accounts", every=6, which=2)
_SECRETS = (
    _TOKEN.decode(),
    "hf_abcdefghijklmnopqrstuvwxyzABCDEF0123",
    "ghp_0123456789abcdefghijABCDEFGHIJ012345",
)
FAULTS: tuple[Planted, ...] = (
    *(f for b in (WORKSPACE, INSTANCE, CLUSTER, OUTBOUND_HOST, OUTBOUND_TAG, REGISTRY)
      for f in b.faults),
    *log_settings.faults("azure-ml/workspace-without-log", "azure-ml/registry-without-log"),
    NETWORK, CLUSTER_NETWORK, ATTACHED,
)  # fmt: skip


def workspace_id(site: Site) -> str:
    """Give the id of a deployment's workspace, as written by people."""
    return f"{group_id()}/providers/{ML}/workspaces/{site.name}"


def of_company() -> list[dict[str, Any]]:
    return [{"~secret": each} for each in _SECRETS]


def of_deployment(site: Site) -> list[dict[str, Any]]:
    workspace = WORKSPACE.strike(site, _workspace(site))
    if site.is_struck(NETWORK, f"{workspace['id']}/computes/ci-{site.name}"):
        site.is_struck(CLUSTER_NETWORK, f"{workspace['id']}/computes/train")
        site.is_struck(UNMANAGED, workspace["id"])
        del workspace["properties"]["managedNetwork"]
    registry = _registry(site)
    foreign = access.assignment(
        registry["id"],
        access.READER_ROLE,
        access.FOREIGN_GROUP,
        "foreign",
        principalType="ForeignGroup",
    )
    return [
        workspace,
        *REGISTRY.grow(site, {"registry": registry, "foreign": foreign}),
        *log_settings.setting(
            site, "azure-ml/workspace-without-log", workspace, ("AmlComputeJobEvent",)
        ),
        *log_settings.setting(
            site, "azure-ml/registry-without-log", registry, ("RegistryAssetReadEvent",)
        ),
        INSTANCE.strike(site, _instance(site, workspace)),
        CLUSTER.strike(site, _cluster(workspace)),
        _attached(site, workspace),
        OUTBOUND_HOST.strike(site, _outbound(workspace, "packages", "FQDN", "pypi.org")),
        OUTBOUND_TAG.strike(
            site,
            _outbound(
                workspace,
                "Logs",
                "ServiceTag",
                {"serviceTag": "AzureMonitor", "protocol": "TCP", "portRanges": "443"},
            ),
        ),
    ]


def specimens() -> list[dict[str, Any]]:
    """Give two computes that the list tells little of."""
    near = f"{group_id()}/providers/{ML}/workspaces/churn-0000/computes"
    kinds = {"spare-ci": "ComputeInstance", "spare-cluster": "AmlCompute"}
    return [
        {"id": f"{near}/{name}", "location": "westeurope", "properties": {"computeType": kind}}
        for name, kind in kinds.items()
    ]


def _workspace(site: Site) -> dict[str, Any]:
    near = f"{group_id()}/providers"
    identity = f"{near}/Microsoft.ManagedIdentity/userAssignedIdentities/{site.name}-id"
    principal = f"1d000000-0000-4000-8000-{site.deployment.index:012d}"
    return arm(
        f"{ML}/workspaces/{site.name}",
        {
            "friendlyName": site.name,
            "hbiWorkspace": True,
            "publicNetworkAccess": "Disabled",
            "managedNetwork": {"isolationMode": "AllowOnlyApprovedOutbound"},
            "privateEndpointConnections": _APPROVED,
            "encryption": {
                "status": "Enabled",
                "keyVaultProperties": {
                    "keyVaultArmId": f"{near}/Microsoft.KeyVault/vaults/{site.short}kv",
                    "keyIdentifier": f"https://{site.short}kv.vault.azure.net/keys/workspace",
                },
            },
            "systemDatastoresAuthMode": "Identity",
            "primaryUserAssignedIdentity": identity,
            "serverlessComputeSettings": {
                "serverlessComputeCustomSubnet": f"{near}/{_NETWORK}/subnets/jobs",
                "serverlessComputeNoPublicIP": True,
            },
            "storageAccount": f"{near}/Microsoft.Storage/storageAccounts/{site.short}",
            "keyVault": f"{near}/Microsoft.KeyVault/vaults/{site.short}kv",
            "containerRegistry": f"{near}/Microsoft.ContainerRegistry/registries/nordlicht",
            "applicationInsights": f"{near}/Microsoft.Insights/components/{site.name}-traces",
            "provisioningState": "Succeeded",
        },
        kind="Default",
        tags=dict(OWNER),
        identity={
            "type": "UserAssigned",
            "userAssignedIdentities": {identity: {"principalId": principal}},
        },
    )


def _instance(site: Site, workspace: dict[str, Any]) -> dict[str, Any]:
    return child(
        workspace,
        f"computes/ci-{site.name}",
        {
            "computeType": "ComputeInstance",
            "disableLocalAuth": True,
            "modifiedOn": "2025-11-01T08:00:00Z",
            "properties": {
                "vmSize": "STANDARD_DS3_V2",
                "state": "Running",
                "enableNodePublicIp": False,
                "enableRootAccess": False,
                "applicationSharingPolicy": "Personal",
                "sshSettings": {"sshPublicAccess": "Disabled"},
                "idleTimeBeforeShutdown": "PT60M",
                "osImageMetadata": {"isLatestOsImageVersion": True},
                "customServices": [
                    {
                        "name": "rstudio",
                        "image": {"type": "docker", "reference": "nordlicht.azurecr.io/rstudio:4"},
                        "docker": {"privileged": False},
                        "environmentVariables": {"PORT": {"type": "local", "value": "8787"}},
                    }
                ],
            },
        },
        location="westeurope",
    )


def _cluster(workspace: dict[str, Any]) -> dict[str, Any]:
    return child(
        workspace,
        "computes/train",
        {
            "computeType": "AmlCompute",
            "disableLocalAuth": True,
            "properties": {
                "vmSize": "STANDARD_NC6",
                "enableNodePublicIp": False,
                "remoteLoginPortPublicAccess": "Disabled",
                "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 4},
            },
        },
        location="westeurope",
    )


def _attached(site: Site, workspace: dict[str, Any]) -> dict[str, Any]:
    attached = child(
        workspace,
        "computes/aks",
        {"computeType": "Kubernetes", "disableLocalAuth": True, "properties": {}},
        location="westeurope",
    )
    if site.is_struck(ATTACHED, attached["id"]):
        attached["properties"]["disableLocalAuth"] = False
    return attached


def _outbound(workspace: dict[str, Any], name: str, kind: str, to: Any) -> dict[str, Any]:
    return child(
        workspace,
        f"outboundRules/{name}",
        {"type": kind, "category": "UserDefined", "status": "Active", "destination": to},
    )


def _registry(site: Site) -> dict[str, Any]:
    return arm(
        f"{ML}/registries/{site.name}-shared",
        {
            "publicNetworkAccess": "Disabled",
            "regionDetails": [
                {
                    "location": "westeurope",
                    "storageAccountDetails": [
                        {"systemCreatedStorageAccount": {"allowBlobPublicAccess": False}}
                    ],
                }
            ],
        },
        tags=dict(OWNER),
    )
