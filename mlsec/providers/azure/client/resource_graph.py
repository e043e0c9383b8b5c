"""A client that answers listings from Resource Graph where it can."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from mlsec.collect.walk.client import CallResult, Client, Request, interpret
from mlsec.collect.walk.item import Scope
from mlsec.collect.walk.listing import ListingResult, entries_of
from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.collect.walk.worker_pool import Job, WorkerPool
from mlsec.core.resource import Gap
from mlsec.providers.azure.client.resource_graph_rows import (
    COUNTS,
    Index,
    Inside,
    RowsAnswer,
    inside_of,
    pack,
    rows_query,
    types_of,
)
from mlsec.providers.azure.client.row_check import is_same, paths_read, sample_listing
from mlsec.providers.azure.route import ArmRead
from mlsec.providers.azure.tables import (
    GRAPH,
    LIST_PERMISSIONS,
    LIST_RESOURCES,
    TENANT,
    graph_types,
)
from mlsec.snapshot.store import Snapshot
from mlsec.vocabulary.types import Vocabulary

# Resource Graph accepts more in one query; this limits the size of an answer.
_MOST_SUBSCRIPTIONS = 500


class ResourceGraphClient:
    """Answers listings from the index; forwards everything else, and doubtful cases."""

    def __init__(self, inner: Client, index: Index) -> None:
        self.in_flight = inner.in_flight
        self._inner, self._index = inner, index

    def ask(self, request: Request) -> CallResult | Gap:
        """Give the answer or the reason for having none."""
        operation = request.operation
        if isinstance(operation, ArmRead) and operation.graph and operation.items:
            parent = str(request.params.get("id", ""))
            answer = self._index.answer(request.scope, operation, parent)
            if answer is not None:
                return answer
        return self._inner.ask(request)


def ask_index(
    client: Client,
    scopes: Iterable[Scope],
    plans: tuple[TypePlan, ...],
    vocabulary: Vocabulary,
    began_at: datetime.datetime,
) -> Index:
    """Query Resource Manager for all resources, and the graph for the plans' types."""
    scopes = tuple(scopes)
    inside: dict[str, Inside] = {}
    answers: list[RowsAnswer] = []
    types = graph_types(plans)
    if len(scopes) == 1:
        # One listing of each type is requested in any case: rows would only save those of children.
        types = frozenset(kind for kind in types if kind.count("/") > 1)
    chunks = [
        tuple(scope.account for scope in scopes[at : at + _MOST_SUBSCRIPTIONS])
        for at in range(0, len(scopes), _MOST_SUBSCRIPTIONS)
    ]
    pool = WorkerPool(client.in_flight)
    try:
        jobs = [_inside_job(client, scope, began_at, inside) for scope in scopes]
        jobs += [_count_job(client, chunk, types, answers) for chunk in chunks]
        pool.run(jobs)
        index = Index(answers, inside)
        pool.run(_comparison_jobs(client, index, plans, vocabulary))
    finally:
        pool.close()
    return index


def stored_index(
    snapshot: Snapshot,
    client: Client,
    scopes: Iterable[Scope],
    plans: tuple[TypePlan, ...],
    vocabulary: Vocabulary,
    began_at: datetime.datetime,
) -> Index:
    """Rebuild the index of a stored collection."""
    inside: dict[str, Inside] = {}
    for scope in scopes:
        job = _inside_job(client, scope, began_at, inside)
        job.then(job.work())
    answers = []
    for call in snapshot.find_all(TENANT, "", GRAPH.service, GRAPH.name):
        params = msgspec.json.decode(call.params)
        types = types_of(str(params.get("query", "")))
        if types:
            document = snapshot.payload(call.payload) if call.payload else {}
            request = _request(TENANT, GRAPH, params)
            entries = entries_of(request, interpret(request, call, document))
            answers.append(_rows_answer(types, params["subscriptions"], entries))
    index = Index(answers, inside)
    for job in _comparison_jobs(client, index, plans, vocabulary):
        job.then(job.work())
    return index


def _comparison_jobs(
    client: Client, index: Index, plans: tuple[TypePlan, ...], vocabulary: Vocabulary
) -> list[Job]:
    """Compare one listing of each type that has rows, and trust the types that match."""
    paths = paths_read(plans, vocabulary)
    jobs: dict[str, Job] = {}
    for plan in plans:
        listing = plan.listing
        if isinstance(listing, ArmRead) and listing.graph in paths and listing.graph not in jobs:
            request = sample_listing(index, listing)
            if request is not None:
                jobs[listing.graph] = _comparison_job(client, index, request, paths[listing.graph])
    return list(jobs.values())


def _comparison_job(client: Client, index: Index, request: Request, paths: Iterable[str]) -> Job:
    kind = getattr(request.operation, "graph", "")

    def then(listing: ListingResult) -> tuple[Job, ...]:
        if is_same(listing, index.rows(request.scope, kind), paths):
            index.trust(kind)
        return ()

    return Job(
        lane=(request.scope, request.operation.service),
        work=lambda: entries_of(request, client.ask(request)),
        then=then,
    )


def _inside_job(
    client: Client, scope: Scope, began_at: datetime.datetime, inside: dict[str, Inside]
) -> Job:
    """Query one subscription's permissions, then its resources."""

    def work() -> tuple[ListingResult, ListingResult]:
        permissions = _ask(client, scope.name, LIST_PERMISSIONS, LIST_PERMISSIONS.params)
        resources = _ask(client, scope.name, LIST_RESOURCES, LIST_RESOURCES.params)
        return resources, permissions

    def keep(pair: tuple[ListingResult, ListingResult]) -> tuple[Job, ...]:
        interval = inside_of(*pair, began_at)
        if interval is not None:
            inside[scope.name] = interval
        return ()

    return Job(lane=(scope.name, "inside"), work=work, then=keep)


def _count_job(
    client: Client, subscriptions: tuple[str, ...], types: frozenset[str], answers: list[RowsAnswer]
) -> Job:
    """Query the count of each type; the graph does not index types without a count."""

    def then(listing: ListingResult) -> Iterable[Job]:
        counts = {
            str(entry["type"]).lower(): int(entry.get("count_", 0))
            for entry in listing.entries
            if "type" in entry
        }
        wanted = {kind: count for kind, count in counts.items() if kind in types}
        return [_rows_job(client, subscriptions, kinds, answers.append) for kinds in pack(wanted)]

    return Job(
        lane=(TENANT, "graph"),
        work=lambda: _ask(client, TENANT, GRAPH, _body(COUNTS, subscriptions)),
        then=then,
    )


def _rows_job(
    client: Client,
    subscriptions: tuple[str, ...],
    kinds: frozenset[str],
    keep: Callable[[RowsAnswer], None],
) -> Job:
    def then(listing: ListingResult) -> tuple[Job, ...]:
        keep(_rows_answer(kinds, subscriptions, listing))
        return ()

    return Job(
        lane=(TENANT, "graph"),
        work=lambda: _ask(client, TENANT, GRAPH, _body(rows_query(kinds), subscriptions)),
        then=then,
    )


def _body(query: str, subscriptions: Iterable[str]) -> dict[str, Any]:
    return {
        "subscriptions": sorted(subscriptions),
        "query": query,
        "options": {"$top": 1000, "resultFormat": "objectArray"},
    }


def _rows_answer(
    types: Iterable[str], subscriptions: Iterable[str], listing: ListingResult
) -> RowsAnswer:
    return RowsAnswer(
        types=frozenset(types), subscriptions=frozenset(subscriptions), listing=listing
    )


def _ask(
    client: Client, scope: str, operation: Operation, params: Mapping[str, Any]
) -> ListingResult:
    request = _request(scope, operation, params)
    return entries_of(request, client.ask(request))


def _request(scope: str, operation: Operation, params: Mapping[str, Any]) -> Request:
    return Request(scope=scope, region="", operation=operation, params=params, subject="")
