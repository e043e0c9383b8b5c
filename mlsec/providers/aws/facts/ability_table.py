"""The abilities of an identity that rules ask about, and the questions behind each."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from mlsec.graph.ternary import Answer, all_of, any_of
from mlsec.providers.aws.facts.permissions import Identity
from mlsec.providers.aws.facts.policy_statements import ANY, Question

# An ability is a list of ways, any of which is enough; a way is a list of (action, resource), all
# of which are needed. ``{p}`` is the partition, ``{a}`` the account, ``@`` whichever there is.
_Way = tuple[tuple[str, str], ...]
_EVERY_ROLE = "arn:{p}:iam::{a}:role/@"
_EVERY_OBJECT = "arn:{p}:s3:::@/@"
ABILITIES: Mapping[str, tuple[_Way, ...]] = {
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
POWERS = (
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
        for way in ABILITIES[ability]
    )


def powers(identity: Identity) -> Answer:
    """Say whether an identity has a right that holds the account, or all of its data."""
    return any_of(can(identity, ability) for ability in POWERS)


@functools.cache
def _question(partition: str, account: str, pair: tuple[str, str]) -> Question:
    action, resource = pair
    filled = resource.replace("{p}", partition).replace("{a}", account)
    return Question(action=action.replace("@", ANY), resource=filled.replace("@", ANY))
