"""What runs as a service account, and which accounts may write a bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown
from mlsec.graph.flags import flag
from mlsec.graph.ternary import NO, YES, Answer, any_of, unknown
from mlsec.providers.gcp.facts.cross_project_accounts import cross_project_holders
from mlsec.providers.gcp.facts.grants import (
    Grant,
    grants_above,
    grants_near,
    reasons_as_gaps,
    verdict,
)
from mlsec.providers.gcp.facts.identities import may_everywhere, may_near
from mlsec.vocabulary.iac_mapping import is_code
from mlsec.vocabulary.types import Type

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_PROVIDER = "gcp."
_ACCOUNT = "gcp.iam.service_account"
_ML_CONCEPTS = frozenset(
    ("endpoint", "model", "notebook", "training_job", "workspace", "agent", "pipeline", "dataset")
)
# Clusters name the accounts of their nodes; what marks them, or a workload, as running models.
_ROLES = ("role", "accounts")
_MARKS = ("runs_ml", "has_accelerator")
_PUTS = ("storage.objects.create", "bigquery.tables.updateData")


def runs_ml(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether something that trains, serves or develops models runs as the account."""
    users = _users_in(resource.scope, graph)
    mine = users.by_account.get(resource.id, ())
    # Code that grants an idle account something does not say that models run as it elsewhere.
    is_idle = is_code(resource.scope) and resource.id not in _in_use(graph)
    return verdict(any_of((*mine, NO if is_idle else users.hidden)), resource, graph)


def notebooks(resource: Resource, graph: Graph) -> Targets:
    """Give the notebooks that run as the account."""
    scope = resource.scope
    by_scope = graph.memo(("gcp notebooks", scope), lambda: _notebooks_in(scope, graph))
    return Targets(resources=by_scope.by_account.get(resource.id, ()), gaps=by_scope.gaps)


def bucket_writers(resource: Resource, graph: Graph) -> Targets:
    """Find the service accounts that may put objects into a bucket or dataset."""
    near, above = grants_near(resource, graph), grants_above(resource.scope, graph)
    # A condition may be about this very bucket; without one a grant counts for all of them.
    grants = (*near.grants, *(grant for grant in above.grants if grant.condition))
    other_projects = cross_project_holders(resource, _PUTS, graph)
    writers = list(other_projects.resources)
    gaps = {*graph.incomplete(_ACCOUNT, resource.scope, ""), *near.gaps, *other_projects.gaps}
    for account in graph.of_type_in(_ACCOUNT, resource.scope):
        if account.is_stub:
            continue
        answer = any_of(_puts(account, grants, resource, graph))
        if answer == YES:
            writers.append(account)
        elif answer != NO:
            gaps |= reasons_as_gaps(answer.because, resource, graph)
    return Targets(resources=tuple(writers), gaps=tuple(sorted(gaps)))


def _puts(
    account: Resource, grants: tuple[Grant, ...], resource: Resource, graph: Graph
) -> Iterator[Answer]:
    for permission in _PUTS:
        yield may_everywhere(account, permission, graph)
        yield may_near(account, permission, grants, resource, graph)


class _Notebooks(msgspec.Struct, frozen=True, kw_only=True):
    """Notebooks of a project by the id of their account, and what hides others."""

    by_account: Mapping[str, tuple[Resource, ...]]
    gaps: tuple[str, ...]


def _notebooks_in(scope: str, graph: Graph) -> _Notebooks:
    resources: dict[str, dict[str, Resource]] = {}
    gaps: set[str] = set()
    for kind in _kinds_with_role(graph):
        if "notebook" not in kind.concepts:
            continue
        gaps |= set(graph.incomplete(kind.name, scope, ""))
        for resource in graph.of_type(kind.name):
            roles = graph.targets(resource, "role")
            gaps |= set(roles.gaps) if resource.scope == scope else set()
            for role in roles.resources:
                resources.setdefault(role.id, {})[resource.id] = resource
    by_account = {
        name: tuple(notebooks_by_id.values()) for name, notebooks_by_id in resources.items()
    }
    return _Notebooks(by_account=by_account, gaps=tuple(sorted(gaps)))


def _in_use(graph: Graph) -> frozenset[str]:
    """Give the ids of the accounts that something runs as."""
    return graph.memo(
        ("gcp accounts in use",),
        lambda: frozenset(
            account.id
            for kind in _kinds_with_role(graph)
            for resource in graph.of_type(kind.name)
            for name in _ROLES
            for account in graph.targets(resource, name).resources
        ),
    )


class _Users(msgspec.Struct, frozen=True, kw_only=True):
    """What runs as which account: answers by the account's id, and what hides other users."""

    by_account: Mapping[str, tuple[Answer, ...]]
    hidden: Answer


def _users_in(scope: str, graph: Graph) -> _Users:
    """Sort everything that runs models in a project by its account; once for each graph."""
    return graph.memo(("gcp users", scope), lambda: _read_users(scope, graph))


def _read_users(scope: str, graph: Graph) -> _Users:
    users: dict[str, list[Answer]] = {}
    gaps: set[str] = set()
    for kind in _kinds_with_role(graph):
        is_ml = not _ML_CONCEPTS.isdisjoint(kind.concepts)
        mark = next((name for name in _MARKS if name in kind.properties), "")
        if not is_ml and not mark:
            continue
        gaps |= set(graph.incomplete(kind.name, scope, "")) if is_ml else set()
        for resource in graph.of_type_in(kind.name, scope):
            # That a workload may call models is not enough: it has to run one.
            runs = YES if is_ml else flag(resource, mark)
            gaps |= _note(resource, runs, users, graph)
    by_account = {name: tuple(answers) for name, answers in users.items()}
    return _Users(by_account=by_account, hidden=unknown(gaps) if gaps else NO)


def _note(
    resource: Resource, runs: Answer, users: dict[str, list[Answer]], graph: Graph
) -> set[str]:
    """Note whose account it runs as; gives what hides that."""
    gaps: set[str] = set()
    if runs == NO:
        return gaps
    known = graph.vocabulary.types[resource.type].relations
    for name in _ROLES:
        if name in known:
            reached = graph.targets(resource, name)
            gaps |= set(reached.gaps)
            for role in reached.resources:
                users.setdefault(role.id, []).append(runs)
    return gaps


def _kinds_with_role(graph: Graph) -> Iterator[Type]:
    for name, kind in sorted(graph.vocabulary.types.items()):
        if name.startswith(_PROVIDER) and not kind.relations.keys().isdisjoint(_ROLES):
            yield kind


ACCOUNTS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "gcp_accounts.runs_ml": runs_ml,
}

ACCOUNT_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "gcp_accounts.notebooks": notebooks,
    "gcp_accounts.bucket_writers": bucket_writers,
}
