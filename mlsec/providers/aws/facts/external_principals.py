"""Who outside the account a resource's own policy lets in: everybody, or named principals."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.enums import Truth
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown
from mlsec.graph.ternary import NO, YES, Answer, any_of, unknown
from mlsec.graph.verdicts import verdict
from mlsec.providers.aws.facts import external_callers
from mlsec.providers.aws.facts.resource_policy import (
    AccessKind,
    Policy,
    account_in,
    is_service,
    policy_of,
)
from mlsec.providers.aws.policy.callers import FOREIGN_ACCOUNT, Caller
from mlsec.providers.aws.policy.statement import Statement
from mlsec.vocabulary.iac_mapping import CODE_ACCOUNT

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_CANONICAL = re.compile(r"[0-9a-f]{64}\Z")
_SOURCE_KEYS = ("aws:sourceaccount", "aws:sourceowner")
# Whoever has an access point says who goes through it.
_POINTS_OF = "s3:dataaccesspointaccount"
_NAMING_ARNS = ("aws:principalarn", "s3:dataaccesspointarn")
_WHOSE = unknown({"?whose account it names"})
EVERYBODY = "*"


class ExternalPrincipals(msgspec.Struct, frozen=True, kw_only=True):
    """Who gets in. ``named`` are principals of other accounts, as the policy writes them.

    ``doubt``: whether others that are named get in, where that is not known: it may not be known
    whether an account that code names, or a canonical id, is the owner's.
    """

    everybody: Answer = NO
    named: frozenset[str] = frozenset()
    doubt: Answer = NO

    @property
    def is_some(self) -> Answer:
        """Whether anybody outside gets in."""
        return any_of((self.everybody, YES if self.named else NO, self.doubt))

    @property
    def names(self) -> frozenset[str] | Answer:
        """Give all who get in, ``*`` for everybody; the doubt where there is one."""
        for doubt in (self.everybody, self.doubt):
            if doubt.truth is Truth.UNKNOWN:
                return doubt
        return self.named | ({EVERYBODY} if self.everybody == YES else frozenset())


def let_in(
    policy: Policy,
    accesses: Iterable[AccessKind],
    *,
    is_signed: bool = False,
    is_through_own: bool = False,
) -> ExternalPrincipals:
    """Say who outside of the account may do at least one of the accesses.

    The account's own principals are insiders, and so are the provider's services.
    ``is_signed``: the service takes no request without credentials, whatever its policies say.
    ``is_through_own``: they go through an access point of the account's own.
    """
    if not any(_speaks_of_others(s, policy.account) for s in policy.statements if s.is_allow):
        return ExternalPrincipals()
    kinds = tuple(accesses)
    named = external_callers.named_in(policy.statements)
    anybody = [external_callers.foreign_principal(named, policy.partition)]
    if not is_signed:
        anybody.append(external_callers.anonymous(named))

    def placed(caller: Caller) -> Caller:
        own = policy.account
        return external_callers.through_own(caller, own, named) if is_through_own else caller

    everybody = any_of(policy.may(placed(caller), kinds) for caller in anybody)
    entering: set[str] = set()
    doubts = []
    for name, account in sorted(_foreign(policy, is_all=everybody != YES).items()):
        caller = external_callers.principal(name, account, named, policy.partition)
        caller = policy.above.of_account(caller, account)
        answer = policy.may(placed(caller), kinds)
        doubt = _doubt_of_owner(name, policy)
        if answer == YES and doubt == NO:
            entering.add(name)
        elif answer != NO:
            doubts.append(doubt if answer == YES else answer)
    return ExternalPrincipals(everybody=everybody, named=frozenset(entering), doubt=any_of(doubts))


def let_in_at_all(policy: Policy) -> ExternalPrincipals:
    """Say who outside of the account may do anything that the policy allows."""
    return let_in(policy, policy.every_access)


def services_let_in(
    policy: Policy, accesses: Iterable[AccessKind] | None = None
) -> Mapping[str, Answer]:
    """Say of each service that a policy names whether it may act for somebody outside.

    ``accesses``: None for all that the policy allows.
    """
    kinds = policy.every_access if accesses is None else tuple(accesses)
    named = external_callers.named_in(policy.statements)
    allows = [statement for statement in policy.statements if statement.is_allow]
    services = {p for statement in allows for p in statement.principals if is_service(p)}
    sources = [external_callers.account_like(v) for key in _SOURCE_KEYS for v in named.of(key)]
    sources += [account_in(value) for value in named.of("aws:sourcearn")]
    partners = tuple(sorted({*sources} - {"", policy.account}))
    answers = {}
    for service in sorted(services):
        answer = policy.may(external_callers.service(service, named), kinds)
        if answer != YES and partners:
            caller = external_callers.service(service, named, partners)
            partner = policy.may(policy.above.of_source(caller, partners), kinds)
            is_code = policy.account == CODE_ACCOUNT and partner == YES
            answer = any_of((answer, _WHOSE if is_code else partner))
        answers[service] = answer
    return answers


def _speaks_of_others(statement: Statement, own: str) -> bool:
    """Whether a statement may be about somebody who is neither of the account nor a service."""
    return bool(statement.not_principals) or any(
        "*" in principal
        or account_in(principal) not in ("", own)
        or _CANONICAL.match(principal) is not None
        for principal in statement.principals
    )


def _foreign(policy: Policy, *, is_all: bool) -> dict[str, str]:
    """Give the principals outside that a policy names, each with its account.

    ``is_all``: also those that only its denies name, as whom they spare.
    """
    names: set[str] = set()
    for statement in policy.statements:
        if not (statement.is_allow or is_all):
            continue
        names |= {*statement.principals, *statement.not_principals}
        # All but one of an account are others of the same account.
        names |= {account_in(name) for name in statement.not_principals}
        for condition in statement.conditions:
            if condition.key in (*external_callers.ACCOUNT_KEYS, _POINTS_OF):
                names |= _accounts(condition.values)
            elif condition.key in _NAMING_ARNS:
                names |= {account_in(value) for value in condition.values}
    accounts = {name: account_in(name) for name in names}
    inside = ("", policy.account)
    others = {name: account for name, account in accounts.items() if account not in inside}
    canonical = {name for name in names if _CANONICAL.match(name) and name != policy.owner_id}
    return {**others, **dict.fromkeys(canonical, FOREIGN_ACCOUNT)}


def _accounts(patterns: Iterable[str]) -> set[str]:
    """Give an account for each pattern that not just anybody can fit."""
    fixing = (p for p in patterns if not external_callers.is_anybodys(p))
    return {external_callers.account_like(pattern) for pattern in fixing}


def _doubt_of_owner(name: str, policy: Policy) -> Answer:
    """Whether the one who is named may be the owner."""
    if _CANONICAL.match(name):
        return NO if policy.owner_id else unknown(policy.owner_gaps)
    return _WHOSE if policy.account == CODE_ACCOUNT else NO


def _whole_policy(resource: Resource, graph: Graph) -> ExternalPrincipals | Unknown:
    policy = policy_of(resource, graph)
    return policy if isinstance(policy, Unknown) else let_in_at_all(policy)


def is_public(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the property ``policy`` lets everybody do something."""
    principals = _whole_policy(resource, graph)
    return (
        principals
        if isinstance(principals, Unknown)
        else verdict(principals.everybody, resource, graph)
    )


def external_accounts(resource: Resource, graph: Graph) -> Known | Unknown:
    """Name the other accounts that the property ``policy`` lets in."""
    principals = _whole_policy(resource, graph)
    if isinstance(principals, Unknown):
        return principals
    if principals.doubt != NO:
        return verdict(principals.doubt, resource, graph)
    return Known(sorted({account_in(principal) or principal for principal in principals.named}))


def has_external_accounts(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the property ``policy`` lets other accounts, or everybody, do something."""
    principals = _whole_policy(resource, graph)
    return (
        principals
        if isinstance(principals, Unknown)
        else verdict(principals.is_some, resource, graph)
    )


def services_without_source(resource: Resource, graph: Graph) -> Known | Unknown:
    """Name the services that the property ``policy`` lets act for somebody in another account."""
    policy = policy_of(resource, graph)
    if isinstance(policy, Unknown):
        return policy
    answers = services_let_in(policy)
    doubt = any_of(answer for answer in answers.values() if answer.truth is Truth.UNKNOWN)
    if doubt != NO:
        return verdict(doubt, resource, graph)
    return Known(sorted(service for service, answer in answers.items() if answer == YES))


POLICIES: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "policies.is_public": is_public,
    "policies.external_accounts": external_accounts,
    "policies.has_external_accounts": has_external_accounts,
    "policies.services_without_source": services_without_source,
}
