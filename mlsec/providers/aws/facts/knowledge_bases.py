"""What a knowledge base's documents come from: how fresh they are, and who could change them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.enums import Truth
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown, property_value
from mlsec.graph.ternary import Answer, all_of, any_of
from mlsec.graph.verdicts import as_gaps
from mlsec.providers.aws.facts.permissions import Identity, identity_of
from mlsec.providers.aws.facts.policy_statements import ANY, Cover, Question, matches

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_RETRIEVES = "bedrock:retrieve"
# Each of them decides what the knowledge base will answer from (lower case).
_INGESTS = (
    "bedrock:startingestionjob",
    "bedrock:ingestknowledgebasedocuments",
    "bedrock:deleteknowledgebasedocuments",
    "bedrock:createdatasource",
    "bedrock:updatedatasource",
)
_COMPLETE = "COMPLETE"
_ENDED = (_COMPLETE, "FAILED", "STOPPED")


def ingested_at(resource: Resource, graph: Graph) -> Known | Unknown:
    """When the newest ingestion that completed began; None when there is none."""
    del graph
    fact = property_value(resource, "ingestions")
    if isinstance(fact, Unknown):
        return fact
    times = [str(job["started_at"]) for job in fact.value or () if job.get("status") == _COMPLETE]
    return Known(max(times, default=None))


def last_ingestion_status(resource: Resource, graph: Graph) -> Known | Unknown:
    """How the newest ingestion that has ended ended; None when there is none."""
    del graph
    fact = property_value(resource, "ingestions")
    if isinstance(fact, Unknown):
        return fact
    ended = [job for job in fact.value or () if job.get("status") in _ENDED]
    newest = max(ended, key=lambda job: str(job["started_at"]), default=None)
    return Known(newest["status"] if newest else None)


def retrievers(resource: Resource, graph: Graph) -> Targets:
    """Find the roles that are there to query the knowledge base.

    A policy of theirs names the right to retrieve. One that allows everything says nothing about
    knowledge bases; how wide a role is, other facts say.
    """
    return _roles(resource, graph, lambda identity: _may_retrieve(identity, resource))


def retrievers_with_write_access(resource: Resource, graph: Graph) -> Targets:
    """Find those of them that may also change what it answers from: its documents or sources."""
    buckets = graph.targets(resource, "data_buckets")
    changes = [Question(action=right, resource=resource.identity) for right in _INGESTS]
    changes += [
        Question(action="s3:putobject", resource=f"{bucket.identity}/{ANY}", reach=Cover.PART)
        for bucket in buckets.resources
    ]

    def may_both(identity: Identity) -> Answer:
        changing = any_of(identity.may(question) for question in changes)
        return all_of((_may_retrieve(identity, resource), changing))

    roles = _roles(resource, graph, may_both)
    return Targets(resources=roles.resources, gaps=tuple(sorted({*roles.gaps, *buckets.gaps})))


def _may_retrieve(identity: Identity, base: Resource) -> Answer:
    return identity.may(Question(action=_RETRIEVES, resource=base.identity))


def _roles(base: Resource, graph: Graph, ask: Callable[[Identity], Answer]) -> Targets:
    resources: list[Resource] = []
    gaps: set[str] = set()
    for role in _candidates(base.scope, graph):
        answer = ask(identity_of(role, graph))
        if answer.truth is Truth.TRUE:
            resources.append(role)
        elif answer.truth is Truth.UNKNOWN:
            gaps |= as_gaps(answer.because, role, graph) | set(role.unread.get("*", ()))
    for kind in graph.vocabulary.concrete("role"):
        gaps |= set(graph.incomplete(kind.name, base.scope, ""))
    return Targets(resources=tuple(resources), gaps=tuple(sorted(gaps)))


def _candidates(scope: str, graph: Graph) -> tuple[Resource, ...]:
    """Give the account's roles whose policies name retrieval, or could: asked once per account."""
    return graph.memo(
        ("roles that retrieve", scope),
        lambda: tuple(
            role
            for role in graph.of_type_in("role", scope)
            if _names_retrieval(identity_of(role, graph))
        ),
    )


def _names_retrieval(identity: Identity) -> bool:
    if identity.policies.hides(_RETRIEVES):
        return True
    return any(
        statement.is_allow and any(_is_named(pattern) for pattern in statement.actions)
        for document in identity.policies.documents
        for statement in document.about(_RETRIEVES)
    )


def _is_named(pattern: str) -> bool:
    return pattern.partition(":")[0] == "bedrock" and matches(pattern, _RETRIEVES)


KNOWLEDGE: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "knowledge.ingested_at": ingested_at,
    "knowledge.last_ingestion_status": last_ingestion_status,
}

KNOWLEDGE_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "knowledge.retrievers": retrievers,
    "knowledge.retrievers_with_write_access": retrievers_with_write_access,
}
