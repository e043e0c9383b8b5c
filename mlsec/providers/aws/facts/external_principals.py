"""Who outside the account a resource's own policy lets in: everybody, or named principals."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.ternary import NO, YES, Answer, any_of, unknown
from mlsec.graph.verdicts import verdict
from mlsec.providers.aws.facts.confining_conditions import (
    NOBODY,
    OPEN,
    Confined,
    left_by_allow,
    left_by_both,
    left_by_deny,
)
from mlsec.providers.aws.facts.policy_statements import ANY, Statement, read_statement
from mlsec.vocabulary.iac_mapping import CODE_ACCOUNT, account_of

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_ACCOUNT = re.compile(r"\d{12}\Z")
_CANONICAL = re.compile(r"[0-9a-f]{64}\Z")
EVERYBODY = "*"


class AccessKind(msgspec.Struct, frozen=True, kw_only=True):
    """An action (lower case) and what it is done to; a deny must cover ``on`` to count."""

    action: str
    on: str = ANY


class ExternalPrincipals(msgspec.Struct, frozen=True, kw_only=True):
    """Who gets in. ``named`` are principals of other accounts, as the policy writes them.

    ``owner_unknown``: a canonical id is named and it is not known whether it is the owner's; or
    code names an account, and it is not known whether it is the one that it is deployed to.
    """

    everybody: Answer = NO
    named: frozenset[str] = frozenset()
    owner_unknown: bool = False

    @property
    def is_some(self) -> Answer:
        """Whether anybody outside gets in."""
        return any_of(
            (self.everybody, YES if self.named else NO, self.whose if self.owner_unknown else NO)
        )

    @property
    def whose(self) -> Answer:
        """The answer where it is not known whose account is named."""
        return unknown({"?whose account it names"})


def let_in(
    statements: Iterable[Statement],
    account: str,
    accesses: Iterable[AccessKind],
    owner_id: str = "",
) -> ExternalPrincipals:
    """Say who outside ``account`` may do at least one of the accesses.

    Args:
        statements: of the resource's policy.
        account: the account that owns the resource; its principals are insiders, and so are the
            provider's services.
        accesses: what counts as getting in.
        owner_id: the owner's canonical id, where the provider has one.
    """
    policy = tuple(statements)
    by_access = [_by_access(policy, account, access, owner_id) for access in accesses]
    named = frozenset[str]().union(*(access.named for access in by_access))
    is_unknown_owner = account == CODE_ACCOUNT and bool(named)
    return ExternalPrincipals(
        everybody=any_of(access.everybody for access in by_access),
        named=frozenset() if is_unknown_owner else named,
        owner_unknown=is_unknown_owner or any(access.owner_unknown for access in by_access),
    )


def let_in_at_all(
    statements: Iterable[Statement], account: str, owner_id: str = ""
) -> ExternalPrincipals:
    """Say who outside ``account`` may do anything that the policy allows."""
    policy = tuple(statements)
    accesses = {
        AccessKind(action=action.replace("*", ANY), on=on.replace("*", ANY))
        for statement in policy
        if statement.is_allow
        for action in statement.actions or (ANY,)
        for on in statement.resources or (ANY,)
    }
    return let_in(policy, account, sorted(accesses, key=lambda d: (d.action, d.on)), owner_id)


def account_in(principal: str) -> str:
    """Give the account that a principal belongs to, "" when it is not an account's."""
    if _ACCOUNT.match(principal):
        return principal
    parts = principal.split(":", 5)
    is_arn = len(parts) > 5 and parts[0] == "arn"
    return parts[4] if is_arn and _ACCOUNT.match(parts[4]) else ""


def _by_access(
    policy: tuple[Statement, ...], account: str, access: AccessKind, owner_id: str
) -> ExternalPrincipals:
    refusal = _refusal(policy, access)
    everybody, named, owner_unknown = NO, set[str](), False
    for statement in policy:
        if not (statement.is_allow and _allows(statement, access)):
            continue
        within = left_by_both(left_by_allow(statement.conditions), refusal.left)
        for principal in _principals(statement):
            if principal == EVERYBODY:
                everybody = any_of((everybody, _is_everybody(within)))
                named |= {account_id for account_id in within.accounts if account_id != account}
            elif _CANONICAL.match(principal):
                owner_unknown = owner_unknown or not owner_id
                named |= {principal} if owner_id and principal != owner_id else set()
            elif account_in(principal) not in ("", account) and _reaches(principal, within):
                named.add(principal)
    if refusal.spared is not None:
        outside = {
            principal for principal in refusal.spared if account_in(principal) not in ("", account)
        }
        named = outside if everybody != NO else named & outside
        everybody = NO
    return ExternalPrincipals(
        everybody=everybody,
        named=frozenset(named - refusal.struck),
        owner_unknown=owner_unknown,
    )


class _Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """What denies leave: ``left`` of everybody, only the ``spared``, and none of the ``struck``."""

    left: Confined
    spared: frozenset[str] | None
    struck: frozenset[str]


def _refusal(policy: tuple[Statement, ...], access: AccessKind) -> _Refusal:
    left = OPEN
    spared: frozenset[str] | None = None
    struck: set[str] = set()
    for statement in policy:
        if statement.is_allow or not statement.covers_action(access.action):
            continue
        if not statement.covers_resource(access.on):
            continue
        if EVERYBODY in statement.principals:
            left = left_by_both(left, left_by_deny(statement.conditions))
        elif statement.conditions:
            continue
        elif statement.not_principals:
            kept = frozenset(statement.not_principals)
            spared = kept if spared is None else spared & kept
        else:
            struck |= set(statement.principals)
    return _Refusal(left=left, spared=spared, struck=frozenset(struck))


def _allows(statement: Statement, access: AccessKind) -> bool:
    """An allow of any part counts, so only the kind of resource is looked at."""
    if not statement.covers_action(access.action):
        return False
    if access.on == ANY or statement.not_resources or not statement.resources:
        return True
    if "/" in access.on:
        return any("/" in resource or "*" in resource for resource in statement.resources)
    return statement.covers_resource(access.on)


def _principals(statement: Statement) -> tuple[str, ...]:
    """Everybody but some is everybody; so is a wildcard anywhere in the account."""
    if statement.not_principals:
        return (EVERYBODY,)
    return tuple(
        EVERYBODY if _is_wild(principal) else principal for principal in statement.principals
    )


def _is_wild(principal: str) -> bool:
    parts = principal.split(":", 5)
    return principal == EVERYBODY or (len(parts) > 5 and "*" in parts[4])


def _is_everybody(within: Confined) -> Answer:
    if within.is_unknown and within.is_open:
        return unknown({"?" + key for key in within.unknown})
    return YES if within.is_open else NO


def _reaches(principal: str, within: Confined) -> bool:
    """Whether a named external principal is among those left; inside a network it may be."""
    if within == NOBODY:
        return False
    if within.is_open or within.is_network:
        return True
    return account_in(principal) in within.accounts


def statements_of(resource: Resource, name: str = "policy") -> tuple[Statement, ...] | Unknown:
    """Compile a resource's policy; no policy gives no statements."""
    match property_value(resource, name):
        case Unknown() as unread:
            return unread
        case Known(value=value):
            return tuple(read_statement(statement) for statement in value or ())


def _whole_policy(resource: Resource) -> ExternalPrincipals | Unknown:
    statements = statements_of(resource)
    if isinstance(statements, Unknown):
        return statements
    return let_in_at_all(statements, account_of(resource))


def is_public(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the property ``policy`` lets everybody do something."""
    principals = _whole_policy(resource)
    return (
        principals
        if isinstance(principals, Unknown)
        else verdict(principals.everybody, resource, graph)
    )


def external_accounts(resource: Resource, graph: Graph) -> Known | Unknown:
    """Name the other accounts that the property ``policy`` lets in."""
    principals = _whole_policy(resource)
    if isinstance(principals, Unknown):
        return principals
    if principals.owner_unknown and account_of(resource) == CODE_ACCOUNT:
        return verdict(principals.whose, resource, graph)
    return Known(sorted({account_in(principal) or principal for principal in principals.named}))


def has_external_accounts(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the property ``policy`` lets other accounts, or everybody, do something."""
    principals = _whole_policy(resource)
    return (
        principals
        if isinstance(principals, Unknown)
        else verdict(principals.is_some, resource, graph)
    )


POLICIES: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "policies.is_public": is_public,
    "policies.external_accounts": external_accounts,
    "policies.has_external_accounts": has_external_accounts,
}
