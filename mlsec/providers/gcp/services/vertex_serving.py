"""Which calls read what serves on Vertex AI: endpoints, shared pools, the registry's versions."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.gcp.route import Route
from mlsec.providers.gcp.services.vertex_operations import (
    HOST,
    container,
    listing,
    listing_route,
    policy,
    policy_route,
)

ROUTES: Mapping[str, Route] = {
    "aiplatform:ListEndpoints": listing_route("endpoints", asset="Endpoint"),
    # Only the preview version of the API says an endpoint's policy.
    "aiplatform:EndpointsGetIamPolicy": policy_route("v1beta1"),
    "aiplatform:ListDeploymentResourcePools": listing_route("deploymentResourcePools"),
    "aiplatform:ListModels": listing_route("models", asset="Model"),
    "aiplatform:ListModelVersions": Route(host=HOST, path="v1/{model}:listVersions", page_size=100),
}
_CONTAINER = container("models[].containerSpec")
PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="gcp.vertex.endpoint",
        listing=listing("ListEndpoints", "endpoints"),
        reads=(policy("EndpointsGetIamPolicy", "endpoints"),),
    ),
    TypePlan(
        type="gcp.vertex.deployment_pool",
        listing=listing("ListDeploymentResourcePools", "deploymentResourcePools"),
    ),
    TypePlan(type="gcp.vertex.model", listing=listing("ListModels", "models", redact=_CONTAINER)),
    # The registry's listing shows one version of each model; endpoints may serve another.
    TypePlan(
        type="gcp.vertex.model_version",
        parent="gcp.vertex.model",
        listing=Operation(
            service="aiplatform",
            name="ListModelVersions",
            action="aiplatform.models.list",
            params={"model": "$parent.name"},
            items="models",
            redact=_CONTAINER,
        ),
    ),
)
