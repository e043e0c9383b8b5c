"""What AWS techniques work on: roles, users and groups, and what runs code under a role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.techniques.technique import Target, TargetKind
from mlsec.providers.aws.facts.policy_statements import ANY
from mlsec.providers.aws.facts.technique_gaps import unseen_of

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

ROLE, USER, GROUP, POLICY = "aws.iam.role", "aws.iam.user", "aws.iam.group", "aws.iam.policy"


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of thing that runs code under a role.

    ``arn`` is how rights name whichever there is: ``@`` for every name, ``{p}`` for the partition
    and ``{a}`` for the account. ``type`` is "" where such things are not read; ``relations`` lead
    from it to the roles that its code runs under, and ``service`` is the one that takes them on.
    """

    about: str
    arn: str
    service: str
    type: str = ""
    relations: tuple[str, ...] = ("role",)


WORKLOADS: Mapping[str, Workload] = {
    "function": Workload(
        about="a function of Lambda", arn="arn:{p}:lambda:@:{a}:function:@",
        service="lambda", type="aws.lambda.function",
    ),
    "notebook": Workload(
        about="a notebook instance of SageMaker", arn="arn:{p}:sagemaker:@:{a}:notebook-instance/@",
        service="sagemaker", type="aws.sagemaker.notebook",
    ),
    "notebook lifecycle": Workload(
        about="a lifecycle configuration of a notebook instance",
        arn="arn:{p}:sagemaker:@:{a}:notebook-instance-lifecycle-config/@",
        service="sagemaker", type="aws.sagemaker.notebook_lifecycle",
        relations=("notebooks.role",),
    ),
    "user profile": Workload(
        about="a user profile of a SageMaker domain",
        arn="arn:{p}:sagemaker:@:{a}:user-profile/@",
        service="sagemaker", type="aws.sagemaker.user_profile", relations=("role", "domain.role"),
    ),
    "domain": Workload(
        about="a domain of SageMaker Studio", arn="arn:{p}:sagemaker:@:{a}:domain/@",
        service="sagemaker", type="aws.sagemaker.domain", relations=("role", "space_roles"),
    ),
    "space": Workload(
        about="a space of a SageMaker domain", arn="arn:{p}:sagemaker:@:{a}:space/@",
        service="sagemaker", type="aws.sagemaker.space",
        relations=("domain.space_roles", "domain.role"),
    ),
    "pipeline": Workload(
        about="a pipeline of SageMaker", arn="arn:{p}:sagemaker:@:{a}:pipeline/@",
        service="sagemaker", type="aws.sagemaker.pipeline",
    ),
    "code interpreter": Workload(
        about="a code interpreter of Bedrock AgentCore",
        arn="arn:{p}:bedrock-agentcore:@:{a}:code-interpreter-custom/@",
        service="bedrock-agentcore", type="aws.agentcore.code_interpreter",
    ),
    "agent runtime": Workload(
        about="an agent runtime of Bedrock AgentCore",
        arn="arn:{p}:bedrock-agentcore:@:{a}:runtime/@",
        service="bedrock-agentcore", type="aws.agentcore.runtime",
    ),
    "instance": Workload(
        about="a host of EC2", arn="arn:{p}:ec2:@:{a}:instance/@",
        service="ec2", type="aws.ec2.instance",
    ),
    "task": Workload(
        about="a task of ECS", arn="arn:{p}:ecs:@:{a}:task/@", service="ecs-tasks",
    ),
    "launch template": Workload(
        about="a launch template of EC2", arn="arn:{p}:ec2:@:{a}:launch-template/@", service="ec2",
    ),
    "dev endpoint": Workload(
        about="a development endpoint of Glue", arn="arn:{p}:glue:@:{a}:devEndpoint/@",
        service="glue",
    ),
    "glue session": Workload(
        about="an interactive session of Glue", arn="arn:{p}:glue:@:{a}:session/@", service="glue",
    ),
    "glue job": Workload(
        about="a job of Glue", arn="arn:{p}:glue:@:{a}:job/@", service="glue",
    ),
    "build project": Workload(
        about="a project of CodeBuild", arn="arn:{p}:codebuild:@:{a}:project/@",
        service="codebuild",
    ),
    "stack": Workload(
        about="a stack of CloudFormation", arn="arn:{p}:cloudformation:@:{a}:stack/@",
        service="cloudformation",
    ),
    "stack set": Workload(
        about="a stack set of CloudFormation", arn="arn:{p}:cloudformation:@:{a}:stackset/@",
        service="cloudformation",
    ),
    "web service": Workload(
        about="a service of App Runner", arn="arn:{p}:apprunner:@:{a}:service/@",
        service="tasks.apprunner",
    ),
    "state machine": Workload(
        about="a state machine of Step Functions", arn="arn:{p}:states:@:{a}:stateMachine:@",
        service="states",
    ),
}  # fmt: skip
# Kinds of identities by the ARN of whichever there is.
IDENTITIES: Mapping[str, str] = {
    "role": "arn:{p}:iam::{a}:role/@",
    "user": "arn:{p}:iam::{a}:user/@",
    "group": "arn:{p}:iam::{a}:group/@",
    "policy": "arn:{p}:iam::{a}:policy/@",
}
_RAISED = "any "


def whichever(kind: str, partition: str, account: str, name: str = ANY) -> str:
    """Give the ARN that stands for whichever there is of a kind; for some one with ``*``."""
    plain = kind.removeprefix(_RAISED)
    known = IDENTITIES.get(plain)
    arn = WORKLOADS[plain].arn if known is None else known
    return arn.replace("{p}", partition).replace("{a}", account).replace("@", name)


def short_name(resource: Resource) -> str:
    """Give the last part of an ARN, as reports show it: ``role/admin``."""
    return resource.identity.split(":", 5)[-1]


def roles_not_there(graph: Graph) -> tuple[Resource, ...]:
    """Give the roles that something runs under and that were not found."""
    for workload in WORKLOADS.values():
        if workload.type:
            _index(workload, graph)
    stubs = (r for r in graph.resources.values() if r.is_stub and r.type == ROLE)
    return tuple(sorted(stubs, key=lambda role: role.id))


def _index(workload: Workload, graph: Graph) -> dict[str, list[Resource]]:
    return graph.memo(("runs as", workload.type), lambda: _by_role(workload, graph))


def _itself(type_name: str, kind: str, *, is_raised: bool = False) -> TargetKind:
    def leading_to(identity: Resource, graph: Graph) -> tuple[Target, ...]:
        del graph
        if identity.type != type_name:
            return ()
        name = short_name(identity)
        return (Target(kind=kind, name=name, resource=identity, identity=identity),)

    said = f"every {kind}" if is_raised else f"a {kind} that is privileged"
    return TargetKind(
        about=said,
        leading_to=leading_to,
        is_raised=is_raised,
        unseen=None if is_raised else unseen_of(kind, type_name, "", ()),
    )


def _workload(kind: str, workload: Workload) -> TargetKind:
    def leading_to(identity: Resource, graph: Graph) -> tuple[Target, ...]:
        if not workload.type or identity.type != ROLE:
            return ()
        index = _index(workload, graph)
        return tuple(
            Target(
                kind=kind,
                name=f"{short_name(thing)} -> {short_name(identity)}",
                resource=thing,
                identity=identity,
            )
            for thing in index.get(identity.id, ())
        )

    about = f"{workload.about} that runs under a privileged role"
    return TargetKind(
        about=about,
        leading_to=leading_to,
        unseen=unseen_of(
            kind, workload.type, f"{workload.service}.amazonaws.com", workload.relations
        ),
    )


def _by_role(workload: Workload, graph: Graph) -> dict[str, list[Resource]]:
    index: dict[str, list[Resource]] = {}
    for thing in graph.of_type(workload.type):
        roles: dict[str, Resource] = {}
        for relation in workload.relations:
            owners = [thing]
            *steps, last = relation.split(".")
            for step in steps:
                owners = [near for o in owners for near in graph.targets(o, step).resources]
            # The role of a domain counts for those of its users that have none.
            if steps and roles:
                break
            roles.update({r.id: r for o in owners for r in graph.targets(o, last).resources})
        for role in roles:
            index.setdefault(role, []).append(thing)
    return index


TARGETS: Mapping[str, TargetKind] = {
    **{
        kind: _itself(type_name, kind)
        for kind, type_name in (("role", ROLE), ("user", USER), ("group", GROUP))
    },
    **{
        f"{_RAISED}{kind}": _itself(type_name, kind, is_raised=True)
        for kind, type_name in (("role", ROLE), ("user", USER))
    },
    **{kind: _workload(kind, workload) for kind, workload in WORKLOADS.items()},
}
