"""What Vertex AI keeps for the invented company."""

from __future__ import annotations

from tests.estate.gcp_estate import Planted, Site
from tests.estate.gcp_kinds import (
    RECENT,
    TOKEN,
    Body,
    Fault,
    Kind,
    account_of,
    bucket_of,
    common,
    key_of,
    opened_to,
    planted,
    with_,
    without,
)
from tests.estate.gcp_world import PROJECT, Thing, Told

_SCHEMA = "GoogleCloudAiplatformV1"


def _unnamed(site: Site, path: str, **more: object) -> Body:
    body = common(site, path, **more)
    del body["displayName"]
    return body


DATASET = Kind(
    noun="datasets",
    schema=f"{_SCHEMA}Dataset",
    asset="Dataset",
    body=lambda site, path: common(
        site, path, metadataSchemaUri="gs://google/tabular", metadata={}
    ),
    faults=(
        Fault(rules=("vertex/dataset-without-customer-key",), change=without("encryptionSpec")),
        Fault(rules=("vertex/dataset-without-owner-tag",), change=without("labels")),
    ),
)
FEATURES = Kind(
    noun="featurestores",
    schema=f"{_SCHEMA}Featurestore",
    asset="Featurestore",
    body=_unnamed,
    faults=(
        Fault(
            rules=("vertex/featurestore-without-customer-key",), change=without("encryptionSpec")
        ),
        Fault(
            rules=("vertex/featurestore-public",),
            change=opened_to("allAuthenticatedUsers"),
        ),
    ),
)
ONLINE = Kind(
    noun="featureOnlineStores",
    schema=f"{_SCHEMA}FeatureOnlineStore",
    body=lambda site, path: _unnamed(
        site,
        path,
        optimized={},
        dedicatedServingEndpoint={
            "privateServiceConnectConfig": {"enablePrivateServiceConnect": True}
        },
    ),
    faults=(
        Fault(
            rules=("vertex/online-store-without-customer-key",), change=without("encryptionSpec")
        ),
        Fault(rules=("vertex/online-store-policy-public",), change=opened_to("allUsers")),
        Fault(
            rules=("vertex/online-store-public-network",),
            change=with_("dedicatedServingEndpoint", {"publicEndpointDomainName": "x.example"}),
        ),
    ),
)


def _group(site: Site, path: str) -> Body:
    body = _unnamed(
        site,
        path,
        serviceAgentType="SERVICE_AGENT_TYPE_FEATURE_GROUP",
        bigQuery={"bigQuerySource": {"inputUri": f"bq://{PROJECT}.features.people"}},
    )
    del body["encryptionSpec"]
    return body


GROUP = Kind(
    noun="featureGroups",
    schema=f"{_SCHEMA}FeatureGroup",
    body=_group,
    faults=(
        Fault(
            rules=("vertex/feature-group-shared-service-agent",), change=without("serviceAgentType")
        ),
    ),
)
INDEX = Kind(
    noun="indexes",
    schema=f"{_SCHEMA}Index",
    asset="Index",
    body=common,
    faults=(Fault(rules=("vertex/index-without-customer-key",), change=without("encryptionSpec")),),
)


def _search(site: Site, path: str) -> Body:
    return common(
        site,
        path,
        privateServiceConnectConfig={"enablePrivateServiceConnect": True},
        deployedIndexes=[
            {
                "id": "documents",
                "index": INDEX.path(site),
                "enableAccessLogging": True,
                "deployedIndexAuthConfig": {
                    "authProvider": {"allowedIssuers": [account_of(site)], "audiences": ["search"]}
                },
            }
        ],
    )


SEARCH = Kind(
    noun="indexEndpoints",
    schema=f"{_SCHEMA}IndexEndpoint",
    asset="IndexEndpoint",
    body=_search,
    faults=(
        Fault(
            rules=("vertex/index-endpoint-without-customer-key",), change=without("encryptionSpec")
        ),
        Fault(
            rules=("vertex/index-endpoint-public-network",),
            change=with_("publicEndpointEnabled", True),
        ),
        Fault(
            rules=("vertex/index-endpoint-without-authentication",),
            change=with_("deployedIndexes.0.deployedIndexAuthConfig", {}),
        ),
        Fault(
            rules=("vertex/index-endpoint-without-access-log",),
            change=with_("deployedIndexes.0.enableAccessLogging", False),
        ),
    ),
)


def _corpus(site: Site, path: str) -> Body:
    auth = {"apiKeyConfig": {"apiKeySecretVersion": f"projects/{PROJECT}/secrets/pine/versions/1"}}
    return {
        "name": path,
        "displayName": site.name,
        "createTime": RECENT,
        "encryptionSpec": dict(key_of(site)),
        "vectorDbConfig": {"pinecone": {"indexName": "documents"}, "apiAuth": auth},
    }


CORPUS = Kind(
    noun="ragCorpora",
    schema=f"{_SCHEMA}RagCorpus",
    body=_corpus,
    faults=(
        Fault(rules=("vertex/rag-corpus-without-customer-key",), change=without("encryptionSpec")),
        Fault(
            rules=("vertex/rag-corpus-secret-in-configuration",),
            change=with_("vectorDbConfig.apiAuth.apiKeyConfig", {"apiKeyString": TOKEN}),
        ),
    ),
)


def _document(site: Site, corpus: str) -> Thing:
    """Give a document that a corpus retrieves."""
    path = f"{corpus}/ragFiles/1"
    return Thing(
        document="aiplatform.v1",
        schema=f"{_SCHEMA}RagFile",
        path=path,
        body={
            "name": path,
            "displayName": "manual.pdf",
            "gcsSource": {"uris": [f"gs://{bucket_of(site)}/documents/manual.pdf"]},
        },
    )


def _metadata(site: Site, path: str) -> Body:
    return {"name": path, "createTime": RECENT, "encryptionSpec": dict(key_of(site))}


METADATA = Kind(
    noun="metadataStores",
    schema=f"{_SCHEMA}MetadataStore",
    asset="MetadataStore",
    body=_metadata,
    faults=(
        Fault(
            rules=("vertex/metadata-store-without-customer-key",), change=without("encryptionSpec")
        ),
    ),
)
BOARD = Kind(
    noun="tensorboards",
    schema=f"{_SCHEMA}Tensorboard",
    asset="Tensorboard",
    body=common,
    faults=(
        Fault(rules=("vertex/tensorboard-without-customer-key",), change=without("encryptionSpec")),
    ),
)
KINDS = (DATASET, FEATURES, ONLINE, GROUP, INDEX, SEARCH, CORPUS, METADATA, BOARD)


FAULTS: tuple[Planted, ...] = planted(KINDS)


def of_company() -> list[Thing | Told]:
    return []


def of_deployment(site: Site) -> list[Thing | Told]:
    files = [_document(site, corpus.path) for corpus in CORPUS.things(site)]
    return [*files, *(thing for kind in KINDS for thing in kind.things(site))]


def specimens() -> list[Thing | Told]:
    return []
