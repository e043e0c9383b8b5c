"""The known combinations of rights by which an identity can make itself more powerful."""

from __future__ import annotations

import functools

import msgspec

from mlsec.core.enums import Truth
from mlsec.graph.ternary import YES, Answer, all_of, any_of
from mlsec.providers.aws.facts.permissions import Identity
from mlsec.providers.aws.facts.policy_statements import ANY, Cover, Question


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One combination: rights that are all needed, and the service a role is passed to, if any."""

    rights: tuple[str, ...]
    passed_to: str = ""

    @property
    def name(self) -> str:
        """The rights as a reader knows them."""
        passed = ("iam:PassRole",) if self.passed_to else ()
        return " + ".join((*passed, *self.rights))


class Ways(msgspec.Struct, frozen=True, kw_only=True):
    """Which combinations are open, whether any is; ``undecided`` is NO when each was decided."""

    names: tuple[str, ...]
    is_open: Answer
    undecided: Answer


def _alone(*rights: str) -> tuple[Way, ...]:
    return tuple(Way(rights=(right,)) for right in rights)


def _passing(service: str, *combinations: str) -> tuple[Way, ...]:
    return tuple(
        Way(rights=tuple(combination.split()), passed_to=service) for combination in combinations
    )


WAYS: tuple[Way, ...] = (
    # Rewrite a policy, or hand oneself another.
    *_alone(
        "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion",
        "iam:AttachUserPolicy", "iam:AttachGroupPolicy", "iam:AttachRolePolicy",
        "iam:PutUserPolicy", "iam:PutGroupPolicy", "iam:PutRolePolicy", "iam:AddUserToGroup",
    ),
    # Become somebody else.
    *_alone(
        "iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile",
        "iam:UpdateAssumeRolePolicy",
    ),
    # Run one's own code with a role of one's choice, on the services that run ML code.
    *_passing(
        "sagemaker.amazonaws.com",
        "sagemaker:CreateNotebookInstance sagemaker:CreatePresignedNotebookInstanceUrl",
        "sagemaker:CreateTrainingJob", "sagemaker:CreateProcessingJob",
        "sagemaker:CreateHyperParameterTuningJob", "sagemaker:CreateAutoMLJobV2",
        "sagemaker:CreateUserProfile sagemaker:CreatePresignedDomainUrl",
        "sagemaker:CreateModel sagemaker:CreateEndpoint",
        "sagemaker:CreatePipeline sagemaker:StartPipelineExecution",
        "sagemaker:CreateCluster",
    ),
    *_passing(
        "bedrock-agentcore.amazonaws.com",
        "bedrock-agentcore:CreateCodeInterpreter bedrock-agentcore:StartCodeInterpreterSession"
        " bedrock-agentcore:InvokeCodeInterpreter",
        "bedrock-agentcore:CreateAgentRuntime bedrock-agentcore:InvokeAgentRuntime",
    ),
    # The same on general compute.
    *_passing(
        "lambda.amazonaws.com",
        "lambda:CreateFunction lambda:InvokeFunction",
        "lambda:CreateFunction lambda:CreateEventSourceMapping",
        "lambda:CreateFunction lambda:AddPermission",
    ),
    *_passing("ec2.amazonaws.com", "ec2:RunInstances"),
    *_passing("ecs-tasks.amazonaws.com", "ecs:RegisterTaskDefinition ecs:RunTask"),
    *_passing("codebuild.amazonaws.com", "codebuild:CreateProject codebuild:StartBuild"),
    *_passing("cloudformation.amazonaws.com", "cloudformation:CreateStack"),
    *_passing(
        "glue.amazonaws.com", "glue:CreateDevEndpoint", "glue:CreateJob glue:StartJobRun",
        "glue:CreateSession glue:RunStatement",
    ),
    *_passing("states.amazonaws.com", "states:CreateStateMachine states:StartExecution"),
    # Replace the code of what already runs with a role.
    *_alone("lambda:UpdateFunctionCode", "glue:UpdateDevEndpoint"),
    Way(rights=(
        "sagemaker:CreateNotebookInstanceLifecycleConfig", "sagemaker:StopNotebookInstance",
        "sagemaker:UpdateNotebookInstance", "sagemaker:StartNotebookInstance",
    )),
)  # fmt: skip


def open_ways(identity: Identity) -> Ways:
    """Ask an identity for every combination, on whichever role, policy or function there is."""
    answers = [(way, _answer(identity, way)) for way in WAYS]
    names = tuple(way.name for way, answer in answers if answer == YES)
    return Ways(
        names=names,
        is_open=any_of(answer for _, answer in answers),
        undecided=any_of(a for _, a in answers if a.truth is Truth.UNKNOWN),
    )


def _answer(identity: Identity, way: Way) -> Answer:
    questions = _questions(way, identity.partition, identity.account)
    return all_of(identity.may(question) for question in questions)


@functools.cache
def _questions(way: Way, partition: str, account: str) -> tuple[Question, ...]:
    if not way.passed_to:
        return tuple(
            Question(action=right.lower(), resource=_resource(right, partition, account))
            for right in way.rights
        )
    role = f"arn:{partition}:iam::{account}:role/{ANY}"
    passing = Question(action="iam:passrole", resource=role, passed_to=way.passed_to)
    # Who may create one thing of any name can give it every role that may be passed.
    making = [Question(action=r.lower(), resource=ANY, reach=Cover.ANYWHERE) for r in way.rights]
    return (passing, *making)


def _resource(right: str, partition: str, account: str) -> str:
    """Give the resource that stands for whichever there is of what a right works on."""
    service, _, action = right.partition(":")
    if service == "iam":
        return f"arn:{partition}:iam::{account}:{_identity_kind(action)}/{ANY}"
    if service == "lambda":
        return f"arn:{partition}:lambda:{ANY}:{account}:function:{ANY}"
    kind = "notebook-instance-lifecycle-config" if "Lifecycle" in action else "notebook-instance"
    kind = "devEndpoint" if service == "glue" else kind
    return f"arn:{partition}:{service}:{ANY}:{account}:{kind}/{ANY}"


def _identity_kind(action: str) -> str:
    for word, kind in (("Role", "role"), ("Group", "group"), ("Version", "policy")):
        if word in action:
            return kind
    return "user"
