"""Which calls read what serves on Vertex AI: endpoints and the models deployed to them."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.gcp.route import Route
from mlsec.collect.plan import Operation, TypePlan

_HOST = "{region-}aiplatform.googleapis.com"
_HERE = "v1/projects/{project}/locations/{region}"

ROUTES: Mapping[str, Route] = {
    "aiplatform:ListEndpoints": Route(
        host=_HOST,
        path=f"{_HERE}/endpoints",
        page_size=100,
        asset="aiplatform.googleapis.com/Endpoint",
    ),
}
PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="gcp.vertex.endpoint",
        listing=Operation(
            service="aiplatform",
            name="ListEndpoints",
            action="aiplatform.endpoints.list",
            items="endpoints",
        ),
    ),
)
