"""Which version of a guardrail is really used, and which versions matter at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown, property_value
from mlsec.graph.lookups import find_or_stub, hidden_by, joined, kind_of, unresolved

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

DRAFT = "DRAFT"
_USERS = ("agents", "agent_versions", "flows", "flow_versions", "enforcements")


def version_used(resource: Resource, graph: Graph) -> Targets:
    """Find the version that ``guardrail.id`` (id or ARN) and ``guardrail.version`` name."""
    target = kind_of(resource, graph, "guardrails.version_used").to
    identifier = property_value(resource, "guardrail.id")
    version = property_value(resource, "guardrail.version")
    for value in (identifier, version):
        if isinstance(value, Unknown):
            return hidden_by(resource, graph, value, target)
    return _version(resource, graph, target, _held(identifier), _held(version))


def versions_of_nodes(resource: Resource, graph: Graph) -> Targets:
    """Find the versions that the elements of ``nodes`` name."""
    target = kind_of(resource, graph, "guardrails.versions_of_nodes").to
    nodes = property_value(resource, "nodes")
    if isinstance(nodes, Unknown):
        return hidden_by(resource, graph, nodes, target)
    return joined(
        [
            _version(
                resource, graph, target, node.get("guardrail_id"), node.get("guardrail_version")
            )
            for node in nodes.value or ()
        ]
    )


def is_live(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether something uses this version, or a caller would take it: the newest published one.

    Callers that name a guardrail in each request leave no trace in any setting, so the newest
    version counts as used; so does the draft of a guardrail that was never published.
    """
    users = joined([graph.targets(resource, name) for name in _USERS])
    if users.resources:
        return Known(value=True)
    siblings = graph.targets(resource, "siblings")
    newest = _newest(siblings.resources)
    own = property_value(resource, "version")
    if isinstance(own, Unknown):
        return own
    if own.value == newest and not siblings.gaps:
        return Known(value=True)
    hidden = (*users.gaps, *siblings.gaps)
    return Unknown(tuple(sorted(set(hidden)))) if hidden else Known(value=False)


def _version(
    resource: Resource, graph: Graph, target: str, identifier: Any, version: Any
) -> Targets:
    if not identifier:
        return Targets()
    if not version:
        return Targets(gaps=(unresolved(resource, graph, target, f"a version of {identifier}"),))
    name = "guardrail_arn" if str(identifier).startswith("arn:") else "guardrail_id"
    return find_or_stub(resource, graph, target, {name: str(identifier), "version": str(version)})


def _newest(versions: tuple[Resource, ...]) -> str:
    numbers = [
        int(fact.value)
        for version in versions
        if isinstance(fact := property_value(version, "version"), Known)
        and str(fact.value).isdecimal()
    ]
    return str(max(numbers)) if numbers else DRAFT


def _held(value: Known | Unknown) -> Any:
    return value.value if isinstance(value, Known) else None


GUARDRAILS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "guardrails.is_live": is_live,
}

GUARDRAIL_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "guardrails.version_used": version_used,
    "guardrails.versions_of_nodes": versions_of_nodes,
}
