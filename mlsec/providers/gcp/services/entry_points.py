"""Which calls read entry points: Cloud Run, functions, API gateways; and clusters behind others."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.gcp.route import Route

LIST_LOCATIONS = Operation(
    service="run",
    name="ListLocations",
    action="run.locations.list",
    items="locations",
    is_global=True,
)
_POLICY = "{resource}:getIamPolicy"

ROUTES: Mapping[str, Route] = {
    LIST_LOCATIONS.label: Route(path="v1/projects/{project}/locations", page_size=200),
    # Takes no "-" for all locations.
    "run:ListServices": Route(
        path="v2/projects/{project}/locations/{region}/services",
        page_size=500,
        locations=LIST_LOCATIONS.label,
    ),
    "run:ServicesGetIamPolicy": Route(path=f"v2/{_POLICY}", asset="run.googleapis.com/Service"),
    "cloudfunctions:ListFunctions": Route(
        path="v2/projects/{project}/locations/-/functions", page_size=1000
    ),
    "cloudfunctions:FunctionsGetIamPolicy": Route(path=f"v2/{_POLICY}"),
    "apigateway:ListConfigs": Route(
        path="v1/projects/{project}/locations/global/apis/-/configs", page_size=100
    ),
    "apigateway:GetConfig": Route(path="v1/{name}"),
    "apigateway:ListGateways": Route(
        path="v1/projects/{project}/locations/-/gateways", page_size=100
    ),
    "container:ListClusters": Route(path="v1/projects/{project}/locations/-/clusters"),
}


def _policy(service: str, name: str, action: str) -> Operation:
    return Operation(
        service=service,
        name=name,
        action=action,
        params={"resource": "$.name", "options.requestedPolicyVersion": 3},
        gone=("NOT_FOUND",),
        is_global=True,
    )


PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="gcp.run.service",
        listing=Operation(
            service="run",
            name="ListServices",
            action="run.services.list",
            items="services",
            redact=("services[].template.containers[].env[].value",),
            is_global=True,
        ),
        region="$.~region",
        reads=(_policy("run", "ServicesGetIamPolicy", "run.services.getIamPolicy"),),
    ),
    TypePlan(
        type="gcp.functions.function",
        listing=Operation(
            service="cloudfunctions",
            name="ListFunctions",
            action="cloudfunctions.functions.list",
            items="functions",
            redact=(
                "functions[].serviceConfig.environmentVariables.*",
                "functions[].buildConfig.environmentVariables.*",
            ),
            is_global=True,
        ),
        region="$.~region",
        reads=(
            _policy(
                "cloudfunctions", "FunctionsGetIamPolicy", "cloudfunctions.functions.getIamPolicy"
            ),
        ),
    ),
    TypePlan(
        type="gcp.apigateway.config",
        listing=Operation(
            service="apigateway",
            name="ListConfigs",
            action="apigateway.apiconfigs.list",
            items="apiConfigs",
            is_global=True,
        ),
        reads=(
            Operation(
                service="apigateway",
                name="GetConfig",
                action="apigateway.apiconfigs.get",
                params={"name": "$.name", "view": "FULL"},
                gone=("NOT_FOUND",),
                is_global=True,
            ),
        ),
        is_referred=True,
    ),
    TypePlan(
        type="gcp.apigateway.gateway",
        listing=Operation(
            service="apigateway",
            name="ListGateways",
            action="apigateway.gateways.list",
            items="gateways",
            is_global=True,
        ),
        region="$.~region",
    ),
    TypePlan(
        type="gcp.gke.cluster",
        listing=Operation(
            service="container",
            name="ListClusters",
            action="container.clusters.list",
            items="clusters",
            redact=("clusters[].masterAuth.password", "clusters[].masterAuth.clientKey"),
            is_global=True,
        ),
        region="$.~region",
    ),
)
