"""Whom the access points of a bucket let in, where the policy of the bucket leaves it to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.flags import flag, is_one_of
from mlsec.graph.ternary import NO, YES, all_of, any_of, not_, unknown
from mlsec.providers.aws.facts.external_principals import ExternalPrincipals, let_in
from mlsec.providers.aws.facts.resource_policy import AccessKind, Policy, policy_of
from mlsec.vocabulary.iac_mapping import is_code

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_POINT = "aws.s3.access_point"
_KEYS = ("s3:dataaccesspoint", "s3:accesspoint")


def with_access_points(
    principals: ExternalPrincipals,
    policy: Policy,
    accesses: tuple[AccessKind, ...],
    bucket: Resource,
    graph: Graph,
) -> ExternalPrincipals:
    """Add those who get in through access points of the account to those who get in directly."""
    keys = {condition.key for s in policy.statements for condition in s.conditions}
    if not any(key.startswith(_KEYS) for key in keys):
        return principals
    left = let_in(policy, accesses, is_through_own=True)
    if left.is_some == NO:
        return principals
    points, gaps = _points_of(bucket, graph)
    through = [_through(point, left, accesses, graph) for point in points]
    hidden = unknown(gaps) if gaps else NO
    return ExternalPrincipals(
        everybody=any_of((principals.everybody, *(t.everybody for t in through), hidden)),
        named=principals.named.union(*(t.named for t in through)),
        doubt=any_of((principals.doubt, *(t.doubt for t in through), hidden)),
    )


def _points_of(bucket: Resource, graph: Graph) -> tuple[list[Resource], tuple[str, ...]]:
    """Give the access points of a bucket, and what hides others."""
    points, gaps = [], set[str]()
    for point in graph.of_type_in(_POINT, bucket.scope):
        match property_value(point, "bucket_name"):
            case Known(value=name):
                points += [point] if name in (bucket.name, bucket.identity) else []
            case Unknown(gaps=unread):
                gaps.update(unread)
    if not is_code(bucket.scope):
        gaps.update(graph.incomplete(_POINT, bucket.scope, ""))
    return points, tuple(sorted(gaps))


def _through(
    point: Resource, left: ExternalPrincipals, accesses: tuple[AccessKind, ...], graph: Graph
) -> ExternalPrincipals:
    """Give whom both the access point and the bucket let in.

    One that only a network reaches is open to nobody whom its policy does not name.
    """
    policy = policy_of(point, graph)
    if isinstance(policy, Unknown):
        hidden = unknown(policy.gaps)
        return ExternalPrincipals(everybody=all_of((left.everybody, hidden)), doubt=hidden)
    own = let_in(policy, [msgspec.structs.replace(access, on="*") for access in accesses])
    closed = any_of((is_one_of(point, "network_origin", "VPC"), flag(point, "restricts_public")))
    everybody = all_of((own.everybody, not_(closed)))
    named = own.named if left.everybody == YES else own.named & left.named
    if everybody == YES:
        named |= left.named
    pairs = (
        all_of((left.doubt, own.is_some)),
        all_of((left.is_some, own.doubt)),
        all_of((YES if left.named else NO, everybody)) if everybody != YES else NO,
    )
    return ExternalPrincipals(
        everybody=all_of((left.everybody, everybody)), named=named, doubt=any_of(pairs)
    )
