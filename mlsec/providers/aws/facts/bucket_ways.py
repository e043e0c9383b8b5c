"""The two ways into a bucket from outside, its policy and its ACL, and what blocks them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, not_, unknown
from mlsec.providers.aws.facts.access_points import with_access_points
from mlsec.providers.aws.facts.external_principals import (
    EVERYBODY,
    let_in,
    let_in_at_all,
)
from mlsec.providers.aws.facts.resource_policy import (
    AccessKind,
    Policy,
    denied_above,
    policy_of,
)
from mlsec.providers.aws.policy.statement import Statement
from mlsec.vocabulary.iac_mapping import CODE_OWNER_ID, account_of

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_EVERYTHING = Statement(is_allow=True, principals=(EVERYBODY,), actions=("s3:*",))
_EVERYBODY_GROUPS = ("/global/AllUsers", "/global/AuthenticatedUsers")


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """What one way in, policy or ACL, gives to external principals.

    ``named`` are the principals it names; ``lets_named`` says whether any of them gets in.
    """

    everybody: Answer
    lets_named: Answer
    named: frozenset[str] = frozenset()


def policy_side(resource: Resource, graph: Graph, accesses: tuple[AccessKind, ...]) -> Side:
    """Say whom the policy lets in for one of the accesses."""
    policy = policy_of(resource, graph)
    if isinstance(policy, Unknown):
        return Side(everybody=unknown(policy.gaps), lets_named=unknown(policy.gaps))
    owner_id, owner_gaps = _owner(resource)
    policy = msgspec.structs.replace(policy, owner_id=owner_id, owner_gaps=owner_gaps)
    principals = let_in(policy, accesses)
    principals = with_access_points(principals, policy, accesses, resource, graph)
    restricted = block(resource, graph, "restrict_public_buckets")
    by_name = any_of((YES if principals.named else NO, principals.doubt))
    return Side(
        everybody=all_of((principals.everybody, not_(restricted))),
        lets_named=all_of((by_name, not_(all_of((restricted, _is_public(policy)))))),
        named=principals.named,
    )


def _is_public(policy: Policy) -> Answer:
    """Whether a policy is public to the block of public buckets, which does not weigh denies.

    It then lets in nobody outside of the account, except for services.
    """
    allows = tuple(statement for statement in policy.statements if statement.is_allow)
    return let_in_at_all(msgspec.structs.replace(policy, statements=allows)).everybody


def acl_side(resource: Resource, graph: Graph, permissions: tuple[str, ...]) -> Side:
    """Say whom the ACL gives one of the permissions."""
    fact = property_value(resource, "acl")
    if isinstance(fact, Unknown):
        return Side(everybody=unknown(fact.gaps), lets_named=unknown(fact.gaps))
    grants = [grant for grant in fact.value or () if grant.get("permission") in permissions]
    groups = [str(grant.get("grantee_uri") or "") for grant in grants]
    people = {str(grant["grantee_id"]) for grant in grants if grant.get("grantee_id")}
    is_open = YES if any(group.endswith(_EVERYBODY_GROUPS) for group in groups) else NO
    owner_id, owner_gaps = _owner(resource)
    named = frozenset(people - {owner_id, CODE_OWNER_ID})
    by_name = YES if named else NO
    return Side(
        everybody=all_of((is_open, not_(block(resource, graph, "ignore_public_acls")))),
        lets_named=by_name if owner_id or not named else unknown(owner_gaps),
        named=named,
    )


def left_above(
    side: Side, resource: Resource, graph: Graph, accesses: tuple[AccessKind, ...]
) -> Side:
    """Give what the organisation leaves of what an ACL gives to others."""
    denies = denied_above(resource, graph)
    if not denies:
        return side
    everything = Policy(
        statements=(_EVERYTHING, *denies), account=account_of(resource), service="s3"
    )
    left = let_in(everything, accesses).everybody
    # The organisation of whom an ACL names by a canonical id is not known.
    by_name = YES if left == YES else unknown({"?whose canonical id it is"})
    return Side(
        everybody=all_of((side.everybody, left)),
        lets_named=all_of((side.lets_named, by_name)),
        named=side.named,
    )


def _owner(resource: Resource) -> tuple[str, tuple[str, ...]]:
    match property_value(resource, "owner_id"):
        case Known(value=str(owner_id)):
            # Whether an id that code writes is that of the account it is applied to is not known.
            return (
                ("", ("?whose canonical id it is",))
                if owner_id == CODE_OWNER_ID
                else (owner_id, ())
            )
        case Unknown(gaps=gaps):
            return "", gaps
        case _:
            return "", ()


def block(resource: Resource, graph: Graph, name: str) -> Answer:
    """Say whether a block of public access is on, for the bucket or for its whole account.

    Code is judged by what it says: a block that its account may have elsewhere is no reason to
    pass over a bucket that is opened on purpose.
    """
    accounts = graph.targets(resource, "account")
    is_known = bool(accounts.resources) or resource.stands_in_code
    hidden = [] if is_known else [unknown(accounts.gaps)]
    return any_of(
        (
            _flag(resource, name),
            *(_flag(account, f"s3_block.{name}") for account in accounts.resources),
            *hidden,
        )
    )


def _flag(resource: Resource, name: str) -> Answer:
    match property_value(resource, name):
        case Known(value=value):
            return YES if value else NO
        case Unknown(gaps=gaps):
            return unknown(gaps)
