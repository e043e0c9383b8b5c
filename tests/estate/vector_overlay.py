"""The demo's vector store: one OpenSearch Serverless collection and its policies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.estate.model import ACCOUNT, HOME
from tests.estate.overlay import Canned
from tests.estate.seed import Ids

COLLECTION_ID = "8fk2m1qk3v0x7y5z1abc"
COLLECTION_ARN = f"arn:aws:aoss:{HOME}:{ACCOUNT}:collection/{COLLECTION_ID}"


def vector_store(ids: Ids) -> Iterator[Canned]:
    """Give the collection behind the helpdesk's articles: private, and written by one role."""
    entry = {
        "id": COLLECTION_ID, "name": "helpdesk-vectors", "status": "ACTIVE", "arn": COLLECTION_ARN,
        "kmsKeyArn": ids.keys["platform"],
    }  # fmt: skip
    detail = {**entry, "type": "VECTORSEARCH", "standbyReplicas": "ENABLED"}
    service, name = "opensearchserverless", "helpdesk-vectors"
    times = {"createdDate": 1772442000000, "lastModifiedDate": 1772442000000, "policyVersion": "v1"}
    yield _at_home(service, "ListCollections", {}, {"collectionSummaries": [entry]})
    yield _at_home(
        service, "BatchGetCollection", {"ids": [COLLECTION_ID]}, {"collectionDetails": [detail]}
    )
    rules = {"Resource": [f"collection/{name}"], "ResourceType": "collection"}
    network = [
        {"Rules": [rules], "AllowFromPublic": False, "SourceServices": ["bedrock.amazonaws.com"]}
    ]
    head = {"name": name, "type": "network", **times}
    summaries = {"securityPolicySummaries": [head]}
    yield _at_home(service, "ListSecurityPolicies", {"type": "network"}, summaries)
    yield _at_home(
        service,
        "GetSecurityPolicy",
        {"type": "network", "name": name},
        {"securityPolicyDetail": {**head, "policy": network}},
    )
    writes = {
        "Rules": [
            {
                "Resource": [f"index/{name}/*"],
                "ResourceType": "index",
                "Permission": ["aoss:ReadDocument", "aoss:WriteDocument"],
            }
        ],
        "Principal": [f"arn:aws:iam::{ACCOUNT}:role/knowledge-reader"],
    }
    head = {"name": name, "type": "data", **times}
    yield _at_home(
        service, "ListAccessPolicies", {"type": "data"}, {"accessPolicySummaries": [head]}
    )
    yield _at_home(
        service,
        "GetAccessPolicy",
        {"type": "data", "name": name},
        {"accessPolicyDetail": {**head, "policy": [writes]}},
    )


def _at_home(service: str, name: str, match: dict[str, Any], answer: dict[str, Any]) -> Canned:
    return Canned(service=service, operation=name, region=HOME, match=match, answer=answer)
