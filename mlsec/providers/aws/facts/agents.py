"""How agents hang together: alias to version, tool to version, shared roles, models by profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown, property_value
from mlsec.graph.lookups import find, find_or_stub, hidden_by, joined, kind_of
from mlsec.graph.matching import is_applied_apart
from mlsec.vocabulary.iac_mapping import account_of

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_Relation = Callable[[Resource, "Graph"], Targets]


def versions_served(resource: Resource, graph: Graph) -> Targets:
    """Find the agent versions that an alias routes to."""
    return _routed(resource, graph, "agents.versions_served", "agent_id", drafts=True)


def flow_versions_served(resource: Resource, graph: Graph) -> Targets:
    """Find the numbered flow versions that an alias routes to; the draft is the flow itself."""
    return _routed(resource, graph, "agents.flow_versions_served", "flow_arn", drafts=False)


def version_of_group(resource: Resource, graph: Graph) -> Targets:
    """Find the agent version that an action group belongs to."""
    target = kind_of(resource, graph, "agents.version_of_group").to
    agent = property_value(resource, "agent_id")
    version = property_value(resource, "agent_version")
    for value in (agent, version):
        if isinstance(value, Unknown):
            return hidden_by(resource, graph, value, target)
    if isinstance(agent, Known) and isinstance(version, Known):
        wanted = {"agent_id": str(agent.value), "version": str(version.value)}
        return find_or_stub(resource, graph, target, wanted)
    return Targets()


def agents_with_same_role(resource: Resource, graph: Graph) -> Targets:
    """Find the other agents of the account that run under the same role."""
    own = property_value(resource, "role_arn")
    if isinstance(own, Unknown):
        return hidden_by(resource, graph, own, resource.type)
    sharing, gaps = [], set(graph.incomplete(resource.type, resource.scope, ""))
    for other in graph.of_type_in(resource.type, resource.scope):
        if other.id == resource.id:
            continue
        match property_value(other, "role_arn"):
            case Known(value=role) if role == own.value:
                if not is_applied_apart(resource, other, str(role)):
                    sharing.append(other)
            case Unknown(gaps=hidden):
                gaps.update(hidden)
            case Known():
                pass
    return Targets(resources=tuple(sharing), gaps=tuple(sorted(gaps)))


def bucket_is_external(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether ``bucket_owner`` names an account other than the resource's own."""
    del graph
    fact = property_value(resource, "bucket_owner")
    if isinstance(fact, Unknown):
        return fact
    return Known(value=fact.value is not None and fact.value != account_of(resource))


def _routed(resource: Resource, graph: Graph, derived: str, owner: str, *, drafts: bool) -> Targets:
    target = kind_of(resource, graph, derived).to
    owned_by = property_value(resource, owner)
    routes = property_value(resource, "routes")
    for value in (owned_by, routes):
        if isinstance(value, Unknown):
            return hidden_by(resource, graph, value, target)
    if not (isinstance(owned_by, Known) and isinstance(routes, Known)):
        return Targets()
    versions = [str(route["version"]) for route in routes.value or () if route.get("version")]
    return joined(
        [
            find_or_stub(resource, graph, target, {owner: str(owned_by.value), "version": version})
            for version in versions
            if drafts or version != "DRAFT"
        ]
    )


def _known_reference(derived: str, *matches: str) -> _Relation:
    """Make a relation for a property that may name one of several kinds of things.

    What the target type does not hold is not a target: the property names another kind.
    """

    def follow(resource: Resource, graph: Graph) -> Targets:
        kind = kind_of(resource, graph, derived)
        fact = property_value(resource, kind.reads[0])
        if isinstance(fact, Unknown):
            return hidden_by(resource, graph, fact, kind.to)
        if not fact.value:
            return Targets()
        by_id = graph.called(str(fact.value), kind.to, resource)
        if by_id is not None:
            return Targets(resources=(by_id,))
        for name in matches:
            targets = find(resource, graph, kind.to, {name: str(fact.value)})
            if targets:
                return Targets(resources=targets)
        return Targets(gaps=graph.incomplete(kind.to, resource.scope, resource.region))

    return follow


AGENTS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "agents.bucket_is_external": bucket_is_external,
}

AGENT_RELATIONS: Mapping[str, _Relation] = {
    "agents.versions_served": versions_served,
    "agents.flow_versions_served": flow_versions_served,
    "agents.version_of_group": version_of_group,
    "agents.agents_with_same_role": agents_with_same_role,
    "models.system_profile": _known_reference("models.system_profile", "profile_id"),
    "models.application_profile": _known_reference("models.application_profile", "profile_id"),
    "models.custom_model": _known_reference("models.custom_model"),
}
