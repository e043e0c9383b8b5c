"""Apps and clusters of the invented company: a model server, a function in front, a cluster."""

from __future__ import annotations

from typing import Any

from tests.estate.azure_estate import Planted, Site
from tests.estate.azure_items import access as roles
from tests.estate.azure_items.plots import plot
from tests.estate.azure_world import arm, child, group_id

_APP, _SITE, _AKS = "azure-containerapp/model-app", "azure-web/model-site", "azure-aks/cluster"
_INGRESS = "properties.configuration.ingress"
_EXTERNAL = {f"{_INGRESS}.external": True}
_ANYBODY = "properties.globalValidation.unauthenticatedClientAction"
_OPEN_CLUSTER = {"properties.apiServerAccessProfile": {"authorizedIPRanges": ["198.51.100.0/24"]}}
PLOT = plot(
    [
        (f"{_APP}-external-ingress@app", {"app": _EXTERNAL}),
        (
            f"{_APP}-external-ingress@app {_APP}-without-authentication@app",
            {"app": _EXTERNAL, "app_auth": {_ANYBODY: "AllowAnonymous"}},
        ),
        (f"{_APP}-without-tls@app", {"app": {f"{_INGRESS}.allowInsecure": True}}),
        (f"{_APP}-without-identity@app", {"app": {"identity": None}}),
        (
            f"{_APP}-secret-in-environment@app",
            {
                "app": {
                    "properties.template.containers.0.env.0": {
                        "name": "HF_TOKEN", "value": "hf_abcdefghijklmnopqrstuvwxyzABCDEF01",
                    }
                }
            },
        ),
        (f"{_SITE}-without-authentication@site", {"site_auth": {_ANYBODY: "AllowAnonymous"}}),
        (f"{_SITE}-without-tls@site", {"site": {"properties.httpsOnly": False}}),
        (
            f"{_SITE}-any-origin@site",
            {"site_config": {"properties.cors": {"allowedOrigins": ["*"]}}},
        ),
        (
            f"{_SITE}-remote-debugging@site",
            {"site_config": {"properties.remoteDebuggingEnabled": True}},
        ),
        (f"{_AKS}-api-public-network@cluster", {"cluster": _OPEN_CLUSTER}),
        (
            f"{_AKS}-api-public-network@cluster {_AKS}-api-any-address@cluster",
            {"cluster": {"properties.apiServerAccessProfile": None}},
        ),
        (f"{_AKS}-local-accounts@cluster", {"cluster": {"properties.disableLocalAccounts": None}}),
        (
            f"{_AKS}-without-network-policy@cluster",
            {"cluster": {"properties.networkProfile.networkPolicy": None}},
        ),
        (f"{_AKS}-without-rbac@cluster", {"cluster": {"properties.enableRBAC": False}}),
        (
            f"{_AKS}-without-workload-identity@cluster",
            {"cluster": {"properties.securityProfile.workloadIdentity": None}},
        ),
        (
            f"{_AKS}-without-defender@cluster",
            {"cluster": {"properties.securityProfile.defender": None}},
        ),
        (f"{_AKS}-without-audit-log@cluster", {"audit": {"properties.logs.0.category": "guard"}}),
        (
            f"{_AKS}-nodes-public-ip@cluster",
            {"cluster": {"properties.agentPoolProfiles.0.enableNodePublicIP": True}},
        ),
    ]
)  # fmt: skip
FAULTS: tuple[Planted, ...] = PLOT.faults


def of_company() -> list[dict[str, Any]]:
    environment = arm(
        "Microsoft.App/managedEnvironments/Apps",
        {"vnetConfiguration": {"internal": False}, "appLogsConfiguration": {}},
    )
    return [environment]


def of_deployment(site: Site) -> list[dict[str, Any]]:
    app, function, cluster = _app(site), _function(site), _cluster(site)
    return PLOT.grow(
        site,
        {
            "app": app,
            "app_auth": child(app, "authConfigs/current", _auth()),
            "site": function,
            "site_config": child(function, "config/web", {"minTlsVersion": "1.2"}),
            "site_auth": child(function, "config/authsettingsV2", _auth()),
            "site_role": roles.assignment(
                f"{group_id()}/providers/Microsoft.CognitiveServices/accounts/{site.name}-ai",
                roles.CALL_ROLE, function["identity"]["principalId"], "caller",
            ),
            "cluster": cluster,
            "audit": child(
                cluster,
                "providers/Microsoft.Insights/diagnosticSettings/audit",
                {"logs": [{"category": "kube-audit-admin", "enabled": True}]},
            ),
        },
    )  # fmt: skip


def specimens() -> list[dict[str, Any]]:
    return []


def _auth() -> dict[str, Any]:
    return {
        "platform": {"enabled": True},
        "globalValidation": {"unauthenticatedClientAction": "Return401"},
    }


def _app(site: Site) -> dict[str, Any]:
    """A model server that only the company's own apps may call."""
    return arm(
        f"Microsoft.App/containerApps/{site.name}-llm",
        {
            "environmentId": f"{group_id()}/providers/Microsoft.App/managedEnvironments/apps",
            "configuration": {
                "ingress": {"external": False, "allowInsecure": False, "fqdn": "llm.internal"},
                "registries": [{"server": f"{site.short}cr.azurecr.io", "identity": "system"}],
            },
            "template": {
                "containers": [
                    {
                        "name": "server",
                        "image": f"{site.short}cr.azurecr.io/vllm-openai:v0.6",
                        "env": [{"name": "HF_TOKEN", "secretRef": "hub"}],
                    }
                ]
            },
        },
        identity=_identity(site, "a9"),
    )


def _function(site: Site) -> dict[str, Any]:
    return arm(
        f"Microsoft.Web/sites/{site.name}-fn",
        {
            "state": "Running",
            "defaultHostName": f"{site.name}-fn.azurewebsites.net",
            "httpsOnly": True,
            "publicNetworkAccess": "Enabled",
        },
        kind="functionapp,linux",
        identity=_identity(site, "f9"),
    )


def _cluster(site: Site) -> dict[str, Any]:
    return arm(
        f"Microsoft.ContainerService/managedClusters/{site.name}-aks",
        {
            "currentKubernetesVersion": "1.31.2",
            "apiServerAccessProfile": {"enablePrivateCluster": True},
            "disableLocalAccounts": True,
            "enableRBAC": True,
            "networkProfile": {"networkPlugin": "azure", "networkPolicy": "cilium"},
            "securityProfile": {
                "workloadIdentity": {"enabled": True},
                "defender": {"securityMonitoring": {"enabled": True}},
            },
            "agentPoolProfiles": [
                {"name": "gpu", "vmSize": "Standard_NC24ads_A100_v4", "enableNodePublicIP": False}
            ],
        },
        identity=_identity(site, "c9"),
    )


def _identity(site: Site, kind: str) -> dict[str, str]:
    principal = f"{kind}000000-0000-4000-8000-{site.deployment.index:012d}"
    return {"type": "SystemAssigned", "principalId": principal}
