"""Who outside the account a resource's own policy lets in: everybody, or named principals."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.enums import Truth
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.ternary import NO, YES, Answer, any_of, unknown
from mlsec.graph.verdicts import verdict
from mlsec.providers.aws.facts import outside_callers
from mlsec.providers.aws.facts.policy_requests import requests_of
from mlsec.providers.aws.policy.callers import Caller
from mlsec.providers.aws.policy.decide import Layer, Request, decide
from mlsec.providers.aws.policy.keys import Domain, fixed
from mlsec.providers.aws.policy.statement import Statement, read_statement
from mlsec.vocabulary.iac_mapping import CODE_ACCOUNT, account_of, is_code

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_ACCOUNT = re.compile(r"\d{12}\Z")
_CANONICAL = re.compile(r"[0-9a-f]{64}\Z")
_ACCOUNT_KEYS = ("aws:principalaccount", "kms:calleraccount")
_ARN_KEYS = ("aws:principalarn",)
_WHOSE = unknown({"?whose account it names"})
_SERVICE = (".amazonaws.com", ".amazonaws.com.cn")
EVERYBODY = "*"


class AccessKind(msgspec.Struct, frozen=True, kw_only=True):
    """An action (lower case) and what it is done to; ``*`` in ``on`` is any part of the name."""

    action: str
    on: str = "*"


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A resource's policy, ready to be asked about callers from outside.

    ``account`` owns the resource; its principals are insiders, and so are the provider's services.
    ``owner_id`` is the owner's canonical id, where the provider has one; ``owner_gaps`` hide it.
    ``region``: of the resource, "" where it has none or it is not known.
    """

    statements: tuple[Statement, ...]
    account: str
    partition: str = "aws"
    owner_id: str = ""
    owner_gaps: tuple[str, ...] = ()
    region: str = ""

    def may(self, caller: Caller, accesses: Iterable[AccessKind]) -> Answer:
        """Say whether a caller can make a request of one of these kinds that is allowed."""
        spoken = [s for s in self.statements if s.covers_principal(caller.names)]
        if not any(statement.is_allow for statement in spoken):
            return NO
        layers = (Layer(statements=tuple(spoken)),)
        answers = []
        for action, on in requests_of(spoken, [(a.action, a.on) for a in accesses]):
            request = Request(action=action, resource=on, caller=caller, keys=self._keys)
            answer = decide(request, layers)
            if answer == YES:
                return YES
            answers.append(answer)
        return any_of(answers)


    @property
    def _keys(self) -> Mapping[str, Domain]:
        """What every request about the resource says of it."""
        keys = {**outside_callers.OF_THE_RESOURCE}
        if self.account != CODE_ACCOUNT:
            whose = fixed(self.account)
            keys |= {"aws:resourceaccount": whose, "s3:resourceaccount": whose}
        if self.region:
            keys["aws:requestedregion"] = fixed(self.region)
        return keys


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
    policy: Policy, accesses: Iterable[AccessKind], *, is_signed: bool = False
) -> ExternalPrincipals:
    """Say who outside of the account may do at least one of the accesses.

    ``is_signed``: the service takes no request without credentials, whatever its policies say.
    """
    kinds = tuple(accesses)
    named = outside_callers.named_in(policy.statements)
    everybody = any_of(
        policy.may(caller, kinds)
        for caller in (
            *(() if is_signed else (outside_callers.anonymous(named),)),
            outside_callers.stranger(named, policy.partition),
        )
    )
    found: set[str] = set()
    doubts = []
    for name, account in sorted(_foreign(policy, is_all=everybody != YES).items()):
        caller = outside_callers.principal(name, account, named, policy.partition)
        answer = policy.may(caller, kinds)
        doubt = _doubt_of_owner(name, policy)
        if answer == YES and doubt == NO:
            found.add(name)
        elif answer != NO:
            doubts.append(doubt if answer == YES else answer)
    return ExternalPrincipals(everybody=everybody, named=frozenset(found), doubt=any_of(doubts))


def let_in_at_all(policy: Policy) -> ExternalPrincipals:
    """Say who outside of the account may do anything that the policy allows."""
    return let_in(policy, every_access(policy.statements))


def services_let_in(
    policy: Policy, accesses: Iterable[AccessKind] | None = None
) -> Mapping[str, Answer]:
    """Say of each service that a policy names whether it may act for somebody outside.

    ``accesses``: None for all that the policy allows.
    """
    kinds = every_access(policy.statements) if accesses is None else tuple(accesses)
    named = outside_callers.named_in(policy.statements)
    services = {
        principal
        for statement in policy.statements
        for principal in statement.principals
        if statement.is_allow and is_service(principal)
    }
    foreign = tuple(
        sorted(
            {
                value
                for key in ("aws:sourceaccount", "aws:sourceowner", "aws:sourcearn")
                for value in map(account_in, named.of(key))
                if value not in ("", policy.account)
            }
        )
    )
    answers = {}
    for service in sorted(services):
        answer = policy.may(outside_callers.service(service, named), kinds)
        if answer != YES and foreign:
            partner = policy.may(outside_callers.service(service, named, foreign), kinds)
            is_code = policy.account == CODE_ACCOUNT and partner == YES
            answer = any_of((answer, _WHOSE if is_code else partner))
        answers[service] = answer
    return answers


def every_access(statements: Iterable[Statement]) -> tuple[AccessKind, ...]:
    """Give the accesses that a policy allows: one for each of its patterns."""
    accesses = {
        AccessKind(action=action, on=on)
        for statement in statements
        if statement.is_allow
        for action in statement.actions or ("*",)
        for on in statement.resources or ("*",)
    }
    return tuple(sorted(accesses, key=lambda access: (access.action, access.on)))


def account_in(principal: str) -> str:
    """Give the account that a principal belongs to, "" when it is not an account's."""
    if _ACCOUNT.match(principal):
        return principal
    parts = principal.split(":", 5)
    is_arn = len(parts) > 5 and parts[0] == "arn"
    return parts[4] if is_arn and _ACCOUNT.match(parts[4]) else ""


def is_service(principal: str) -> bool:
    """Whether a principal is a service of AWS; the one that hands out tokens is not meant."""
    return principal.endswith(_SERVICE) and principal != "cognito-identity.amazonaws.com"


def _foreign(policy: Policy, *, is_all: bool) -> dict[str, str]:
    """Give the principals outside that a policy names, each with its account.

    ``is_all``: also those that only its denies name, as whom they spare.
    """
    names: set[str] = set()
    for statement in policy.statements:
        if not (statement.is_allow or is_all):
            continue
        names |= {*statement.principals, *statement.not_principals}
        for condition in statement.conditions:
            if condition.key in _ACCOUNT_KEYS:
                names |= {_an_account(value, policy.account) for value in condition.values}
            elif condition.key in _ARN_KEYS:
                names |= {account_in(value) for value in condition.values}
    found = {name: account_in(name) for name in names}
    others = {
        name: account for name, account in found.items() if account not in ("", policy.account)
    }
    canonical = {name for name in names if _CANONICAL.match(name) and name != policy.owner_id}
    return {**others, **dict.fromkeys(canonical, outside_callers.STRANGER)}


def _an_account(pattern: str, own: str) -> str:
    """Give an account that a pattern covers, not the own one; a free pattern is everybody's."""
    if len(pattern.strip("*?")) < 4:
        return ""
    missing = 12 - len(pattern.replace("*", ""))
    filled = pattern.replace("*", "0" * max(missing, 0), 1).replace("*", "").replace("?", "0")
    return filled if filled != own and _ACCOUNT.match(filled) else ""


def _doubt_of_owner(name: str, policy: Policy) -> Answer:
    """Whether the one who is named may be the owner."""
    if _CANONICAL.match(name):
        return NO if policy.owner_id else unknown(policy.owner_gaps)
    return _WHOSE if policy.account == CODE_ACCOUNT else NO


def policy_of(resource: Resource, name: str = "policy") -> Policy | Unknown:
    """Compile a resource's policy; no policy gives no statements."""
    match property_value(resource, name):
        case Unknown() as unread:
            return unread
        case Known(value=value):
            parts = resource.identity.split(":", 2)
            is_placed = resource.region and not is_code(resource.scope)
            return Policy(
                statements=tuple(read_statement(statement) for statement in value or ()),
                account=account_of(resource),
                partition=parts[1] if len(parts) == 3 and parts[0] == "arn" else "aws",
                region=resource.region if is_placed else "",
            )


def _whole_policy(resource: Resource) -> ExternalPrincipals | Unknown:
    policy = policy_of(resource)
    return policy if isinstance(policy, Unknown) else let_in_at_all(policy)


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
    if principals.doubt != NO:
        return verdict(principals.doubt, resource, graph)
    return Known(sorted({account_in(principal) or principal for principal in principals.named}))


def has_external_accounts(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the property ``policy`` lets other accounts, or everybody, do something."""
    principals = _whole_policy(resource)
    return (
        principals
        if isinstance(principals, Unknown)
        else verdict(principals.is_some, resource, graph)
    )


def services_without_source(resource: Resource, graph: Graph) -> Known | Unknown:
    """Name the services that the property ``policy`` lets act for somebody in another account."""
    policy = policy_of(resource)
    if isinstance(policy, Unknown):
        return policy
    answers = services_let_in(policy)
    doubt = any_of(a for a in answers.values() if a.truth is Truth.UNKNOWN)
    if doubt != NO:
        return verdict(doubt, resource, graph)
    return Known(sorted(service for service, answer in answers.items() if answer == YES))


POLICIES: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "policies.is_public": is_public,
    "policies.external_accounts": external_accounts,
    "policies.has_external_accounts": has_external_accounts,
    "policies.services_without_source": services_without_source,
}
