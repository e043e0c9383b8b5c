"""Which calls read what Vertex AI keeps: data sets, features, vectors, documents, metadata."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.gcp.route import Route
from mlsec.providers.gcp.services.vertex_operations import (
    HOST,
    listing,
    listing_route,
    policy,
    policy_route,
)

ROUTES: Mapping[str, Route] = {
    "aiplatform:ListDatasets": listing_route("datasets", asset="Dataset"),
    "aiplatform:ListFeaturestores": listing_route("featurestores", asset="Featurestore"),
    "aiplatform:FeaturestoresGetIamPolicy": policy_route(),
    "aiplatform:ListFeatureOnlineStores": listing_route("featureOnlineStores"),
    "aiplatform:FeatureOnlineStoresGetIamPolicy": policy_route(),
    "aiplatform:ListFeatureGroups": listing_route("featureGroups"),
    "aiplatform:ListIndexes": listing_route("indexes", asset="Index"),
    "aiplatform:ListIndexEndpoints": listing_route("indexEndpoints", asset="IndexEndpoint"),
    "aiplatform:ListRagCorpora": listing_route("ragCorpora"),
    # Where the documents lie: the corpus itself does not say.
    "aiplatform:ListRagFiles": Route(host=HOST, path="v1/{corpus}/ragFiles", page_size=100),
    "aiplatform:ListMetadataStores": listing_route("metadataStores", asset="MetadataStore"),
    "aiplatform:ListTensorboards": listing_route("tensorboards", asset="Tensorboard"),
}
PLANS: tuple[TypePlan, ...] = (
    TypePlan(type="gcp.vertex.dataset", listing=listing("ListDatasets", "datasets")),
    TypePlan(
        type="gcp.vertex.featurestore",
        listing=listing("ListFeaturestores", "featurestores"),
        reads=(policy("FeaturestoresGetIamPolicy", "featurestores"),),
    ),
    TypePlan(
        type="gcp.vertex.feature_online_store",
        listing=listing("ListFeatureOnlineStores", "featureOnlineStores"),
        reads=(policy("FeatureOnlineStoresGetIamPolicy", "featureOnlineStores"),),
    ),
    TypePlan(
        type="gcp.vertex.feature_group", listing=listing("ListFeatureGroups", "featureGroups")
    ),
    TypePlan(type="gcp.vertex.index", listing=listing("ListIndexes", "indexes")),
    TypePlan(
        type="gcp.vertex.index_endpoint", listing=listing("ListIndexEndpoints", "indexEndpoints")
    ),
    TypePlan(
        type="gcp.vertex.rag_corpus",
        listing=listing(
            "ListRagCorpora",
            "ragCorpora",
            redact=("ragCorpora[].vectorDbConfig.apiAuth.apiKeyConfig.apiKeyString",),
        ),
        reads=(
            Operation(
                service="aiplatform",
                name="ListRagFiles",
                action="aiplatform.ragFiles.list",
                params={"corpus": "$.name"},
                items="ragFiles",
                gone=("NOT_FOUND",),
            ),
        ),
    ),
    TypePlan(
        type="gcp.vertex.metadata_store", listing=listing("ListMetadataStores", "metadataStores")
    ),
    TypePlan(type="gcp.vertex.tensorboard", listing=listing("ListTensorboards", "tensorboards")),
)
