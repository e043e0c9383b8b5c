"""Which calls read agents on Agent Engine and the extensions they may call."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.gcp.route import Route
from mlsec.providers.gcp.services.vertex_operations import (
    listing,
    listing_route,
    policy,
    policy_route,
)

ROUTES: Mapping[str, Route] = {
    "aiplatform:ListReasoningEngines": listing_route("reasoningEngines"),
    "aiplatform:ReasoningEnginesGetIamPolicy": policy_route(),
    # Extensions exist in the preview version of the API only.
    "aiplatform:ListExtensions": listing_route("extensions", version="v1beta1"),
}
PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="gcp.vertex.agent_engine",
        listing=listing(
            "ListReasoningEngines",
            "reasoningEngines",
            redact=(
                "reasoningEngines[].spec.deploymentSpec.env[].value",
                "reasoningEngines[].spec.sourceCodeSpec.inlineSource.sourceArchive",
            ),
        ),
        reads=(policy("ReasoningEnginesGetIamPolicy", "reasoningEngines"),),
    ),
    TypePlan(
        type="gcp.vertex.extension",
        listing=listing(
            "ListExtensions",
            "extensions",
            redact=("extensions[].manifest.authConfig.apiKeyConfig.apiKeyString",),
        ),
    ),
)
