"""What is derived of Vertex AI: who serves, who gets an answer, and whose files are served."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown, property_value
from mlsec.graph.flags import flag
from mlsec.graph.ternary import any_of
from mlsec.providers.gcp.facts.grants import verdict
from mlsec.vocabulary.iac_mapping import account_of

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_BUCKET = "gcp.storage.bucket"


def answers_everybody(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether an endpoint answers somebody who never signed in: by its policy, or by a gateway."""
    ways = (flag(resource, "grants_public_access"), flag(resource, "has_public_entry_point"))
    return verdict(any_of(ways), resource, graph)


def external_artifact_buckets(resource: Resource, graph: Graph) -> Known | Unknown:
    """Name the bucket of a version's files when it is none of the project's: another's, or gone."""
    name = property_value(resource, "artifact_bucket")
    if isinstance(name, Unknown):
        return name
    if not name.value:
        return Known(())
    own = {b.name for b in graph.of_type_in(_BUCKET, resource.scope) if not b.is_stub}
    if name.value in own:
        return Known(())
    gaps = graph.incomplete(_BUCKET, resource.scope, "")
    return Unknown(tuple(sorted(gaps))) if gaps else Known((name.value,))


def unknown_consumer_projects(resource: Resource, graph: Graph) -> Known | Unknown:
    """Name the projects that may connect privately and are none of those that were scanned."""
    named = property_value(resource, "private_connect_projects")
    if isinstance(named, Unknown):
        return named
    known = {account_of(project) for project in graph.of_type("gcp.project")}
    known.add(account_of(resource))
    return Known(tuple(sorted(name for name in set(named.value) if name not in known)))


def serving_accounts(resource: Resource, graph: Graph) -> Targets:
    """Find the accounts that an endpoint's models run as: each has its own, or that of its pool."""
    resources: dict[str, Resource] = {}
    gaps: set[str] = set()
    own, pools = (
        graph.targets(resource, "custom_service_accounts"),
        graph.targets(resource, "pools"),
    )
    for part in (own, *(graph.targets(pool, "role") for pool in pools.resources)):
        resources.update((account.id, account) for account in part.resources)
        gaps |= set(part.gaps)
    gaps |= set(pools.gaps)
    return Targets(
        resources=tuple(resources[key] for key in sorted(resources)), gaps=tuple(sorted(gaps))
    )


VERTEX_FACTS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "gcp_vertex.answers_everybody": answers_everybody,
    "gcp_vertex.external_artifact_buckets": external_artifact_buckets,
    "gcp_vertex.unknown_consumer_projects": unknown_consumer_projects,
}
VERTEX_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "gcp_vertex.serving_accounts": serving_accounts,
}
