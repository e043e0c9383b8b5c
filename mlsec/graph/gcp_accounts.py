"""What runs as a service account, and which accounts may write a bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.core.vocabulary import Type
from mlsec.graph.answers import NO, YES, Answer, any_of, unknown
from mlsec.graph.gcp_grants import grants_on, reasons_as_gaps, told
from mlsec.graph.gcp_identities import may_on
from mlsec.graph.gcp_outsiders import condition_name
from mlsec.graph.networks import fact
from mlsec.graph.values import Known, Targets, Unread

if TYPE_CHECKING:
    from mlsec.graph.index import Graph

_PROVIDER = "gcp."
_ACCOUNT = "gcp.iam.service_account"
_ML_CONCEPTS = frozenset(
    ("endpoint", "model", "notebook", "training_job", "workspace", "agent", "pipeline", "dataset")
)
_PUTS = ("storage.objects.create", "bigquery.tables.updateData")


def runs_ml(resource: Resource, graph: Graph) -> Known | Unread:
    """Whether something that trains, serves or develops models runs as the account."""
    return told(any_of(_ml_users(resource, graph)), resource, graph)


def notebooks(resource: Resource, graph: Graph) -> Targets:
    """Give the notebooks that run as the account."""
    found: list[Resource] = []
    gaps: set[str] = set()
    for kind in _kinds_with_role(graph):
        if "notebook" not in kind.concepts:
            continue
        gaps |= set(graph.incomplete(kind.name, resource.scope, ""))
        for each in graph.of_type(kind.name):
            roles = graph.targets(each, "role")
            if any(role.id == resource.id for role in roles.found):
                found.append(each)
            elif each.scope == resource.scope:
                gaps |= set(roles.gaps)
    return Targets(found=tuple(found), gaps=tuple(sorted(gaps)))


def bucket_writers(resource: Resource, graph: Graph) -> Targets:
    """Find the service accounts of the project that may put objects into a bucket or dataset."""
    grants, name = grants_on(resource, graph), condition_name(resource)
    found: list[Resource] = []
    gaps = set(graph.incomplete(_ACCOUNT, resource.scope, ""))
    for account in graph.of_type(_ACCOUNT):
        if account.scope != resource.scope or account.is_stub:
            continue
        answer = any_of(may_on(account, each, grants, name, graph) for each in _PUTS)
        if answer == YES:
            found.append(account)
        elif answer != NO:
            gaps |= reasons_as_gaps(answer.because, resource, graph)
    return Targets(found=tuple(found), gaps=tuple(sorted(gaps)))


def _ml_users(account: Resource, graph: Graph) -> Iterator[Answer]:
    for kind in _kinds_with_role(graph):
        is_ml = not _ML_CONCEPTS.isdisjoint(kind.concepts)
        if not is_ml and "is_ml" not in kind.properties:
            continue
        hidden = graph.incomplete(kind.name, account.scope, "")
        if hidden and is_ml:
            yield unknown(hidden)
        for each in graph.of_type(kind.name):
            if each.scope == account.scope:
                yield _runs_as(each, account, graph) if is_ml else _serves_as(each, account, graph)


def _runs_as(each: Resource, account: Resource, graph: Graph) -> Answer:
    roles = graph.targets(each, "role")
    if any(role.id == account.id for role in roles.found):
        return YES
    return unknown(roles.gaps) if roles.gaps else NO


def _serves_as(each: Resource, account: Resource, graph: Graph) -> Answer:
    """A workload counts when it has an accelerator; that it may call models is not enough."""
    if "has_accelerator" not in graph.vocabulary.types[each.type].properties:
        return NO
    runs = _runs_as(each, account, graph)
    return fact(each, "has_accelerator") if runs == YES else NO


def _kinds_with_role(graph: Graph) -> Iterator[Type]:
    for name, kind in sorted(graph.vocabulary.types.items()):
        if name.startswith(_PROVIDER) and "role" in kind.relations:
            yield kind


ACCOUNTS: Mapping[str, Callable[[Resource, Graph], Known | Unread]] = {
    "gcp_accounts.runs_ml": runs_ml,
}

ACCOUNT_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "gcp_accounts.notebooks": notebooks,
    "gcp_accounts.bucket_writers": bucket_writers,
}
