"""Who may read and write a bucket: by policy and ACL from outside, and roles of the account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.enums import Truth
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, not_, unknown
from mlsec.graph.verdicts import verdict
from mlsec.providers.aws.facts.external_principals import EVERYBODY, let_in, let_in_at_all
from mlsec.providers.aws.facts.policy_statements import ANY
from mlsec.providers.aws.facts.resource_policy import (
    AccessKind,
    Policy,
    denied_above,
    policy_of,
)
from mlsec.providers.aws.policy.statement import Statement
from mlsec.vocabulary.iac_mapping import account_of

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

# Whoever may change who may write, or how long objects are kept and where they are copied to, may
# write; whoever may have them copied may read.
_OBJECT_WRITES = (
    "s3:putobject", "s3:deleteobject", "s3:deleteobjectversion", "s3:replicateobject",
    "s3:replicatedelete", "s3:putobjectacl", "s3:putobjectversionacl", "s3:updateobjectencryption",
)  # fmt: skip
_BUCKET_WRITES = (
    "s3:putbucketpolicy", "s3:deletebucketpolicy", "s3:putbucketacl",
    "s3:putbucketownershipcontrols", "s3:putlifecycleconfiguration",
    "s3:putreplicationconfiguration", "s3:deletebucket",
)  # fmt: skip
_OBJECT_READS = (
    "s3:getobject", "s3:getobjectversion", "s3:getobjecttorrent", "s3:getobjectversiontorrent",
    "s3:getobjectversionforreplication",
)  # fmt: skip
_BUCKET_READS = ("s3:listbucket", "s3:listbucketversions")
_ACL_WRITES = ("WRITE", "WRITE_ACP", "FULL_CONTROL")
_ACL_READS = ("READ", "FULL_CONTROL")
_EVERYTHING = Statement(is_allow=True, principals=(EVERYBODY,), actions=("s3:*",))
_EVERYBODY_GROUPS = ("/global/AllUsers", "/global/AuthenticatedUsers")


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """What one way in, policy or ACL, gives to external principals.

    ``named`` are the principals it names; ``lets_named`` says whether any of them gets in.
    """

    everybody: Answer
    lets_named: Answer
    named: frozenset[str] = frozenset()


def is_public_read(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether everybody may list the bucket or read an object."""
    return verdict(_everybody(_reading(resource, graph)), resource, graph)


def is_public_write(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether everybody may put or delete an object, or change who may."""
    return verdict(_everybody(_writing(resource, graph)), resource, graph)


def is_public(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether everybody may read or write."""
    sides = (*_reading(resource, graph), *_writing(resource, graph))
    return verdict(_everybody(sides), resource, graph)


def has_external_writers(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether anybody outside the account may write."""
    return verdict(_anybody(_writing(resource, graph)), resource, graph)


def has_external_readers(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether anybody outside the account may read."""
    return verdict(_anybody(_reading(resource, graph)), resource, graph)


def policy_has_external_readers(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the policy lets anybody outside the account read."""
    return verdict(_anybody(_reading(resource, graph)[:1]), resource, graph)


def acl_has_external_readers(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the ACL lets anybody outside the account read."""
    return verdict(_anybody(_reading(resource, graph)[1:]), resource, graph)


def external_writers(resource: Resource, graph: Graph) -> Known | Unknown:
    """Name the principals of other accounts that may write, ``*`` for everybody, in order."""
    return _names(_writing(resource, graph), resource, graph)


def external_readers(resource: Resource, graph: Graph) -> Known | Unknown:
    """Name the principals of other accounts that may read, ``*`` for everybody, in order."""
    return _names(_reading(resource, graph), resource, graph)


def blocks_public_access(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether all four blocks of public access are on, for the bucket or for its account."""
    names = (
        "block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets",
    )  # fmt: skip
    return verdict(all_of(_block(resource, graph, name) for name in names), resource, graph)


def denies_insecure_transport(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the policy refuses every read and write that does not use TLS."""
    policy = policy_of(resource, graph)
    if isinstance(policy, Unknown):
        return policy
    accesses = [
        AccessKind(action=f"s3:{verb}object", on=f"{resource.identity}/{ANY}")
        for verb in ("get", "put")
    ]
    statements = (*policy.statements, *denied_above(resource, graph))
    return Known(all(any(_refuses_plain(s, access) for s in statements) for access in accesses))


def _reading(resource: Resource, graph: Graph) -> tuple[Side, ...]:
    accesses = (
        *(AccessKind(action=action, on=f"{resource.identity}/*") for action in _OBJECT_READS),
        *(AccessKind(action=action, on=resource.identity) for action in _BUCKET_READS),
    )
    key = ("readers of bucket", resource.id)
    return graph.memo(key, lambda: _sides(resource, graph, accesses, _ACL_READS))


def _writing(resource: Resource, graph: Graph) -> tuple[Side, ...]:
    accesses = (
        *(AccessKind(action=action, on=f"{resource.identity}/*") for action in _OBJECT_WRITES),
        *(AccessKind(action=action, on=resource.identity) for action in _BUCKET_WRITES),
    )
    key = ("writers of bucket", resource.id)
    return graph.memo(key, lambda: _sides(resource, graph, accesses, _ACL_WRITES))


def _sides(
    resource: Resource,
    graph: Graph,
    accesses: tuple[AccessKind, ...],
    permissions: tuple[str, ...],
) -> tuple[Side, ...]:
    """Give the two ways in: the policy, and the ACL."""
    acl = _acl_side(resource, graph, permissions)
    return _policy_side(resource, graph, accesses), _left_above(acl, resource, graph, accesses)


def _everybody(sides: tuple[Side, ...]) -> Answer:
    return any_of(side.everybody for side in sides)


def _anybody(sides: tuple[Side, ...]) -> Answer:
    return any_of((_everybody(sides), *(side.lets_named for side in sides)))


def _names(sides: tuple[Side, ...], resource: Resource, graph: Graph) -> Known | Unknown:
    """Give the list only when every part of it is known."""
    everybody = _everybody(sides)
    parts = [everybody, *(side.lets_named for side in sides)]
    open_parts = [part for part in parts if part.truth is Truth.UNKNOWN]
    if open_parts:
        return verdict(any_of(open_parts), resource, graph)
    names = {name for side in sides if side.lets_named == YES for name in side.named}
    return Known(sorted(names | ({EVERYBODY} if everybody == YES else set())))


def _policy_side(resource: Resource, graph: Graph, accesses: tuple[AccessKind, ...]) -> Side:
    policy = policy_of(resource, graph)
    if isinstance(policy, Unknown):
        return Side(everybody=unknown(policy.gaps), lets_named=unknown(policy.gaps))
    owner_id, owner_gaps = _owner(resource)
    policy = msgspec.structs.replace(policy, owner_id=owner_id, owner_gaps=owner_gaps)
    principals = let_in(policy, accesses)
    restricted = _block(resource, graph, "restrict_public_buckets")
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


def _acl_side(resource: Resource, graph: Graph, permissions: tuple[str, ...]) -> Side:
    fact = property_value(resource, "acl")
    if isinstance(fact, Unknown):
        return Side(everybody=unknown(fact.gaps), lets_named=unknown(fact.gaps))
    grants = [grant for grant in fact.value or () if grant.get("permission") in permissions]
    groups = [str(grant.get("grantee_uri") or "") for grant in grants]
    people = {str(grant["grantee_id"]) for grant in grants if grant.get("grantee_id")}
    is_open = YES if any(group.endswith(_EVERYBODY_GROUPS) for group in groups) else NO
    owner_id, owner_gaps = _owner(resource)
    named = frozenset(people - {owner_id})
    by_name = YES if named else NO
    return Side(
        everybody=all_of((is_open, not_(_block(resource, graph, "ignore_public_acls")))),
        lets_named=by_name if owner_id or not named else unknown(owner_gaps),
        named=named,
    )


def _left_above(
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
            return owner_id, ()
        case Unknown(gaps=gaps):
            return "", gaps
        case _:
            return "", ()


def _block(resource: Resource, graph: Graph, name: str) -> Answer:
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


def _refuses_plain(statement: Statement, access: AccessKind) -> bool:
    """Whether a deny for everybody has the one condition that TLS is not used."""
    return (
        not statement.is_allow
        and EVERYBODY in statement.principals
        and statement.covers_action(access.action)
        and statement.covers_resource(access.on)
        and len(statement.conditions) == 1
        and statement.conditions[0].key == "aws:securetransport"
        and statement.conditions[0].operator in ("bool", "stringequals")
        and statement.conditions[0].values == ("false",)
    )


BUCKETS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "buckets.is_public": is_public,
    "buckets.is_public_read": is_public_read,
    "buckets.is_public_write": is_public_write,
    "buckets.has_external_writers": has_external_writers,
    "buckets.has_external_readers": has_external_readers,
    "buckets.policy_has_external_readers": policy_has_external_readers,
    "buckets.acl_has_external_readers": acl_has_external_readers,
    "buckets.external_writers": external_writers,
    "buckets.external_readers": external_readers,
    "buckets.blocks_public_access": blocks_public_access,
    "buckets.denies_insecure_transport": denies_insecure_transport,
}
