"""A Google project in a few lines: nodes, roles, accounts and buckets for tests of the graph."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

from mlsec.core.coverage import TypeCoverage, coverage_of
from mlsec.core.resource import Inventory, Resource
from mlsec.graph.build import build_graph
from mlsec.graph.graph import Graph
from mlsec.targets.facts import FACTS
from mlsec.vocabulary.types import Vocabulary
from tests.shipped import shipped_vocabulary

SCOPE, PROJECT, NUMBER = "gcp/shop", "shop", "111222333444"
ROLES: Mapping[str, tuple[str, ...]] = {
    "roles/owner": ("resourcemanager.projects.setIamPolicy",),
    "roles/editor": ("iam.serviceAccounts.actAs", "run.services.create"),
    "roles/storage.objectViewer": ("storage.objects.get",),
    "roles/storage.objectCreator": ("storage.objects.create",),
    "roles/secretmanager.secretAccessor": ("secretmanager.versions.access",),
    "roles/run.invoker": ("run.routes.invoke",),
    "roles/aiplatform.user": ("aiplatform.endpoints.predict",),
    "roles/iam.serviceAccountUser": ("iam.serviceAccounts.actAs",),
}


@functools.cache
def vocabulary() -> Vocabulary:
    """Load the shipped vocabulary once."""
    return shipped_vocabulary()


def bind(role: str, *members: str, condition: str | None = None) -> dict[str, Any]:
    """Make a binding as the vocabulary has it."""
    return {"role": role, "members": list(members), "condition": condition}


def thing(type_name: str, name: str, unread: Mapping[str, tuple[str, ...]] | None = None,
          **properties: Any) -> Resource:  # fmt: skip
    """Make a resource of the project."""
    return Resource(
        id=f"//{type_name}/{name}",
        type=type_name,
        provider="gcp",
        scope=SCOPE,
        region="",
        name=name,
        properties=properties,
        unread=unread or {},
    )


def account(name: str, **properties: Any) -> Resource:
    """Make a service account of the project."""
    email = name if "@" in name else f"{name}@{PROJECT}.iam.gserviceaccount.com"
    held = {"email": email, "groups": [], "keys": [], "bindings": [], "is_default": False}
    return thing("gcp.iam.service_account", email, **{**held, **properties})


def bucket(name: str, *bindings: dict[str, Any], **properties: Any) -> Resource:
    """Make a bucket with uniform access and nothing that prevents it from being public."""
    held = {
        "bindings": list(bindings), "public_access_prevention": "inherited",
        "uniform_access": True, "acl": [], "default_acl": [], "ip_filter": "Disabled",
        "ip_ranges": [], "log_bucket_name": None, "key_name": None,
    }  # fmt: skip
    return thing("gcp.storage.bucket", name, **{**held, **properties})


def node(kind: str, name: str, *bindings: dict[str, Any], **properties: Any) -> Resource:
    """Make a node of the hierarchy."""
    held: dict[str, Any] = {
        "kind": kind,
        "bindings": list(bindings),
        "audit_configs": [],
        "domain": None,
    }
    return thing("gcp.resourcemanager.node", name, **{**held, **properties})


def graph_of(
    *resources: Resource, hidden: Iterable[str] = (), has_organisation: bool = True
) -> Graph:
    """Build the graph of a project; a listing in ``hidden`` was refused."""
    given = {resource.type for resource in resources}
    base = [] if "gcp.project" in given else [thing("gcp.project", PROJECT, number=NUMBER)]
    if not any(r.type == "gcp.resourcemanager.node" for r in resources):
        base.append(node("project", PROJECT))
    if has_organisation:
        base.append(node("organization", "987", domain="shop.example"))
    roles = [
        thing("gcp.iam.role", name, permissions=list(permissions))
        for name, permissions in ROLES.items()
    ]
    all_of_it = (*base, *roles, *resources)
    coverage = [
        TypeCoverage(
            type=name,
            scope=scope,
            region="",
            is_complete=name not in hidden,
            gaps=("refused",) if name in hidden else (),
        )
        for scope in sorted({SCOPE, *(resource.scope for resource in resources)})
        for name in sorted({*vocabulary().types, *given})
        if name.startswith("gcp.")
    ]
    return build_graph(
        vocabulary(), Inventory(resources=all_of_it, coverage=coverage_of(coverage), gaps=()), FACTS
    )


def fact(graph: Graph, resource: Resource, name: str) -> Any:
    """Give a derived property, or "unread"."""
    found = graph.resources[resource.id]
    return "unread" if name in found.unread else found.properties[name]
