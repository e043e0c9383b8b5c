"""Who may take on a role, as its trust policy says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.ternary import NO, YES, Answer, any_of, unknown
from mlsec.graph.verdicts import verdict
from mlsec.providers.aws.facts.confining_conditions import left_by_allow
from mlsec.providers.aws.facts.external_principals import EVERYBODY, account_in, statements_of
from mlsec.providers.aws.facts.policy_statements import Statement
from mlsec.vocabulary.iac_mapping import CODE_ACCOUNT, account_of

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_SERVICE = (".amazonaws.com", ".amazonaws.com.cn")
_ML_SERVICES = ("sagemaker", "bedrock", "bedrock-agentcore")
_SOURCE_KEYS = ("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths")
_KEPT_BY_SERVICE = "/aws-service-role/"
_WEB_IDENTITY = "sts:assumerolewithwebidentity"


def trusted_principals(resource: Resource, graph: Graph) -> Known | Unknown:
    """Name everybody whom the trust policy lets in, in order."""
    del graph
    statements = _allows(resource)
    if isinstance(statements, Unknown):
        return statements
    return Known(sorted({p for statement in statements for p in _principals(statement)}))


def trusts_services(resource: Resource, graph: Graph) -> Known | Unknown:
    """Name the provider's services that may assume the role, in order."""
    principals = trusted_principals(resource, graph)
    if isinstance(principals, Unknown):
        return principals
    return Known([principal for principal in principals.value if principal.endswith(_SERVICE)])


def trusts_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a machine learning service may assume the role."""
    services = trusts_services(resource, graph)
    if isinstance(services, Unknown):
        return services
    return Known(any(service.partition(".")[0] in _ML_SERVICES for service in services.value))


def runs_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether ML workloads of the account run as this role."""
    trust, path = trusts_ml(resource, graph), property_value(resource, "path")
    if trust == Known(value=False):
        return trust
    if isinstance(path, Unknown):
        return path
    if str(path.value).startswith(_KEPT_BY_SERVICE):
        return Known(value=False)
    return trust


def is_open(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether everybody, or a foreign account without any condition, may assume the role."""
    statements = _allows(resource)
    if isinstance(statements, Unknown):
        return statements
    account = account_of(resource)
    answer = any_of(_is_open(s, p, account) for s in statements for p in _principals(s))
    return verdict(answer, resource, graph)


def lacks_source_condition(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a service may assume the role for whoever asks it, in any account."""
    del graph
    statements = _allows(resource)
    if isinstance(statements, Unknown):
        return statements
    return Known(
        any(
            any(p.endswith(_SERVICE) for p in statement.principals) and not _names_source(statement)
            for statement in statements
            if statement.covers_action("sts:assumerole")
        )
    )


def _is_open(statement: Statement, principal: str, account: str) -> Answer:
    if principal == EVERYBODY:
        left = left_by_allow(statement.conditions)
        if left.is_unknown and left.is_open:
            return unknown({"?" + key for key in left.unknown})
        # Behind a condition that names them, other accounts are let in on purpose.
        return YES if left.is_open else NO
    if statement.conditions:
        return NO
    is_foreign = account_in(principal) not in ("", account)
    if is_foreign and account == CODE_ACCOUNT:
        return unknown({"?whose account it names"})
    is_unchecked_token = statement.covers_action(_WEB_IDENTITY) and not principal.endswith(_SERVICE)
    return YES if is_foreign or is_unchecked_token else NO


def _names_source(statement: Statement) -> bool:
    return any(c.key in _SOURCE_KEYS and not c.is_negated for c in statement.conditions)


def _principals(statement: Statement) -> tuple[str, ...]:
    return (EVERYBODY,) if statement.not_principals else statement.principals


def _allows(resource: Resource) -> tuple[Statement, ...] | Unknown:
    statements = statements_of(resource, "trust")
    if isinstance(statements, Unknown):
        return statements
    return tuple(statement for statement in statements if statement.is_allow)


TRUST: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "trust.trusted_principals": trusted_principals,
    "trust.trusts_services": trusts_services,
    "trust.trusts_ml": trusts_ml,
    "trust.runs_ml": runs_ml,
    "trust.is_open": is_open,
    "trust.lacks_source_condition": lacks_source_condition,
}
