"""What an identity may call of what answers with a model: endpoints, models, agents, by name.

Only a statement that names the service counts ("sagemaker:*", "bedrock:InvokeModel"). One that
allows everything ("*") says nothing about models; how wide a role is, other facts say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.enums import Truth
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown
from mlsec.graph.verdicts import as_gaps
from mlsec.providers.aws.facts.permissions import identity_of
from mlsec.providers.aws.facts.policy_statements import ANY, Question, Statement, matches
from mlsec.providers.aws.policy.patterns import ONE_CHAR

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

# The rights that make a model answer (lower case), and the kind of thing each is used on.
_RIGHTS = {
    "sagemaker:invokeendpoint": "endpoint",
    "sagemaker:invokeendpointasync": "endpoint",
    "sagemaker:invokeendpointwithresponsestream": "endpoint",
    "bedrock:invokemodel": "model",
    "bedrock:invokemodelwithresponsestream": "model",
    "bedrock:invokeagent": "agent",
    "bedrock-agentcore:invokeagentruntime": "agent",
    "bedrock:invokeflow": "flow",
    "bedrock:retrieve": "knowledge_base",
    "bedrock:retrieveandgenerate": "knowledge_base",
}

# Relations that come from what an agent may use.
_TOOL_RELATIONS = ("action_groups", "gateway_targets")


class Call(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One kind of thing that may be called; ``target`` "" means any of them.

    A target may be a pattern (``fraud-*``).
    """

    kind: str
    target: str = ""


class CallableModels(msgspec.Struct, frozen=True, kw_only=True):
    """What may be called; with ``gaps``, more may be callable than could be read."""

    calls: tuple[Call, ...] = ()
    gaps: tuple[str, ...] = ()


def reach_of_role(role: Resource, graph: Graph, region: str) -> CallableModels:
    """Say what code in ``region`` may call under a role; kept for the life of the graph."""
    return graph.memo(("aws model calls", role.id, region), lambda: _reach(role, graph, region))


def reach_of_roles(roles: Targets, graph: Graph, region: str) -> CallableModels:
    """Say what the roles behind a relation may call, together."""
    parts = [reach_of_role(role, graph, region) for role in roles.resources]
    gaps = {gap for part in parts for gap in part.gaps} | set(roles.gaps)
    calls = {call for part in parts for call in part.calls}
    return CallableModels(calls=tuple(sorted(calls)), gaps=tuple(sorted(gaps)))


def calls_models(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the resource's role may call anything that answers with a model."""
    reach = reach_of_roles(graph.targets(resource, "role"), graph, resource.region)
    if not reach.calls and reach.gaps:
        return Unknown(reach.gaps)
    return Known(bool(reach.calls))


def is_ml_code(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the resource may call models, or an agent uses it as a tool."""
    reach = reach_of_roles(graph.targets(resource, "role"), graph, resource.region)
    uses = [graph.targets(resource, name) for name in _TOOL_RELATIONS]
    is_found = bool(reach.calls) or any(use.resources for use in uses)
    gaps = {*reach.gaps, *(gap for use in uses for gap in use.gaps)}
    return Unknown(tuple(sorted(gaps))) if gaps and not is_found else Known(is_found)


def _reach(role: Resource, graph: Graph, region: str) -> CallableModels:
    identity = identity_of(role, graph)
    calls: set[Call] = set()
    is_hidden = any(identity.policies.hides(right) for right in _RIGHTS)
    because = set(identity.policies.gaps or {"?policies"}) if is_hidden else set()
    for document in identity.policies.documents:
        for statement in document.statements:
            for call, question in _asked(statement, region):
                answer = identity.may(question) if call not in calls else None
                if answer is not None and answer.truth is Truth.TRUE:
                    calls.add(call)
                elif answer is not None and answer.truth is Truth.UNKNOWN:
                    because |= answer.because
    return CallableModels(
        calls=tuple(sorted(calls)), gaps=tuple(sorted(as_gaps(because, role, graph)))
    )


def _asked(statement: Statement, region: str) -> Iterator[tuple[Call, Question]]:
    """Give each call that a statement speaks of by service, and the question to settle it."""
    if not statement.is_allow:
        return
    for right, kind in _RIGHTS.items():
        if not _names(statement, right):
            continue
        for pattern in statement.resources or ("*",):
            target = _target(pattern)
            yield (
                Call(kind=kind, target=target),
                Question(action=right, resource=_concrete(pattern, region)),
            )


def _names(statement: Statement, right: str) -> bool:
    service = right.partition(":")[0]
    return any(
        pattern.partition(":")[0] == service and matches(pattern, right)
        for pattern in statement.actions
    )


def _concrete(pattern: str, region: str) -> str:
    """Give one resource that stands for all that a pattern covers, in the caller's region.

    Allows are kept without their region, denies with it.
    """
    parts = pattern.split(":", 5)
    if len(parts) == 6 and parts[3] == "*":
        parts[3] = region
    return ":".join(parts).replace("*", ANY).replace("?", ONE_CHAR)


def _target(pattern: str) -> str:
    """Give the name in an ARN pattern, "" when it names none: ``endpoint/*``, ``*``."""
    resource = pattern.split(":", 5)[5] if pattern.count(":") >= 5 else ""
    name = resource.partition("/")[2].partition("/")[0]
    return name if name.strip("*?") else ""
