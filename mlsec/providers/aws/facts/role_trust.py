"""Who may take on a role, as its trust policy says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.ternary import NO, any_of
from mlsec.graph.verdicts import verdict
from mlsec.providers.aws.facts.external_principals import EVERYBODY, let_in, services_let_in
from mlsec.providers.aws.facts.policy_statements import matches
from mlsec.providers.aws.facts.resource_policy import AccessKind, is_service, policy_of
from mlsec.providers.aws.facts.token_holders import lets_token_holders_in, lets_whole_issuer_in
from mlsec.vocabulary.iac_mapping import is_code

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_ML_SERVICES = ("sagemaker", "bedrock", "bedrock-agentcore")
_OWN_ROLES_ALONE = ("ec2.", "lambda.")
_KEPT_BY_SERVICE = "/aws-service-role/"
_WEB_IDENTITY = "sts:assumerolewithwebidentity"
_TAKING_ON = (AccessKind(action="sts:assumerole"),)


def trusted_principals(resource: Resource, graph: Graph) -> Known | Unknown:
    """Name everybody whom the trust policy lets in, in order."""
    policy = policy_of(resource, graph, "trust")
    if isinstance(policy, Unknown):
        return policy
    allows = [statement for statement in policy.statements if statement.is_allow]
    named = {principal for statement in allows for principal in statement.principals}
    return Known(sorted(named | ({EVERYBODY} if any(s.not_principals for s in allows) else set())))


def trusts_services(resource: Resource, graph: Graph) -> Known | Unknown:
    """Name the provider's services that may assume the role, in order.

    Code may leave open who else may, or when: the services are known all the same.
    """
    principals = trusted_principals(resource, graph)
    if isinstance(principals, Unknown):
        services = _services_in_code(resource)
        return principals if services is None else Known(services)
    return Known([principal for principal in principals.value if is_service(principal)])


def _services_in_code(resource: Resource) -> list[str] | None:
    """Name the services in a trust policy of code that is not known as a whole; None: not known."""
    shown = _shown_in_code(resource)
    if shown is None:
        return None
    allows = (statement for statement in shown if statement["effect"] == "Allow")
    principals = (name for statement in allows for name in statement["principals"])
    return sorted({name for name in principals if is_service(name)})


def _shown_in_code(resource: Resource) -> list[Mapping[str, Any]] | None:
    """Give what is known of such a policy: effects, principals, and actions where all are known."""
    shown = resource.properties.get("trust")
    return shown if is_code(resource.scope) and isinstance(shown, list) else None


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
    """Whether everybody, another account or the holder of anybody's token may assume the role."""
    policy = policy_of(resource, graph, "trust")
    if isinstance(policy, Unknown):
        return policy
    principals = let_in(policy, _TAKING_ON, is_signed=True)
    answer = any_of((principals.is_some, lets_token_holders_in(policy)))
    return verdict(answer, resource, graph)


def trusts_own_issuer(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether tokens of a cluster or CI system of the account's own get into the role."""
    policy = policy_of(resource, graph, "trust")
    if isinstance(policy, Unknown):
        return policy if _may_take_tokens(resource) else Known(value=False)
    return Known(lets_whole_issuer_in(policy) is not None)


def _may_take_tokens(resource: Resource) -> bool:
    """Whether a trust policy of code that is not known as a whole may let in by a web identity."""
    shown = _shown_in_code(resource)
    allows = [statement for statement in shown or () if statement["effect"] == "Allow"]
    asks = [_lower(statement["actions"]) for statement in allows]
    return shown is None or any(
        not actions or any(matches(pattern, _WEB_IDENTITY) for pattern in actions)
        for actions in asks
    )


def _lower(actions: Iterable[str]) -> list[str]:
    return [action.lower() for action in actions]


def admits_whole_issuer(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether whatever runs on a cluster or CI system of the account's own may assume the role."""
    policy = policy_of(resource, graph, "trust")
    if isinstance(policy, Unknown):
        return policy
    return verdict(lets_whole_issuer_in(policy) or NO, resource, graph)


def lacks_source_condition(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a service may assume the role for whoever asks it, in any account.

    EC2 and Lambda take on roles of the account alone in which a host or function is.
    """
    policy = policy_of(resource, graph, "trust")
    if isinstance(policy, Unknown):
        named = _services_in_code(resource)
        is_safe = named is not None and all(name.startswith(_OWN_ROLES_ALONE) for name in named)
        return Known(value=False) if is_safe else policy
    services = services_let_in(policy, _TAKING_ON)
    asked = (answer for name, answer in services.items() if not name.startswith(_OWN_ROLES_ALONE))
    return verdict(any_of(asked), resource, graph)


TRUST: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "trust.trusted_principals": trusted_principals,
    "trust.trusts_services": trusts_services,
    "trust.trusts_ml": trusts_ml,
    "trust.runs_ml": runs_ml,
    "trust.is_open": is_open,
    "trust.trusts_own_issuer": trusts_own_issuer,
    "trust.admits_whole_issuer": admits_whole_issuer,
    "trust.lacks_source_condition": lacks_source_condition,
}
