"""Which roles could write a bucket, by what their policies name: few to ask instead of all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.resource import Resource
from mlsec.providers.aws.facts.permissions import Identity, identity_of

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_NOT_LITERAL = frozenset("*?$")


class WriteCandidates(msgspec.Struct, frozen=True, kw_only=True):
    """Roles whose policies let them put objects, by the bucket that they name literally.

    ``anywhere`` are those with a pattern that may be about any bucket, or with unread policies.
    """

    by_bucket: Mapping[str, tuple[Resource, ...]]
    anywhere: tuple[Resource, ...]

    def near(self, bucket: str) -> tuple[Resource, ...]:
        """Give every role that could possibly write the bucket, in the order of their ids."""
        candidates = (*self.by_bucket.get(bucket, ()), *self.anywhere)
        return tuple(sorted(candidates, key=lambda role: role.id))


def roles_that_put(scope: str, graph: Graph) -> WriteCandidates:
    """Sort the roles of an account by what their policies name; asked once per account."""
    return graph.memo(("roles that put", scope), lambda: _sorted_candidates(scope, graph))


def _sorted_candidates(scope: str, graph: Graph) -> WriteCandidates:
    by_bucket: dict[str, list[Resource]] = {}
    anywhere = []
    for role in graph.of_type_in("role", scope):
        identity = identity_of(role, graph)
        if not identity.speaks_of("s3:putobject"):
            continue
        named = _buckets_named(identity)
        if named is None:
            anywhere.append(role)
        for bucket in named or ():
            by_bucket.setdefault(bucket, []).append(role)
    literal = {bucket: tuple(roles) for bucket, roles in by_bucket.items()}
    return WriteCandidates(by_bucket=literal, anywhere=tuple(anywhere))


def _buckets_named(identity: Identity) -> set[str] | None:
    """Give the buckets that allowing statements name literally; None when any may be meant."""
    if identity.policies.hides("s3:putobject"):
        return None
    named: set[str] = set()
    for document in identity.policies.documents:
        for statement in document.about("s3:putobject"):
            if not statement.is_allow:
                continue
            heads = {pattern.partition("/")[0] for pattern in statement.resources}
            if not heads or statement.not_resources or any(set(h) & _NOT_LITERAL for h in heads):
                return None
            named |= heads
    return named
