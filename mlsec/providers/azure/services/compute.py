"""Reads of container apps, web and function apps, and Kubernetes clusters."""

from __future__ import annotations

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.azure.route import ArmRead
from mlsec.providers.azure.services.diagnostics import DIAGNOSTIC_SETTINGS

_APPS = "2025-07-01"
_WEB = "2023-12-01"


def _site_setting(name: str, setting: str) -> ArmRead:
    """Define a GET of site settings; settings with secrets are only returned by a POST."""
    return ArmRead(
        service="web",
        name=name,
        action="Microsoft.Web/sites/config/read",
        path=f"{{id}}/config/{setting}",
        params={"id": "$.id"},
        version=_WEB,
        redact=(
            "properties.appSettings[].value",
            "properties.connectionStrings[].connectionString",
            "properties.azureStorageAccounts.*.accessKey",
            "properties.appCommandLine",
        ),
    )


PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="azure.containerapp.app",
        listing=ArmRead(
            service="app",
            name="ContainerApps_ListBySubscription",
            action="Microsoft.App/containerApps/read",
            path="/subscriptions/{subscription}/providers/Microsoft.App/containerApps",
            version=_APPS,
            items="value",
            graph="microsoft.app/containerapps",
            redact=(
                "value[].properties.template.containers[].env[].value",
                "value[].properties.template.containers[].command",
                "value[].properties.template.containers[].args",
                "value[].properties.template.containers[].probes[].httpGet.httpHeaders[].value",
                "value[].properties.template.initContainers[].env[].value",
                "value[].properties.template.initContainers[].command",
                "value[].properties.template.initContainers[].args",
                "value[].properties.configuration.secrets[].value",
            ),
        ),
        region="location",
        reads=(
            ArmRead(
                service="app",
                name="ContainerAppsAuthConfigs_ListByContainerApp",
                action="Microsoft.App/containerApps/authConfigs/read",
                path="{id}/authConfigs",
                params={"id": "$.id"},
                version=_APPS,
                items="value",
                # Without an ingress there are no callers to authenticate.
                only_if={"$.properties.configuration.ingress.external": (True,)},
            ),
        ),
    ),
    TypePlan(
        type="azure.containerapp.environment",
        listing=ArmRead(
            service="app",
            name="ManagedEnvironments_ListBySubscription",
            action="Microsoft.App/managedEnvironments/read",
            path="/subscriptions/{subscription}/providers/Microsoft.App/managedEnvironments",
            version=_APPS,
            items="value",
            graph="microsoft.app/managedenvironments",
        ),
        region="location",
    ),
    TypePlan(
        type="azure.web.site",
        listing=ArmRead(
            service="web",
            name="WebApps_List",
            action="Microsoft.Web/sites/read",
            path="/subscriptions/{subscription}/providers/Microsoft.Web/sites",
            version=_WEB,
            items="value",
            graph="microsoft.web/sites",
        ),
        region="location",
        reads=(
            _site_setting("WebApps_GetConfiguration", "web"),
            _site_setting("WebApps_GetAuthSettingsV2WithoutSecrets", "authsettingsV2"),
        ),
    ),
    TypePlan(
        type="azure.aks.cluster",
        listing=ArmRead(
            service="containerservice",
            name="ManagedClusters_List",
            action="Microsoft.ContainerService/managedClusters/read",
            path="/subscriptions/{subscription}/providers/Microsoft.ContainerService/managedClusters",
            version="2024-02-01",
            items="value",
            graph="microsoft.containerservice/managedclusters",
        ),
        region="location",
        reads=(DIAGNOSTIC_SETTINGS,),
    ),
)
