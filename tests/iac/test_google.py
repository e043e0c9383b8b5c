"""Google's code: accounts are known by e-mail, and what a project grants counts for them."""

from __future__ import annotations

import pytest

from mlsec.collect.code.code_file import Language
from mlsec.core.resource import Resource
from mlsec.graph.build import build_graph
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.graph import Graph
from mlsec.graph.ternary import NO, YES
from mlsec.providers.gcp.facts.members import home_of, is_external
from mlsec.targets.facts import FACTS
from tests.iac.reading import VOCABULARY, inventory_of, scope_of

ACCOUNT = 'resource "google_service_account" "a" {\n  account_id = "serve"\n}\n'
GRANT = (
    'resource "google_project_iam_member" "g" {{\n  project = "shop"\n  role = "{}"\n'
    "  member = {}\n}}\n"
)
BUCKET = 'resource "google_storage_bucket" "b" {\n  name = "models"\n  location = "EU"\n}\n'
MEMBER = (
    'resource "google_storage_bucket_iam_member" "m" {{\n  bucket = "models"\n'
    '  role = "roles/storage.objectViewer"\n  member = "{}"\n}}\n'
)


def graph_of(text: str) -> Graph:
    return build_graph(
        VOCABULARY, inventory_of(scope_of({"main.tf": text}, Language.TERRAFORM)), FACTS
    )


def one(graph: Graph, type_name: str) -> Resource:
    (found,) = graph.of_type(type_name)
    return found


def told(graph: Graph, type_name: str, name: str) -> object:
    held = property_value(one(graph, type_name), name)
    return held.value if isinstance(held, Known) else "unread"


@pytest.mark.parametrize(
    ("around", "email"),
    [
        ("", "serve@project.iam.gserviceaccount.com"),
        ('provider "google" {\n  project = "shop"\n}\n', "serve@shop.iam.gserviceaccount.com"),
        (
            'variable "p" {}\nprovider "google" {\n  project = var.p\n}\n',
            "serve@‹var.p›.iam.gserviceaccount.com",
        ),
    ],
)
def test_an_account_is_called_by_its_email(around: str, email: str) -> None:
    graph = graph_of(around + ACCOUNT)
    assert one(graph, "gcp.iam.service_account").name == email


def test_what_runs_as_an_account_is_joined_to_it() -> None:
    runs = (
        'resource "google_workbench_instance" "n" {\n  name = "n"\n  location = "a"\n'
        "  gce_setup {\n    service_accounts {\n      email = google_service_account.a.email\n"
        "    }\n  }\n}\n"
    )
    graph = graph_of(ACCOUNT + runs)
    (role,) = graph.targets(one(graph, "gcp.workbench.instance"), "role").resources
    assert role is one(graph, "gcp.iam.service_account")


@pytest.mark.parametrize(
    "member",
    [
        '"serviceAccount:${google_service_account.a.email}"',
        "google_service_account.a.member",
        '"serviceAccount:serve@project.iam.gserviceaccount.com"',
    ],
)
def test_an_account_that_is_made_owner_of_the_project_is_an_administrator(member: str) -> None:
    graph = graph_of(ACCOUNT + GRANT.format("roles/owner", member))
    assert told(graph, "gcp.iam.service_account", "has_basic_role") is True


def test_an_account_of_which_no_grant_is_seen_may_have_one_elsewhere() -> None:
    grant = GRANT.format("roles/owner", '"user:somebody@example.com"')
    assert told(graph_of(ACCOUNT), "gcp.iam.service_account", "has_basic_role") == "unread"
    assert told(graph_of(ACCOUNT + grant), "gcp.iam.service_account", "has_basic_role") == "unread"


def test_a_policy_of_the_project_is_read_out_of_its_data_source() -> None:
    policy = (
        'data "google_iam_policy" "p" {\n  binding {\n    role = "roles/editor"\n'
        "    members = [google_service_account.a.member]\n  }\n}\n"
        'resource "google_project_iam_policy" "p" {\n  project = "shop"\n'
        "  policy_data = data.google_iam_policy.p.policy_data\n}\n"
    )
    graph = graph_of(ACCOUNT + policy)
    assert told(graph, "gcp.iam.service_account", "has_basic_role") is True


AROUND = 'provider "google" {\n  project = "shop"\n}\n' + ACCOUNT + BUCKET


@pytest.mark.parametrize("member", ["allUsers", "allAuthenticatedUsers"])
def test_a_bucket_that_is_open_to_everybody_is_public(member: str) -> None:
    graph = graph_of(AROUND + MEMBER.format(member))
    assert told(graph, "gcp.storage.bucket", "is_public_read") is True
    kept = BUCKET.replace("location", 'public_access_prevention = "enforced"\n  location')
    graph = graph_of(ACCOUNT + kept + MEMBER.format(member))
    assert told(graph, "gcp.storage.bucket", "is_public_read") is False


@pytest.mark.parametrize(
    ("member", "outside"),
    [
        ("user:somebody@gmail.com", YES),
        ("serviceAccount:serve@shop.iam.gserviceaccount.com", NO),
        ("serviceAccount:other@shop.iam.gserviceaccount.com", None),
        ("serviceAccount:shop.svc.id.goog[ml/serve]", None),
        ("projectEditor:shop", None),
    ],
)
def test_who_is_outside_is_said_only_where_the_project_is_not_needed_for_it(
    member: str, outside: object
) -> None:
    graph = graph_of(AROUND)
    home = home_of(one(graph, "gcp.storage.bucket"), graph)
    answer = is_external(member, home)
    assert (answer if answer in (YES, NO) else None) == outside


def test_a_key_of_an_account_is_seen() -> None:
    key = 'resource "google_service_account_key" "k" {\n  service_account_id = "serve"\n}\n'
    of_account = key.replace('"serve"', "google_service_account.a.name")
    assert told(graph_of(ACCOUNT), "gcp.iam.service_account", "keys") == []
    graph = graph_of(ACCOUNT + of_account)
    held = property_value(one(graph, "gcp.iam.service_account"), "keys")
    assert not isinstance(held, Unknown)
    assert [each["origin"] for each in held.value] == ["GOOGLE_PROVIDED"]


ARMOR = (
    'resource "google_model_armor_template" "t" {\n  template_id = "t"\n  location = "eu"\n'
    "  filter_config {\n    pi_and_jailbreak_filter_settings {\n"
    '      filter_enforcement = "ENABLED"\n    }\n  }\n}\n'
)
FLOOR = (
    'resource "google_model_armor_floorsetting" "f" {\n  location = "global"\n'
    '  parent = "projects/p"\n  enable_floor_setting_enforcement = true\n}\n'
)
RUNTIME = (
    'resource "google_colab_runtime_template" "t" {\n  display_name = "t"\n  location = "a"\n'
    "  network_spec {\n    enable_internet_access = true\n  }\n}\n"
)
STORE = (
    'resource "google_discovery_engine_data_store" "s" {\n  data_store_id = "s"\n'
    '  location = "eu"\n  content_config = "CONTENT_REQUIRED"\n}\n'
)
KEY = (
    'resource "google_apikeys_key" "k" {\n  name = "k"\n  restrictions {\n    api_targets {\n'
    '      service = "generativelanguage.googleapis.com"\n    }\n  }\n}\n'
)
SINK = (
    'resource "google_logging_project_sink" "s" {\n  name = "s"\n'
    '  destination = "storage.googleapis.com/audit"\n}\n'
)
PROVIDER = (
    'resource "google_iam_workload_identity_pool_provider" "p" {\n'
    '  workload_identity_pool_id = "x"\n  workload_identity_pool_provider_id = "gh"\n'
    '  oidc {\n    issuer_uri = "https://token.actions.githubusercontent.com"\n  }\n}\n'
)


@pytest.mark.parametrize(
    ("text", "type_name", "expected"),
    [
        (ARMOR, "modelarmor.template", {"injection": "ENABLED", "malicious_urls": "DISABLED"}),
        (FLOOR, "modelarmor.floor", {"is_enforced": True, "blocks": False}),
        (RUNTIME, "vertex.runtime_template", {"internet": True, "has_customer_key": False}),
        (STORE, "search.data_store", {"content": "CONTENT_REQUIRED"}),
        (KEY, "apikeys.key", {"is_for_gemini": True, "client_limit": None}),
        (SINK, "logging.sink", {"bucket_name": "audit", "disabled": False}),
        (PROVIDER, "iam.identity_provider", {"condition": None, "is_shared_issuer": True}),
    ],
)
def test_what_guards_and_opens_a_project_is_read(
    text: str, type_name: str, expected: dict[str, object]
) -> None:
    found = one(graph_of(text), f"gcp.{type_name}").properties
    assert {name: found.get(name, "unread") for name in expected} == expected


def test_an_alert_policy_is_read_with_what_it_watches() -> None:
    text = (
        'resource "google_monitoring_alert_policy" "a" {\n  display_name = "a"\n'
        '  combiner = "OR"\n  conditions {\n    display_name = "errors"\n'
        '    condition_threshold {\n      filter = "aiplatform.googleapis.com/x > 0"\n'
        "    }\n  }\n}\n"
    )
    policy = one(graph_of(text), "gcp.monitoring.alert_policy")
    assert policy.properties["enabled"] is True
    assert policy.properties["watches_models"] is True


NOTEBOOK = (
    'resource "google_notebooks_instance" "n" {{\n  name = "n"\n  location = "a"\n{}}}\n'
    'resource "google_notebooks_instance_iam_member" "m" {{\n  instance_name = "n"\n'
    '  role = "roles/notebooks.admin"\n  member = "allUsers"\n}}\n'
)


def test_a_notebook_of_the_older_api_is_read_as_a_workbench_instance() -> None:
    inside = (
        "  no_public_ip = true\n  metadata = {\n    notebook-disable-root = true\n  }\n"
        '  service_account = "x@p.iam.gserviceaccount.com"\n'
    )
    bare = one(graph_of(NOTEBOOK.format("")), "gcp.workbench.instance")
    told = one(graph_of(NOTEBOOK.format(inside)), "gcp.workbench.instance")
    names = ("public_address_off", "root_off", "service_account")
    assert [told.properties[name] for name in names] == [True, True, "x@p.iam.gserviceaccount.com"]
    assert [bare.properties.get(name) for name in names] == [False, False, None]
    assert {"service_account", "secure_boot", "idle_seconds"} <= bare.unread.keys()
    assert [each["member"] for each in bare.properties["grants"]] == ["allUsers"]


def test_a_grant_with_a_condition_is_told_from_one_without() -> None:
    condition = '  condition {\n    title = "t"\n    expression = "request.time < x"\n  }\n'
    for inside, is_conditional in ((condition, True), ("", False)):
        member = MEMBER.format("allUsers").replace('"allUsers"\n', f'"allUsers"\n{inside}')
        graph = graph_of(BUCKET + member)
        (grant,) = one(graph, "gcp.storage.bucket").properties["bindings"]
        assert (grant["condition"] is not None) == is_conditional


def test_token_creator_of_the_one_account_that_owns_the_project_escalates_in_code() -> None:
    owner = ACCOUNT.replace('"a"', '"o"').replace("serve", "owner")
    owned = GRANT.format("roles/owner", "google_service_account.o.member")
    made = (
        'resource "google_service_account_iam_member" "t" {\n'
        "  service_account_id = google_service_account.o.name\n"
        '  role = "roles/iam.serviceAccountTokenCreator"\n'
        "  member = google_service_account.a.member\n}\n"
    )
    graph = graph_of(
        'provider "google" {\n  project = "shop"\n}\n' + ACCOUNT + owner + owned + made
    )
    (me,) = [each for each in graph.of_type("gcp.iam.service_account") if "serve" in each.name]
    assert (me.properties["can_escalate"], me.properties["is_known_admin"]) == (True, False)


def test_grant_of_code_that_ended_or_names_another_bucket_opens_nothing_by_itself() -> None:
    member = (
        'user:somebody@gmail.com"\n  condition {{\n    title = "t"\n    expression = "{}"\n  }}#'
    )
    named = "resource.name.startsWith('projects/_/buckets/{}/')"
    ended = "request.time < timestamp('2020-01-01T00:00:00Z')"
    told_of = {
        text: told(
            graph_of(AROUND + MEMBER.replace("objectViewer", "admin").format(member.format(text))),
            "gcp.storage.bucket", "has_external_writers",
        )
        for text in (named.format("models"), named.format("model"), ended)
    }  # fmt: skip
    # What is granted outside of the code stays open.
    assert list(told_of.values()) == [True, "unread", "unread"]
