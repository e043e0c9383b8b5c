"""Google's code as a scan sees it: who gets in by identity pools, ACLs and idle accounts."""

from __future__ import annotations

import pytest

from mlsec.collect.code.code_file import Language
from mlsec.graph.build import build_graph
from mlsec.graph.fact import Known, property_value
from mlsec.graph.graph import Graph
from mlsec.targets.facts import FACTS
from tests.iac.reading import VOCABULARY, inventory_of, scope_of

ACCOUNT = 'resource "google_service_account" "a" {\n  account_id = "serve"\n}\n'
_ACCOUNTS = "gcp.iam.service_account"


def scanned(text: str) -> Graph:
    scope = scope_of({"main.tf": text}, Language.TERRAFORM)
    return build_graph(VOCABULARY, inventory_of(scope, as_scanned=True), FACTS)


def told(graph: Graph, type_name: str, name: str, of: str = "") -> object:
    (found,) = [r for r in graph.of_type(type_name) if r.id.endswith(of) and not r.is_stub]
    held = property_value(found, name)
    return held.value if isinstance(held, Known) else "unread"


def grant(name: str, role: str, account: str, on: str = "") -> str:
    """Grant a role to an account: on the project, or on another account."""
    kind = "google_service_account_iam_member" if on else "google_project_iam_member"
    place = f"service_account_id = google_service_account.{on}.name" if on else 'project = "shop"'
    return (
        f'resource "{kind}" "{name}" {{\n  {place}\n  role = "{role}"\n'
        f"  member = google_service_account.{account}.member\n}}\n"
    )


def account(name: str) -> str:
    return f'resource "google_service_account" "{name}" {{\n  account_id = "{name}"\n}}\n'


NOTEBOOK = (
    'resource "google_workbench_instance" "n" {\n  name = "n"\n  location = "a"\n'
    "  gce_setup {\n    service_accounts {\n      email = google_service_account.a.email\n"
    "    }\n  }\n}\n"
)
_TOKENS = "roles/iam.serviceAccountTokenCreator"


@pytest.mark.parametrize(
    ("grants", "escalates"),
    [
        (grant("t", _TOKENS, "a", on="boss") + grant("o", "roles/owner", "boss"), True),
        (
            account("middle")
            + grant("t", _TOKENS, "a", on="middle")
            + grant("u", _TOKENS, "middle", on="boss")
            + grant("o", "roles/owner", "boss"),
            True,
        ),
        (grant("t", _TOKENS, "a", on="boss") + grant("o", "roles/viewer", "boss"), "unread"),
        (grant("t", "roles/viewer", "a", on="boss") + grant("o", "roles/owner", "boss"), "unread"),
    ],
)
def test_account_that_nothing_runs_as_is_a_target_where_it_owns_the_project(
    grants: str, escalates: object
) -> None:
    graph = scanned(ACCOUNT + account("boss") + NOTEBOOK + grants)
    assert told(graph, _ACCOUNTS, "can_escalate", ".a") is escalates


def test_account_that_nothing_runs_as_is_not_judged_as_one_of_machine_learning() -> None:
    graph = scanned(ACCOUNT + account("boss") + NOTEBOOK + grant("o", "roles/owner", "boss"))
    assert told(graph, _ACCOUNTS, "runs_ml", ".a") is True
    assert told(graph, _ACCOUNTS, "runs_ml", ".boss") is False


POOL = (
    'resource "google_iam_workload_identity_pool" "p" {{\n  workload_identity_pool_id = "ci"\n}}\n'
    'resource "google_iam_workload_identity_pool_provider" "p" {{\n'
    "  workload_identity_pool_id = "
    "google_iam_workload_identity_pool.p.workload_identity_pool_id\n"
    '  workload_identity_pool_provider_id = "gh"\n  attribute_mapping = {{\n'
    '    "google.subject" = "assertion.sub"\n    "attribute.ref" = "assertion.ref"\n'
    '    "attribute.repository" = "assertion.repository"\n  }}\n'
    '  attribute_condition = "{condition}"\n'
    '  oidc {{\n    issuer_uri = "https://token.actions.githubusercontent.com"\n  }}\n}}\n'
    'resource "google_service_account_iam_member" "m" {{\n'
    '  service_account_id = google_service_account.a.name\n  role = "roles/iam.{role}"\n'
    '  member = "principalSet://iam.googleapis.com/'
    '${{google_iam_workload_identity_pool.p.name}}/{whom}"\n}}\n'
)
ANY_OWNER, OF_ACME = "assertion.ref == 'refs/heads/main'", "assertion.repository_owner == 'acme'"


@pytest.mark.parametrize(
    ("condition", "whom", "role", "expected"),
    [
        (ANY_OWNER, "*", "workloadIdentityUser", True),
        (ANY_OWNER, "attribute.ref/refs/heads/main", "serviceAccountTokenCreator", True),
        (ANY_OWNER, "attribute.repository/acme/x", "workloadIdentityUser", "unread"),
        (OF_ACME, "*", "workloadIdentityUser", "unread"),
    ],
)
def test_account_that_a_pool_may_use_is_open_where_the_pool_takes_tokens_of_other_owners(
    condition: str, whom: str, role: str, expected: object
) -> None:
    """What is not seen to be open may still be, by a grant outside the code."""
    graph = scanned(ACCOUNT + NOTEBOOK + POOL.format(condition=condition, whom=whom, role=role))
    assert told(graph, "gcp.iam.service_account", "has_external_impersonators") is expected
    admitted = told(graph, "gcp.iam.identity_provider", "admits_other_owners")
    assert admitted is (condition is ANY_OWNER)


def legacy(role: str) -> str:
    """Grant a role to Cloud Build's own account, whose number only an apply knows."""
    return (
        'data "google_project" "p" {}\nresource "google_project_iam_member" "legacy" {\n'
        f'  project = "shop"\n  role = "{role}"\n  member = '
        '"serviceAccount:${data.google_project.p.number}@cloudbuild.gserviceaccount.com"\n}\n'
    )


_BUILDS, _ACTS = "roles/cloudbuild.builds.editor", "roles/iam.serviceAccountUser"


@pytest.mark.parametrize(
    ("more", "escalates"),
    [
        (legacy("roles/cloudbuild.builds.builder"), True),
        (legacy("roles/logging.logWriter"), "unread"),
        ("", "unread"),
        (grant("o", "roles/owner", "boss") + grant("x", _ACTS, "a", on="boss"), True),
        (grant("o", "roles/owner", "boss"), "unread"),
    ],
)
def test_builder_gains_by_the_account_that_builds_run_as(more: str, escalates: object) -> None:
    text = ACCOUNT + account("boss") + NOTEBOOK + grant("b", _BUILDS, "a") + more
    assert told(scanned(text), _ACCOUNTS, "can_escalate", ".a") is escalates


DENY = (
    'resource "google_iam_deny_policy" "d" {{\n'
    '  parent = urlencode("cloudresourcemanager.googleapis.com/{parent}")\n  name = "d"\n'
    "  rules {{\n    deny_rule {{\n      denied_principals = [{denied}]\n"
    "      exception_principals = [{spared}]\n      denied_permissions = [\n"
    '        "iam.googleapis.com/serviceAccounts.*",\n      ]\n    }}\n  }}\n}}\n'
)
_EVERYBODY = '"principalSet://goog/public:all"'
_SELF = (
    '"principal://iam.googleapis.com/projects/-/serviceAccounts/${google_service_account.a.email}"'
)
_OF = '"principalSet://cloudresourcemanager.googleapis.com/projects/12{}"'


@pytest.mark.parametrize(
    ("parent", "denied", "spared", "expected"),
    [
        ("projects/shop", _EVERYBODY, "", False),
        ("projects/shop", _SELF, "", False),
        ("projects/shop", _EVERYBODY, _SELF, True),
        ("projects/shop", '"principal://goog/subject/eve@example.com"', "", True),
        ("projects/shop", _OF.format("/type/ServiceAgent"), "", True),
        ("projects/shop", _OF.format(""), "", "unread"),
        ("projects/shop", _EVERYBODY, _OF.format(""), "unread"),
        ("folders/42", _EVERYBODY, "", "unread"),
        ("projects/other", _EVERYBODY, "", "unread"),
    ],
)
def test_deny_policy_takes_a_right_away_from_those_whom_it_surely_means(
    parent: str, denied: str, spared: str, expected: object
) -> None:
    policy = DENY.format(parent=parent, denied=denied, spared=spared)
    text = 'provider "google" {\n  project = "shop"\n}\n' + ACCOUNT + NOTEBOOK
    graph = scanned(text + grant("t", _TOKENS, "a") + policy)
    assert told(graph, _ACCOUNTS, "can_mint_tokens") is expected


INDEXED = (
    'resource "google_storage_bucket" "b" {\n  name = "vectors"\n  location = "EU"\n}\n'
    'resource "google_vertex_ai_index" "i" {\n  region = "a"\n  display_name = "i"\n'
    '  metadata {\n    contents_delta_uri = "gs://${google_storage_bucket.b.name}/x"\n  }\n}\n'
)
UNIFORM = INDEXED.replace("location", "uniform_bucket_level_access = true\n  location", 1)


def acl(kind: str, body: str) -> str:
    return (
        f'resource "google_storage_{kind}" "x" {{\n'
        f"  bucket = google_storage_bucket.b.name\n  {body}\n}}\n"
    )


_EVERYBODY_WRITES = acl(
    "bucket_acl", 'role_entity = ["OWNER:user-a@example.com", "WRITER:allUsers"]'
)


@pytest.mark.parametrize(
    ("text", "reads", "writes"),
    [
        (INDEXED + _EVERYBODY_WRITES, True, True),
        (UNIFORM + _EVERYBODY_WRITES, "unread", "unread"),
        (INDEXED + acl("bucket_acl", 'predefined_acl = "publicReadWrite"'), True, True),
        (INDEXED + acl("bucket_acl", 'predefined_acl = "projectPrivate"'), "unread", "unread"),
        (
            INDEXED + acl("bucket_access_control", 'role = "READER"\n  entity = "allUsers"'),
            True,
            "unread",
        ),
        (
            INDEXED + acl("default_object_acl", 'role_entity = ["READER:allAuthenticatedUsers"]'),
            True,
            "unread",
        ),
        (
            INDEXED + acl("object_acl", 'object = "m"\n  predefined_acl = "publicRead"'),
            True,
            "unread",
        ),
        (
            INDEXED
            + acl(
                "object_access_control",
                'object = "m"\n  role = "READER"\n  entity = "user-a@gmail.com"',
            ),
            "unread",
            "unread",
        ),
    ],
)
def test_access_lists_of_a_bucket_of_vectors_count_where_access_is_not_uniform(
    text: str, reads: object, writes: object
) -> None:
    """Policies of the project may be declared elsewhere: what is not open is not known."""
    graph = scanned(text)
    assert told(graph, "gcp.storage.bucket", "is_public_read") is reads
    assert told(graph, "gcp.storage.bucket", "is_public_write") is writes


@pytest.mark.parametrize(
    ("kind", "place", "role", "is_admin"),
    [
        ("folder", 'folder = "folders/12"', "roles/resourcemanager.folderAdmin", True),
        ("folder", 'folder = "folders/12"', "roles/viewer", False),
        ("organization", 'org_id = "12"', "roles/resourcemanager.organizationAdmin", True),
        ("organization", 'org_id = "12"', "roles/browser", False),
    ],
)
def test_what_code_grants_above_the_project_counts_in_it(
    kind: str, place: str, role: str, is_admin: object
) -> None:
    above = (
        f'resource "google_{kind}_iam_member" "m" {{\n  {place}\n  role = "{role}"\n'
        "  member = google_service_account.a.member\n}\n"
    )
    assert told(scanned(ACCOUNT + NOTEBOOK + above), _ACCOUNTS, "is_admin") is is_admin
