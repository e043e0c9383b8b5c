"""Which calls read Vertex AI Search: its data stores, in each of its three locations."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.gcp.route import Route

ROUTES: Mapping[str, Route] = {
    "discoveryengine:ListDataStores": Route(
        host="{region-}discoveryengine.googleapis.com",
        path="v1/projects/{project}/locations/{region}/collections/default_collection/dataStores",
        page_size=50,
        # The service has these places only, and no call that lists them.
        places=("eu", "global", "us"),
    ),
}
PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="gcp.search.data_store",
        listing=Operation(
            service="discoveryengine",
            name="ListDataStores",
            action="discoveryengine.dataStores.list",
            items="dataStores",
            is_global=True,
        ),
        region="$.~region",
    ),
)
