"""Who from outside gets at a Google resource, member by member and condition by condition."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.providers.gcp.facts.gcp import (
    NUMBER,
    PROJECT,
    bind,
    bucket,
    fact,
    graph_of,
    node,
    thing,
)

_POOLS = "principalSet://iam.googleapis.com/projects"
_CREATOR, _VIEWER = "roles/storage.objectCreator", "roles/storage.objectViewer"


@pytest.mark.parametrize(
    ("member", "is_external"),
    [
        ("allUsers", True),
        ("allAuthenticatedUsers", True),
        (f"serviceAccount:train@{PROJECT}.iam.gserviceaccount.com", False),
        ("serviceAccount:ci@partner.iam.gserviceaccount.com", "unread"),
        (f"serviceAccount:{NUMBER}-compute@developer.gserviceaccount.com", False),
        ("serviceAccount:999-compute@developer.gserviceaccount.com", "unread"),
        (f"serviceAccount:service-{NUMBER}@gcp-sa-aiplatform.iam.gserviceaccount.com", False),
        ("serviceAccount:service-999@gcp-sa-aiplatform.iam.gserviceaccount.com", "unread"),
        ("serviceAccount:service-org-987@gcp-sa-logging.iam.gserviceaccount.com", False),
        ("serviceAccount:service-org-555@gcp-sa-logging.iam.gserviceaccount.com", True),
        (f"serviceAccount:{PROJECT}@appspot.gserviceaccount.com", False),
        (f"serviceAccount:{PROJECT}.svc.id.goog[serving/vllm]", False),
        ("serviceAccount:partner.svc.id.goog[serving/vllm]", "unread"),
        ("serviceAccount:x@old.example.com.iam.gserviceaccount.com", "unread"),
        ("serviceAccount:cloud-logs@system.gserviceaccount.com", "unread"),
        ("user:ada@shop.example", False),
        ("user:ada@SHOP.example", False),
        ("user:someone@gmail.com", True),
        ("user:ada@other.example", "unread"),
        ("group:all@shop.example", False),
        ("group:all@other.example", "unread"),
        ("domain:shop.example", False),
        ("domain:other.example", "unread"),
        (f"projectEditor:{PROJECT}", False),
        ("projectEditor:partner", "unread"),
        ("deleted:serviceAccount:ci@partner.iam.gserviceaccount.com?uid=1", False),
        (f"{_POOLS}/{PROJECT}/locations/global/workloadIdentityPools/ci/*", False),
        (f"{_POOLS}/999/locations/global/workloadIdentityPools/ci/*", "unread"),
        ("principalSet://cloudresourcemanager.googleapis.com/organizations/987", False),
        ("principalSet://cloudresourcemanager.googleapis.com/organizations/555", True),
        ("principal://iam.googleapis.com/locations/global/workforcePools/w/subject/s", "unread"),
    ],
)
def test_member_is_told_from_outside_or_left_open(member: str, is_external: Any) -> None:
    found = bucket("b", bind(_CREATOR, member))
    assert fact(graph_of(found), found, "has_external_writers") == is_external


@pytest.mark.parametrize(
    ("organisation", "number", "member", "is_external"),
    [
        ("987", "999", "serviceAccount:ci@partner.iam.gserviceaccount.com", False),
        ("987", "999", "serviceAccount:999-compute@developer.gserviceaccount.com", False),
        ("555", "999", "serviceAccount:ci@partner.iam.gserviceaccount.com", True),
        ("555", "999", "serviceAccount:999-compute@developer.gserviceaccount.com", True),
        ("555", "999", "serviceAccount:ci@third.iam.gserviceaccount.com", "unread"),
    ],
)
def test_account_of_a_project_that_was_read_is_outside_only_of_another_organisation(
    organisation: str, number: str, member: str, is_external: Any
) -> None:
    found = bucket("b", bind(_CREATOR, member))
    others = [
        thing("gcp.project", "partner", number=number),
        node("organization", organisation, domain="partner.example"),
    ]
    moved = [msgspec.structs.replace(o, id=o.id + "/2", scope="gcp/partner") for o in others]
    own = [thing("gcp.project", PROJECT, number=NUMBER), node("project", PROJECT)]
    graph = graph_of(found, *own, *moved)
    assert fact(graph, found, "has_external_writers") == is_external


def test_account_of_another_project_is_outside_of_a_project_without_an_organisation() -> None:
    found = bucket("b", bind(_CREATOR, "serviceAccount:ci@partner.iam.gserviceaccount.com"))
    graph = graph_of(found, node("project", PROJECT), has_organisation=False)
    assert fact(graph, found, "has_external_writers") is True


def test_role_decides_what_a_member_may_do() -> None:
    found = bucket("b", bind(_VIEWER, "user:someone@gmail.com"))
    graph = graph_of(found)
    assert fact(graph, found, "external_writers") == []
    assert fact(graph, found, "external_readers") == ["user:someone@gmail.com"]


def test_role_that_was_not_read_leaves_the_answer_open() -> None:
    found = bucket("b", bind("roles/brand.new", "allUsers"))
    assert fact(graph_of(found), found, "is_public") == "unread"


@pytest.mark.parametrize(
    ("condition", "is_open"),
    [
        ('resource.name.startsWith("projects/_/buckets/b/objects/drop/")', True),
        ('resource.name.startsWith("projects/_/buckets/other/")', False),
        ('resource.type == "storage.googleapis.com/Object"', True),
        ('request.time < timestamp("2999-01-01T00:00:00Z")', True),
        ('request.time < timestamp("2020-01-01T00:00:00Z")', False),
        ('resource.matchTag("1/env", "test")', "unread"),
        (
            'resource.name.startsWith("projects/_/buckets/c/") && request.time < timestamp("x")',
            False,
        ),
        ('resource.name.startsWith("a") || resource.name.startsWith("b")', False),
    ],
)
def test_condition_counts_as_far_as_it_is_understood(condition: str, is_open: Any) -> None:
    member = "user:someone@gmail.com"
    found = bucket("b", bind(_CREATOR, member, condition=condition))
    assert fact(graph_of(found), found, "has_external_writers") == is_open


def test_grant_on_the_folder_above_counts_for_the_bucket() -> None:
    found = bucket("b")
    above = node("folder", "42", bind(_CREATOR, "user:someone@gmail.com"))
    graph = graph_of(found, node("project", PROJECT), above)
    assert fact(graph, found, "external_writers") == ["user:someone@gmail.com"]


def test_policy_above_that_was_not_read_leaves_a_closed_bucket_open() -> None:
    found = bucket("b")
    above = thing("gcp.resourcemanager.node", "42", {"bindings": ("denied",)}, kind="folder")
    assert fact(graph_of(found, above), found, "has_external_writers") == "unread"


def test_owner_of_a_project_without_organisation_is_no_outsider() -> None:
    found = bucket("b", bind(_CREATOR, "user:me@gmail.com"))
    own = node("project", PROJECT, bind("roles/owner", "user:me@gmail.com"))
    alone = graph_of(found, own, has_organisation=False)
    assert fact(alone, found, "has_external_writers") is False
    assert fact(graph_of(found, own), found, "has_external_writers") is True


@pytest.mark.parametrize(
    ("changes", "is_public"),
    [
        ({}, True),
        ({"public_access_prevention": "enforced"}, False),
        ({"ip_filter": "Enabled", "ip_ranges": ["203.0.113.0/24"]}, False),
        ({"ip_filter": "Enabled", "ip_ranges": ["0.0.0.0/0"]}, True),
    ],
)
def test_what_keeps_the_public_out(changes: dict[str, Any], is_public: bool) -> None:
    found = bucket("b", bind(_VIEWER, "allUsers"), **changes)
    assert fact(graph_of(found), found, "is_public_read") is is_public


def test_organisation_policy_prevents_public_access() -> None:
    found = bucket("b", bind(_VIEWER, "allUsers"))
    policy = thing(
        "gcp.orgpolicy.policy", "p", constraint="storage.publicAccessPrevention",
        scope="organization/987", inherits=False, resets=False,
        rules=[{"enforced": True, "condition": None}],
    )  # fmt: skip
    graph = graph_of(found, policy)
    assert fact(graph, found, "is_public_read") is False
    assert fact(graph, found, "blocks_public_access") is True


def test_policies_of_the_organisation_that_were_refused_leave_public_access_open() -> None:
    found = bucket("b", bind(_VIEWER, "allUsers"))
    graph = graph_of(found, hidden=["gcp.orgpolicy.policy"])
    assert fact(graph, found, "is_public_read") == "unread"


@pytest.mark.parametrize(
    ("entity", "is_read"),
    [
        ("allUsers", True),
        ("user-someone@gmail.com", True),
        ("user-ci@partner.iam.gserviceaccount.com", "unread"),
        # The bucket's list lets nobody in from outside; those of its objects are not read.
        (f"project-owners-{NUMBER}", "unread"),
    ],
)
def test_access_list_counts_only_without_uniform_access(entity: str, is_read: object) -> None:
    acl = [{"entity": entity, "role": "READER"}]
    loose, strict = bucket("a", uniform_access=False, acl=acl), bucket("b", acl=acl)
    graph = graph_of(loose, strict)
    assert fact(graph, loose, "has_external_readers") == is_read
    assert fact(graph, strict, "has_external_readers") is False


def test_ring_lets_in_who_may_use_every_key_in_it() -> None:
    member = bind("roles/owner", "user:someone@gmail.com")
    ring = thing("gcp.kms.key_ring", "r", bindings=[member])
    held = {"bindings": [], "ring_name": ring.id, "state": "ENABLED", "purpose": "ENCRYPT_DECRYPT"}
    key = thing("gcp.kms.key", "k", **held)
    role = thing("gcp.iam.custom_role", "roles/uses", permissions=["cloudkms.cryptoKeys.list"])
    decrypts = thing(
        "gcp.iam.custom_role", "projects/shop/roles/d",
        permissions=["cloudkms.cryptoKeyVersions.useToDecrypt"],
    )  # fmt: skip
    given = bind("projects/shop/roles/d", "user:someone@gmail.com")
    open_ring = thing("gcp.kms.key_ring", "r", bindings=[given])
    assert fact(graph_of(ring, key, role), key, "has_external_users") is False
    assert fact(graph_of(open_ring, key, decrypts), key, "has_external_users") is True


@pytest.mark.parametrize(
    ("state", "purpose", "is_usable"),
    [
        ("ENABLED", "ENCRYPT_DECRYPT", True),
        ("DISABLED", "ENCRYPT_DECRYPT", False),
        ("DESTROY_SCHEDULED", "ENCRYPT_DECRYPT", False),
        ("NONE", "ENCRYPT_DECRYPT", False),
        ("NONE", "ASYMMETRIC_SIGN", True),
    ],
)
def test_key_works_while_its_primary_version_is_enabled(
    state: str, purpose: str, is_usable: bool
) -> None:
    key = thing("gcp.kms.key", "k", state=state, purpose=purpose, bindings=[], ring_name="//r")
    assert fact(graph_of(key), key, "is_usable") is is_usable


@pytest.mark.parametrize(
    ("level", "admins"), [("folder", ["user:someone@gmail.com"]), ("project", [])]
)
def test_outsider_who_may_change_the_policy_of_the_folder_administers_the_project(
    level: str, admins: list[str]
) -> None:
    role = thing(
        "gcp.iam.role", "roles/folders", permissions=["resourcemanager.folders.setIamPolicy"]
    )
    names = {"project": PROJECT, "folder": "42"}
    given = bind("roles/folders", "user:someone@gmail.com")
    nodes = [node(kind, name, *([given] if kind == level else [])) for kind, name in names.items()]
    project = thing("gcp.project", PROJECT, number=NUMBER)
    assert fact(graph_of(project, *nodes, role), project, "external_admins") == admins
