"""The policy of a resource itself, ready to be asked what a caller may do by it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.ternary import NO, YES, Answer, any_of
from mlsec.providers.aws.facts.external_callers import OF_THE_RESOURCE, named_in
from mlsec.providers.aws.facts.organisation import Above, above, is_service_linked
from mlsec.providers.aws.facts.policy_requests import requests_of
from mlsec.providers.aws.policy.callers import Caller
from mlsec.providers.aws.policy.decide import Layer, Request, decide
from mlsec.providers.aws.policy.keys import Domain, fixed
from mlsec.providers.aws.policy.resource_controls import is_controlled
from mlsec.providers.aws.policy.statement import Statement, read_statement
from mlsec.vocabulary.iac_mapping import CODE_ACCOUNT, account_of, is_code

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_ACCOUNT = re.compile(r"\d{12}\Z")
_SERVICE = (".amazonaws.com", ".amazonaws.com.cn")


class AccessKind(msgspec.Struct, frozen=True, kw_only=True):
    """An action (lower case) and what it is done to; ``*`` in ``on`` is any part of the name."""

    action: str
    on: str = "*"


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A resource's policy.

    ``account`` owns the resource. ``owner_id`` is the owner's canonical id, where the provider has
    one; ``owner_gaps`` hide it. ``region``: "" where there is none or it is not known. ``service``
    is whose actions are done to the resource. The denies of the organisation ``above`` the account
    stand among the statements.
    """

    statements: tuple[Statement, ...]
    account: str
    partition: str = "aws"
    owner_id: str = ""
    owner_gaps: tuple[str, ...] = ()
    region: str = ""
    service: str = ""
    above: Above = Above()

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
    def every_access(self) -> tuple[AccessKind, ...]:
        """The accesses that the policy allows: one for each of its patterns."""
        accesses = {
            AccessKind(action=action, on=on)
            for statement in self.statements
            if statement.is_allow
            for action in self._specific(statement.actions or ("*",))
            for on in statement.resources or ("*",)
        }
        return tuple(sorted(accesses, key=lambda access: (access.action, access.on)))

    def _specific(self, actions: Iterable[str]) -> tuple[str, ...]:
        """Give patterns of actions with the service that a ``*`` alone can only mean here."""
        return tuple(f"{self.service}:*" if a == "*" and self.service else a for a in actions)

    @property
    def _keys(self) -> Mapping[str, Domain]:
        """What every request has, whoever makes it."""
        named = named_in(self.statements)
        keys = {
            **OF_THE_RESOURCE,
            "aws:securetransport": fixed("true", "false"),
            "aws:currenttime": named.times("aws:currenttime"),
            "aws:epochtime": named.times("aws:epochtime"),
        }
        if self.account != CODE_ACCOUNT:
            whose = fixed(self.account)
            keys |= {"aws:resourceaccount": whose, "s3:resourceaccount": whose}
        if self.region:
            keys["aws:requestedregion"] = fixed(self.region)
        return keys


def policy_of(resource: Resource, graph: Graph, name: str = "policy") -> Policy | Unknown:
    """Compile a resource's policy and what its organisation denies; no policy allows nothing."""
    statements = statements_in_force(resource, graph, name)
    if isinstance(statements, Unknown):
        return statements
    parts = resource.identity.split(":", 5)
    is_arn = len(parts) > 5 and parts[0] == "arn"
    is_placed = resource.region and not is_code(resource.scope)
    return Policy(
        statements=statements,
        account=account_of(resource),
        partition=parts[1] if is_arn else "aws",
        region=resource.region if is_placed else "",
        service=_service_of(resource),
        above=above(account_of(resource), graph),
    )


def statements_of(resource: Resource, name: str = "policy") -> tuple[Statement, ...] | Unknown:
    """Compile the statements of a resource's policy; no policy gives none."""
    match property_value(resource, name):
        case Unknown() as unread:
            return unread
        case Known(value=value):
            return tuple(read_statement(statement) for statement in value or ())


def _kept_statements(
    resource: Resource, name: str, graph: Graph
) -> tuple[Statement, ...] | Unknown:
    """Give ``statements_of``, compiled once for all resources that hold the same value."""
    value = resource.properties.get(name)
    if not value or resource.unread:
        return statements_of(resource, name)
    kept = graph.memo(("statements of policies",), _Kept).by_value
    # It stays with the value, so that no other can come to lie where it lies.
    known = kept.get(id(value))
    if known is None:
        compiled = tuple(read_statement(statement) for statement in value)
        known = kept[id(value)] = (value, compiled)
    return known[1]


class _Kept:
    """Statements by where the value that says them lies, and that value."""

    def __init__(self) -> None:
        self.by_value: dict[int, tuple[object, tuple[Statement, ...]]] = {}


def statements_in_force(
    resource: Resource, graph: Graph, name: str = "policy"
) -> tuple[Statement, ...] | Unknown:
    """Compile the statements of a resource's policy, and what its organisation denies."""
    own = _kept_statements(resource, name, graph)
    return own if isinstance(own, Unknown) or not own else (*own, *denied_above(resource, graph))


def denied_above(resource: Resource, graph: Graph) -> tuple[Statement, ...]:
    """Give what the organisation denies to be done to a resource, whoever asks."""
    if is_service_linked(resource.identity) or not is_controlled(f"{_service_of(resource)}:*"):
        return ()
    return above(account_of(resource), graph).resources


def _service_of(resource: Resource) -> str:
    """Give the service whose actions are done to a resource; a role is taken on by STS."""
    parts = resource.identity.split(":", 3)
    service = parts[2] if len(parts) > 3 and parts[0] == "arn" else ""
    return "sts" if service == "iam" else service


def account_in(principal: str) -> str:
    """Give the account that a principal belongs to, "" when it is not an account's."""
    if _ACCOUNT.match(principal):
        return principal
    parts = principal.split(":", 5)
    is_arn = len(parts) > 5 and parts[0] == "arn"
    return parts[4] if is_arn and _ACCOUNT.match(parts[4]) else ""


def is_service(principal: str) -> bool:
    """Whether a principal is a service of AWS; the one that issues tokens is not meant."""
    return principal.endswith(_SERVICE) and principal != "cognito-identity.amazonaws.com"
