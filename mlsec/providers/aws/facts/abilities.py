"""The questions behind each ability of an identity, and the derived facts that answer them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of
from mlsec.graph.verdicts import as_gaps, verdict
from mlsec.providers.aws.facts.escalation import escalation_of
from mlsec.providers.aws.facts.permissions import Identity, identity_of
from mlsec.providers.aws.facts.policy_statements import ANY, Question

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

# An ability is a list of ways, any of which is enough; a way is a list of (action, resource), all
# of which are needed. ``{p}`` is the partition, ``{a}`` the account, ``@`` whichever there is.
_Way = tuple[tuple[str, str], ...]
_EVERY_ROLE = "arn:{p}:iam::{a}:role/@"
_EVERY_OBJECT = "arn:{p}:s3:::@/@"
_ABILITIES: Mapping[str, tuple[_Way, ...]] = {
    "is_admin": ((("@:@", "@"), ("iam:@", "@")),),
    "has_wildcard_data_access": ((("s3:getobject", _EVERY_OBJECT),),),
    "can_write_any_bucket": ((("s3:putobject", _EVERY_OBJECT),),),
    "can_pass_any_role": ((("iam:passrole", _EVERY_ROLE),),),
    "can_assume_any_role": ((("sts:assumerole", _EVERY_ROLE),),),
    "can_invoke_any_lambda": ((("lambda:invokefunction", "arn:{p}:lambda:@:{a}:function:@"),),),
    "can_read_any_secret": (
        (("secretsmanager:getsecretvalue", "arn:{p}:secretsmanager:@:{a}:secret:@"),),
    ),
    "has_full_ml_access": (
        (("sagemaker:@", "arn:{p}:sagemaker:@:{a}:@"),),
        (("bedrock:@", "arn:{p}:bedrock:@:{a}:@"),),
        (("bedrock-agentcore:@", "arn:{p}:bedrock-agentcore:@:{a}:@"),),
    ),
    "has_full_key_access": ((("kms:@", "arn:{p}:kms:@:{a}:key/@"),),),
    "can_subscribe_models": ((("aws-marketplace:subscribe", "@"),),),
    "can_invoke_any_model": (
        (("bedrock:invokemodel", "arn:{p}:bedrock:@::foundation-model/@"),),
        (("sagemaker:invokeendpoint", "arn:{p}:sagemaker:@:{a}:endpoint/@"),),
    ),
    "can_change_guardrails": (
        (("bedrock:updateguardrail", "arn:{p}:bedrock:@:{a}:guardrail/@"),),
        (("bedrock:deleteguardrail", "arn:{p}:bedrock:@:{a}:guardrail/@"),),
    ),
    "can_stop_logging": (
        (("bedrock:deletemodelinvocationloggingconfiguration", "@"),),
        (("bedrock:putmodelinvocationloggingconfiguration", "@"),),
        (("logs:deleteloggroup", "arn:{p}:logs:@:{a}:log-group:@"),),
        (("cloudtrail:stoplogging", "arn:{p}:cloudtrail:@:{a}:trail/@"),),
        (("cloudtrail:deletetrail", "arn:{p}:cloudtrail:@:{a}:trail/@"),),
    ),
    "can_approve_models": (
        (("sagemaker:updatemodelpackage", "arn:{p}:sagemaker:@:{a}:model-package/@"),),
    ),
}
_POWERS = (
    "is_admin",
    "can_write_any_bucket",
    "can_pass_any_role",
    "can_assume_any_role",
    "can_read_any_secret",
)


def can(identity: Identity, ability: str) -> Answer:
    """Say whether an identity has an ability of the table."""
    return any_of(
        all_of(identity.may(_question(identity.partition, identity.account, pair)) for pair in way)
        for way in _ABILITIES[ability]
    )


def is_known_admin(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether it is certain that the identity may do everything, whatever could not be read."""
    return Known(can(identity_of(resource, graph), "is_admin") == YES)


def is_privileged(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether who holds this identity holds the account, or all of its data."""
    identity = identity_of(resource, graph)
    powers = any_of(can(identity, ability) for ability in _POWERS)
    return verdict(any_of((powers, escalation_of(resource, graph).is_open)), resource, graph)


def can_escalate(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether one known technique to become administrator is open."""
    return verdict(escalation_of(resource, graph).is_open, resource, graph)


def escalation_paths(resource: Resource, graph: Graph) -> Known | Unknown:
    """Name the open techniques by their rights, and the one whom they lead to.

    Unread where none is known to be open and one is not decided.
    """
    escalation = escalation_of(resource, graph)
    if escalation.undecided != NO and not escalation.paths:
        return verdict(escalation.undecided, resource, graph)
    return Known([path.text for path in escalation.paths])


def escalates_to(resource: Resource, graph: Graph) -> Targets:
    """Give the roles as which it can act by a technique, each once."""
    escalation = escalation_of(resource, graph)
    targets = {
        path.target.identity.id: path.target.identity
        for path in escalation.paths
        if path.target is not None and path.target.identity is not None
    }
    roles = tuple(role for _, role in sorted(targets.items()) if role.type == resource.type)
    return Targets(
        resources=roles, gaps=tuple(sorted(as_gaps(escalation.undecided.because, resource, graph)))
    )


def is_aws_managed(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the provider keeps the policy: its ARN then has no account of its own."""
    del graph
    return Known(resource.identity.split(":")[4:5] == ["aws"])


def _ability(name: str) -> Callable[[Resource, Graph], Known | Unknown]:
    def derive(resource: Resource, graph: Graph) -> Known | Unknown:
        return verdict(can(identity_of(resource, graph), name), resource, graph)

    derive.__doc__ = f"Whether the identity has the ability {name}."
    return derive


@functools.cache
def _question(partition: str, account: str, pair: tuple[str, str]) -> Question:
    action, resource = pair
    filled = resource.replace("{p}", partition).replace("{a}", account)
    return Question(action=action.replace("@", ANY), resource=filled.replace("@", ANY))


PERMISSION_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "permissions.escalates_to": escalates_to,
}
PERMISSIONS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    **{f"permissions.{name}": _ability(name) for name in _ABILITIES},
    "permissions.is_known_admin": is_known_admin,
    "permissions.can_escalate": can_escalate,
    "permissions.escalation_paths": escalation_paths,
    "permissions.is_privileged": is_privileged,
    "permissions.is_aws_managed": is_aws_managed,
}
