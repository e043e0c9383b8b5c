"""Whether the trust policy of a role lets in a service, or an identity of its own account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.regex import regex
from mlsec.core.resource import Resource
from mlsec.graph.fact import Unknown
from mlsec.graph.ternary import NO, Answer, any_of, unknown
from mlsec.providers.aws.facts.resource_policy import statements_in_force
from mlsec.providers.aws.policy.callers import Caller, service
from mlsec.providers.aws.policy.decide import Layer, Request, decide
from mlsec.providers.aws.policy.keys import FREE, fixed
from mlsec.providers.aws.policy.statement import Statement
from mlsec.vocabulary.iac_mapping import CODE_ACCOUNT, account_of

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph
    from mlsec.providers.aws.facts.permissions import Identity

_ASSUME = "sts:assumerole"
_ACCOUNT = regex(r"\b[0-9]{12}\b")
_SERVICE = (".amazonaws.com", ".amazonaws.com.cn")


def lets_in_service(role: Resource, name: str, graph: Graph) -> Answer:
    """Say whether a service of AWS may take on the role for the role's own account."""
    key = ("trusts service", role.id, name)
    return graph.memo(key, lambda: _lets_in_service(role, name, graph))


def _lets_in_service(role: Resource, name: str, graph: Graph) -> Answer:
    trust = statements_in_force(role, graph, "trust")
    if isinstance(trust, Unknown):
        return unknown(trust.gaps)
    account = account_of(role)
    caller = service(name, source_account=FREE if account == CODE_ACCOUNT else fixed(account))
    return _decide(role, caller, Layer(statements=trust))


def trusts_somebody(role: Resource, graph: Graph) -> bool:
    """Whether the trust policy of a role can let in anybody besides services."""
    return graph.memo(("trusts somebody", role.id), lambda: _trusts_somebody(role, graph))


def _trusts_somebody(role: Resource, graph: Graph) -> bool:
    trust = statements_in_force(role, graph, "trust")
    return isinstance(trust, Unknown) or any(
        statement.is_allow
        and statement.covers_action(_ASSUME)
        and not all(name.endswith(_SERVICE) for name in statement.principals or ("",))
        for statement in trust
    )


def lets_in(role: Resource, who: Identity, arn: str, graph: Graph) -> Answer:
    """Say whether an identity of the account may take on the role.

    A trust policy that names the identity itself is enough, unless its own policies deny; one that
    names the account leaves it to them. An account that code names by its number may be the own
    one: whoever has the name of the identity there is taken to be it.
    """
    trust = statements_in_force(role, graph, "trust")
    own = [pages.layer(_ASSUME) for pages in (who.policies, *who.limits(_ASSUME))]
    if isinstance(trust, Unknown):
        right = _decide(role, who.caller, *own)
        return NO if right == NO else unknown(trust.gaps)
    named, by_account = _lets_in(role, who, arn, trust, own)
    answer = any_of((named, by_account))
    if answer != NO or account_of(role) != CODE_ACCOUNT:
        return answer
    as_own = tuple(map(_as_own, trust))
    if as_own == tuple(trust):
        return NO
    named, by_account = _lets_in(role, who, arn, as_own, own)
    return any_of((named, NO if by_account == NO else unknown({"?whose account it names"})))


def _lets_in(
    role: Resource, who: Identity, arn: str, trust: Sequence[Statement], own: Sequence[Layer]
) -> tuple[Answer, Answer]:
    """Give whether the trust policy lets in the identity by its name, and by its account."""
    denies = tuple(s for layer in own for s in layer.statements if not s.is_allow)
    by_name = Caller(names=(arn,), keys=who.caller.keys)
    by_account = Caller(names=(account_of(role), arn), keys=who.caller.keys)
    above = (pages.layer(_ASSUME) for pages in who.above)
    return (
        _decide(role, by_name, Layer(statements=(*trust, *denies)), *above),
        _decide(role, by_account, Layer(statements=tuple(trust)), *own),
    )


def _as_own(statement: Statement) -> Statement:
    """Read each account that a statement trusts by its number as the own one."""
    principals = tuple(_ACCOUNT.sub(CODE_ACCOUNT, name) for name in statement.principals)
    return msgspec.structs.replace(statement, principals=principals)


def _decide(role: Resource, caller: Caller, *layers: Layer) -> Answer:
    request = Request(action=_ASSUME, resource=role.identity, caller=caller, tags=_tags(role))
    return decide(request, layers)


def _tags(role: Resource) -> dict[str, str] | None:
    tags = role.properties.get("tags")
    return {str(k): str(v) for k, v in tags.items()} if isinstance(tags, dict) else None
