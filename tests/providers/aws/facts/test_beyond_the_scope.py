"""Who stands in another subscription or project, or is not said to: found, or unknown."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.core.coverage import TypeCoverage, coverage_of
from mlsec.core.resource import Inventory, Resource
from mlsec.graph.build import build_graph
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.graph import Graph
from mlsec.targets.facts import FACTS
from tests.shipped import shipped_vocabulary

VOCABULARY = shipped_vocabulary()
DATA, WORK = "azure/data", "azure/work"
ACCOUNT = "/subscriptions/data/resourcegroups/g/providers/microsoft.storage/storageaccounts/s"
CONTAINER = f"{ACCOUNT}/blobservices/default/containers/models"
WRITE = "microsoft.storage/storageaccounts/blobservices/containers/blobs/write"


def thing(kind: str, id_: str, scope: str, name: str = "", **properties: Any) -> Resource:
    return Resource(
        id=id_, type=kind, provider=scope.partition("/")[0], scope=scope, region="",
        name=name or id_.rpartition("/")[2], properties=properties,
    )  # fmt: skip


def joined(*given: Resource) -> Graph:
    """Join them; every listing was read to its end."""
    scopes = {each.scope for each in given}
    rows = tuple(
        TypeCoverage(type=kind, scope=scope, region="") for kind in VOCABULARY.types
        for scope in scopes
        if kind.startswith(scope.partition("/")[0])
    )  # fmt: skip
    return build_graph(VOCABULARY, Inventory(resources=given, coverage=coverage_of(rows)), FACTS)


def azure(*given: Resource) -> Graph:
    """One container in one subscription, an identity in another, a role that writes blobs."""
    return joined(
        thing("azure.storage.account", ACCOUNT, DATA, allows_shared_key=False, replications=[]),
        thing("azure.storage.container", CONTAINER, DATA, account_id=ACCOUNT, public_access="None"),
        thing("azure.identity.managed_identity", "/i", WORK, principal_id="p", assignments=[]),
        thing("azure.identity.role_definition", "/r", DATA, role="writer",
              permissions=[{"data_actions": [WRITE]}]),
        *given,
    )  # fmt: skip


def given_to(principal: str, kind: str | None, role: str = "writer") -> Resource:
    return thing(
        "azure.identity.role_assignment", f"/a/{principal}", DATA, granted_at="/subscriptions/data",
        role=role, principal_id=principal, principal_type=kind, condition=None,
    )  # fmt: skip


def test_identity_of_another_subscription_that_may_write_is_a_writer() -> None:
    graph = azure(given_to("p", "ServicePrincipal"))
    writers = graph.targets(graph.resources[CONTAINER], "writers")
    assert [each.id for each in writers.resources] == ["/i"]


def test_group_that_may_write_hides_whether_an_identity_elsewhere_may() -> None:
    graph = azure(given_to("g", "Group"))
    writers = graph.targets(graph.resources[CONTAINER], "writers")
    assert writers.resources == ()
    assert writers.gaps


def test_user_who_may_write_is_no_identity_elsewhere() -> None:
    writers = (graph := azure(given_to("u", "User"))).targets(graph.resources[CONTAINER], "writers")
    assert (writers.resources, writers.gaps) == ((), ())


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("User", False), ("ForeignGroup", True), (None, None), ("Unknown", None)],
)
def test_principal_of_an_unsaid_kind_may_be_an_outsider(
    kind: str | None, expected: bool | None
) -> None:
    held = property_value(azure(given_to("x", kind)).resources[CONTAINER], "has_external_writers")
    assert (held.value if isinstance(held, Known) else None) is expected


def test_delegation_that_does_not_say_to_whom_is_not_to_nobody() -> None:
    told = {"granted_at": "/subscriptions/data", "managing_tenant": "t"}
    graph = azure(thing("azure.identity.delegation", "/d", DATA, **told))
    held = property_value(graph.resources[CONTAINER], "has_external_writers")
    assert isinstance(held, Unknown)


def test_role_whose_permissions_were_not_said_may_allow_it() -> None:
    bare = thing("azure.identity.role_definition", "/r2", DATA, role="bare")
    graph = azure(bare, given_to("p", "ServicePrincipal", "bare"))
    assert graph.targets(graph.resources[CONTAINER], "writers").gaps


SERVICE = "/subscriptions/data/resourcegroups/g/providers/microsoft.apimanagement/service/a"


def test_api_that_may_lead_to_a_model_unasked_leaves_unknown_whether_all_ask() -> None:
    api = {"service_id": SERVICE, "policy": [], "backend_host": None}
    graph = joined(
        thing("azure.apim.service", SERVICE, DATA, policy=[]),
        thing("azure.cognitive.account", "/ai", DATA, hosts=["ai.example"]),
        thing("azure.apim.api", f"{SERVICE}/apis/asks", DATA,
              **{**api, "backend_host": "ai.example", "subscription_required": True}),
        Resource(id=f"{SERVICE}/apis/open", type="azure.apim.api", provider="azure", scope=DATA,
                 region="", properties={**api, "subscription_required": False},
                 unread={"backend_host": ("hidden",)}),
    )  # fmt: skip
    held = property_value(graph.resources[SERVICE], "requires_auth")
    assert isinstance(held, Unknown)


BUCKET = "//storage.googleapis.com/models"


def google(member: str, **bucket: Any) -> Graph:
    """A bucket in one project and a service account in another."""
    own = {"bindings": [{"role": "roles/w", "members": [member], "condition": None}]}
    return joined(
        thing("gcp.storage.bucket", BUCKET, "gcp/data", "models",
              **{"uniform_access": True, "acl": [], "default_acl": [], "ip_filter": "Disabled",
                 "public_access_prevention": "inherited", **own, **bucket}),
        thing("gcp.iam.service_account", "//iam/sa", "gcp/work", "sa@work.iam.gserviceaccount.com",
              groups=["ml@example.com"]),
        thing("gcp.iam.role", "//iam/roles/w", "gcp/data", "roles/w",
              permissions=["storage.objects.create"]),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ("serviceAccount:sa@work.iam.gserviceaccount.com", True),
        ("group:ml@example.com", True),
        ("group:others@example.com", False),
        ("serviceAccount:other@work.iam.gserviceaccount.com", False),
        ("projectOwner:", False),
    ],
)
def test_account_of_another_project_that_may_write_is_a_writer(member: str, expected: bool) -> None:
    graph = google(member)
    found = graph.targets(graph.resources[BUCKET], "writers").resources
    assert [each.id for each in found] == (["//iam/sa"] if expected else [])


def test_access_list_that_was_not_shown_does_not_keep_anybody_out() -> None:
    graph = google("user:a@gmail.com", uniform_access=False, bindings=[])
    held = property_value(graph.resources[BUCKET], "has_external_writers")
    assert isinstance(held, Unknown)


@pytest.mark.parametrize(("uniform", "expected"), [(True, False), (False, None)])
def test_objects_with_lists_of_their_own_may_be_read_by_anybody(
    uniform: bool, expected: bool | None
) -> None:
    owners = [{"entity": "project-owners-1", "role": "OWNER"}]
    graph = google("projectOwner:data", uniform_access=uniform, acl=owners)
    for name in ("is_public_read", "has_external_readers"):
        held = property_value(graph.resources[BUCKET], name)
        assert (held.value if isinstance(held, Known) else None) is expected
    assert property_value(graph.resources[BUCKET], "has_external_writers") == Known(value=False)


@pytest.mark.parametrize(
    ("scope_map", "expected"),
    [("_repositories_pull", False), ("_repositories_push", True), ("my-own", None)],
)
def test_scope_map_of_ones_own_may_let_a_token_push(scope_map: str, expected: bool | None) -> None:
    graph = joined(thing("azure.acr.token", "/t", DATA, scope_map=scope_map))
    held = property_value(graph.resources["/t"], "may_push")
    assert (held.value if isinstance(held, Known) else None) is expected
