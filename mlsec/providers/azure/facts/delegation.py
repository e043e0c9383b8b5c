"""What a right to give roles is worth under a condition on the roles, or on whom they go to."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import msgspec

from mlsec.graph.ternary import YES, Answer, all_of, any_of, unknown
from mlsec.providers.azure.conditions.decide import OTHER, Request, meets, named_values
from mlsec.providers.azure.conditions.syntax import Attribute

_WRITE = "microsoft.authorization/roleassignments/write"
_ATTRIBUTE = "microsoft.authorization/roleassignments:"
_ROLE = Attribute("request", f"{_ATTRIBUTE}roledefinitionid")
_PRINCIPAL = Attribute("request", f"{_ATTRIBUTE}principalid")
_KIND = Attribute("request", f"{_ATTRIBUTE}principaltype")
_KINDS = ("ServicePrincipal", "User", "Group")


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """The principal that may give roles, and its kind ("" for a service principal)."""

    id: str = "~itself"
    kind: str = ""


def may_delegate(
    condition: str, place: str, holder: Holder, is_powerful: Callable[[str], Answer]
) -> Answer:
    """Whether the condition lets the holder give a role that makes somebody more powerful."""
    # There are far more powerful roles than conditions name: one of them is not among the named.
    powers = {OTHER: YES, **{role: is_powerful(role) for role in named_values(condition, _ROLE)}}
    principals = _recipients(condition, holder)
    return any_of(
        all_of(
            (
                is_controlled,
                meets(condition, _request(place, role, principal, kind)),
                is_gain,
            )
        )
        for role, is_gain in powers.items()
        for principal, kind, is_controlled in principals
    )


def _recipients(condition: str, holder: Holder) -> list[tuple[str, str, Answer]]:
    """Give whom a role could be given to, with whether the holder acts as them."""
    own_kind = holder.kind or _KINDS[0]
    named = (holder.id, *named_values(condition, _PRINCIPAL))
    kinds = dict.fromkeys((own_kind, *_KINDS))
    return [
        (principal, kind, YES if (principal, kind) == (holder.id, own_kind) else _doubt(principal))
        for principal, kind in itertools.product(dict.fromkeys(named), kinds)
    ]


def _doubt(principal: str) -> Answer:
    return unknown((f"?who acts as the principal {principal}",))


def _request(place: str, role: str, principal: str, kind: str) -> Request:
    return Request(
        action=_WRITE, place=place, fixed={_ROLE: (role,), _PRINCIPAL: (principal,), _KIND: (kind,)}
    )
