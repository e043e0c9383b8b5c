"""What a grant with a condition gives: whether some request that it is asked about meets it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, property_value
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of
from mlsec.providers.gcp.conditions.evaluation import Open
from mlsec.providers.gcp.conditions.search import is_possible
from mlsec.providers.gcp.conditions.subjects import Project, class_of
from mlsec.providers.gcp.facts.grants import Grant, role_allows
from mlsec.providers.gcp.facts.members import home_of
from mlsec.vocabulary.iac_mapping import is_code

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_ACCOUNT = "gcp.iam.service_account"
# Services whose names hold the number of the project.
_NUMBERED = ("secretmanager.googleapis.com",)


def gives(
    grant: Grant, permissions: Iterable[str], resource: Resource | None, scope: str, graph: Graph
) -> Answer:
    """Say whether a grant gives one of the permissions on a resource, or on all of its kind."""
    answers = []
    for permission in permissions:
        answer = role_allows(grant.role, permission, scope, graph)
        if answer != NO and grant.condition:
            answer = all_of((answer, counts(grant.condition, permission, resource, scope, graph)))
        answers.append(answer)
    return any_of(answers)


def counts(
    condition: str, permission: str, resource: Resource | None, scope: str, graph: Graph
) -> Answer:
    """Say whether a condition lets some request with a permission through, from now on.

    None asks about everything of its kind in the project that the condition does not name.
    """
    if not condition:
        return YES
    named = resource.id if resource is not None else ""
    return graph.memo(
        ("gcp condition", condition, permission, scope, named),
        lambda: _counts(condition, permission, resource, scope, graph),
    )


def _counts(
    condition: str, permission: str, resource: Resource | None, scope: str, graph: Graph
) -> Answer:
    home = home_of(resource, graph) if resource is not None else None
    project = Project(id=scope.partition("/")[2], number=home.number if home else "")
    names = _names(resource, project.number) if resource is not None else ()
    return is_possible(condition, class_of(permission, names, project), graph.clock)


def _names(resource: Resource, number: str) -> tuple[str | Open, ...]:
    """Give the names under which conditions may see a resource."""
    if "‹" in resource.name:
        return (Open(resource.name),)
    if resource.type == "gcp.storage.bucket":
        return (f"projects/_/buckets/{resource.name}",)
    service, _, path = resource.identity.removeprefix("//").partition("/")
    if resource.type == _ACCOUNT:
        unique = property_value(resource, "unique_id")
        known = unique.value if isinstance(unique, Known) else ""
        by_id = f"projects/-/serviceAccounts/{known}" if known else Open("its unique id")
        return (f"projects/-/serviceAccounts/{resource.name}", path, by_id)
    if service in _NUMBERED:
        below = "/".join(path.split("/")[2:])
        return (f"projects/{number}/{below}",) if number else (path, Open("the project's number"))
    if is_code(resource.scope):
        return (path, Open("its name once it is applied"))
    return (path,)
