"""The gaps of what could not be joined: what hides a target, or more of its kind."""

from __future__ import annotations

from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Gap, Resource
from mlsec.vocabulary.iac_mapping import is_code
from mlsec.vocabulary.types import RelationKind

_NOT_THERE = {
    True: "is not declared in the scanned code",
    False: "was not found in the collected data",
}


def not_there(resource: Resource, kind: RelationKind, reference: str, *, is_declared: bool) -> Gap:
    """Give the gap of a target that is referred to and was not found."""
    return make_gap(
        scope=resource.scope,
        subject=reference,
        wanted=kind.to,
        reason=GapReason.UNRESOLVED,
        detail=f"{reference} is referred to but {_NOT_THERE[is_declared]}",
    )


def not_stated(scope: str, subject: str, path: str) -> Gap:
    """Give the gap of a value that what was read does not state, and no default replaces."""
    reason = GapReason.UNRESOLVED if is_code(scope) else GapReason.NOT_STATED
    detail = f"what was read says nothing of {path}"
    return make_gap(scope=scope, subject=subject, wanted=path, reason=reason, detail=detail)


def not_known(resource: Resource, kind: RelationKind) -> Gap:
    """Give the gap of a reference whose value is not known."""
    return make_gap(
        scope=resource.scope,
        subject=resource.id,
        wanted=kind.by,
        reason=GapReason.UNRESOLVED,
        detail=f"the value of {kind.by} is not known",
    )


def not_declared(type_name: str, scope: str) -> Gap:
    """Give the gap of what other code may declare."""
    return make_gap(
        scope=scope,
        subject=scope,
        wanted=type_name,
        reason=GapReason.UNRESOLVED,
        detail=f"more of {type_name} may be declared outside the scanned code",
    )


def not_collected(type_name: str, scope: str, region: str) -> Gap:
    """Give the gap of a type that nobody listed."""
    return make_gap(
        scope=scope,
        subject=region or scope,
        wanted=type_name,
        reason=GapReason.NOT_COLLECTED,
        detail=f"{type_name} was not collected here",
    )
