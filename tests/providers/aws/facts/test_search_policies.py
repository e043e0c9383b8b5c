"""A collection is as open as the widest policy that covers it."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.core.resource import Resource
from tests.providers.aws.facts.assistants import DENIED, graph_of, thing, unread

OWN = "arn:aws:iam::111122223333:role/ingest"
FOREIGN = "arn:aws:iam::444455556666:user/someone"


def collection() -> Resource:
    return thing("aws.opensearchserverless.collection", "rag-docs", kms_key=None)


def network(name: str, pattern: str, *, public: bool, kind: str = "collection") -> Resource:
    grant = {"public": public, "rules": [{"kind": kind, "resources": [pattern]}]}
    return thing("aws.opensearchserverless.network_policy", name, grants=[grant])


def access(pattern: str, principals: list[str], *rights: str, kind: str = "index") -> Resource:
    rule = {"kind": kind, "resources": [pattern], "permissions": list(rights)}
    grant = {"principals": principals, "rules": [rule]}
    return thing("aws.opensearchserverless.access_policy", "data", grants=[grant])


def told(name: str, *policies: Resource, denied: tuple[str, ...] = ()) -> Any:
    held = graph_of(collection(), *policies, denied=denied).resources["rag-docs"]
    return held.properties.get(name, held.unread.get(name))


@pytest.mark.parametrize("pattern", ["collection/rag-docs", "collection/rag-*", "collection/*"])
def test_policy_that_covers_the_collection_opens_it(pattern: str) -> None:
    assert told("network.public", network("n", pattern, public=True)) is True


@pytest.mark.parametrize("pattern", ["collection/rag", "collection/rag-docs2", "collection/.*"])
def test_policy_for_another_collection_does_not(pattern: str) -> None:
    assert told("network.public", network("n", pattern, public=True)) is False


def test_one_public_policy_beats_a_private_one() -> None:
    private = network("a", "collection/rag-docs", public=False)
    assert told("network.public", private) is False
    assert told("network.public", private, network("b", "collection/*", public=True)) is True


def test_open_dashboard_is_told_apart_from_open_data() -> None:
    policy = network("n", "collection/rag-docs", public=True, kind="dashboard")
    assert told("network.public", policy) is False
    assert told("network.public_dashboard", policy) is True


def test_unread_policy_makes_private_unknown_but_not_public() -> None:
    hidden = unread(network("h", "collection/*", public=True), "grants")
    assert told("network.public", hidden) == (DENIED.id,)
    assert told("network.public", hidden, network("n", "collection/*", public=True)) is True


def test_denied_listing_makes_private_unknown() -> None:
    name = "aws.opensearchserverless.network_policy"
    assert told("network.public", denied=(name,)) == (DENIED.id,)


def test_principals_are_told_apart_by_account_and_rights() -> None:
    policy = access("index/rag-docs/*", [OWN, FOREIGN], "aoss:*")
    assert told("access.external_principals", policy) == [FOREIGN]
    assert told("access.full_principals", policy) == [OWN, FOREIGN]
    assert told("access.writer_roles", policy) == [OWN]


def test_reader_is_neither_full_nor_writer() -> None:
    policy = access("index/*/*", [OWN], "aoss:ReadDocument")
    assert told("access.full_principals", policy) == []
    assert told("access.writer_roles", policy) == []
