"""What runs as a service account, and which accounts may write a bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.core.vocabulary import Type
from mlsec.graph.answers import NO, YES, Answer, all_of, any_of, unknown
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
# Clusters name the accounts of their nodes; what marks them, or a workload, as running models.
_ROLES = ("role", "accounts")
_MARKS = ("runs_ml", "has_accelerator")
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
        mark = next((name for name in _MARKS if name in kind.properties), "")
        if not is_ml and not mark:
            continue
        hidden = graph.incomplete(kind.name, account.scope, "")
        if hidden and is_ml:
            yield unknown(hidden)
        for each in graph.of_type(kind.name):
            if each.scope == account.scope:
                runs = _runs_as(each, account, graph)
                # That a workload may call models is not enough: it has to run one.
                yield runs if is_ml or runs == NO else all_of((runs, fact(each, mark)))


def _runs_as(each: Resource, account: Resource, graph: Graph) -> Answer:
    known = graph.vocabulary.types[each.type].relations
    reached = [graph.targets(each, name) for name in _ROLES if name in known]
    if any(role.id == account.id for targets in reached for role in targets.found):
        return YES
    gaps = {gap for targets in reached for gap in targets.gaps}
    return unknown(gaps) if gaps else NO


def _kinds_with_role(graph: Graph) -> Iterator[Type]:
    for name, kind in sorted(graph.vocabulary.types.items()):
        if name.startswith(_PROVIDER) and not kind.relations.keys().isdisjoint(_ROLES):
            yield kind


ACCOUNTS: Mapping[str, Callable[[Resource, Graph], Known | Unread]] = {
    "gcp_accounts.runs_ml": runs_ml,
}

ACCOUNT_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "gcp_accounts.notebooks": notebooks,
    "gcp_accounts.bucket_writers": bucket_writers,
}
