"""Who may read and write a bucket: by policy and ACL from outside, and roles of the account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.enums import Truth
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown
from mlsec.graph.ternary import YES, Answer, all_of, any_of
from mlsec.graph.verdicts import verdict
from mlsec.providers.aws.facts.bucket_ways import Side, acl_side, block, left_above, policy_side
from mlsec.providers.aws.facts.external_principals import (
    EVERYBODY,
)
from mlsec.providers.aws.facts.policy_statements import ANY
from mlsec.providers.aws.facts.resource_policy import (
    AccessKind,
    denied_above,
    policy_of,
)
from mlsec.providers.aws.policy.statement import Statement

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
    return verdict(all_of(block(resource, graph, name) for name in names), resource, graph)


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
    acl = acl_side(resource, graph, permissions)
    return policy_side(resource, graph, accesses), left_above(acl, resource, graph, accesses)


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
