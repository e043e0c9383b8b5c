"""What surrounds a Google project: constraints, perimeters, audit logs, doors, alerts, API keys."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.core.resource import Resource
from tests.providers.gcp.facts.gcp import (
    NUMBER,
    PROJECT,
    account,
    bind,
    fact,
    graph_of,
    node,
    thing,
)


def project_of(**properties: Any) -> Resource:
    return thing("gcp.project", PROJECT, number=NUMBER, **properties)


def policy(place: str, *rules: dict[str, Any], name: str = "iam.disableServiceAccountKeyCreation",
           inherits: bool = False, resets: bool = False) -> Resource:  # fmt: skip
    full = [{"condition": None, **rule} for rule in rules]
    return thing(
        "gcp.orgpolicy.policy", f"{place}/{name}", constraint=name, scope=place,
        inherits=inherits, resets=resets, rules=full,
    )  # fmt: skip


_ON, _OFF = {"enforced": True}, {"enforced": False}


@pytest.mark.parametrize(
    ("policies", "is_on"),
    [
        ([], False),
        ([policy("organization/987", _ON)], True),
        ([policy("project/shop", _OFF), policy("organization/987", _ON)], False),
        ([policy("folder/1", _ON), policy("organization/987", _OFF)], True),
        ([policy("folder/1", _ON), policy("folder/2", _OFF)], "unread"),
        ([policy("project/shop", _ON), policy("folder/1", _ON), policy("folder/2", _OFF)], True),
        ([policy("project/shop", resets=True), policy("organization/987", _ON)], False),
        ([policy("project/shop", {**_ON, "condition": "resource.matchTag('a', 'b')"})], "unread"),
        (
            [policy("project/shop", _OFF, {**_OFF, "condition": "resource.matchTag('a', 'b')"})],
            False,
        ),
    ],
)
def test_policy_nearest_to_the_project_decides(policies: list[Resource], is_on: Any) -> None:
    project = project_of()
    assert fact(graph_of(project, *policies), project, "forbids_account_keys") == is_on


def test_list_inherits_from_above_when_it_says_so() -> None:
    project, name = project_of(), "vertexai.allowedModels"
    above = policy("organization/987", {"allowed": ["a"]}, name=name)
    for inherits in (True, False):
        own = policy("project/shop", {"allows_all": True}, name=name, inherits=inherits)
        assert fact(graph_of(project, own, above), project, "limits_models") is inherits


@pytest.mark.parametrize(
    ("changes", "is_inside"),
    [
        ({}, True),
        ({"resources": [f"projects/{NUMBER}"]}, True),
        ({"resources": ["projects/other"]}, False),
        ({"services": ["storage.googleapis.com"]}, False),
        ({"kind": "PERIMETER_TYPE_BRIDGE"}, False),
    ],
)
def test_perimeter_protects_what_it_restricts_for_whom_it_holds(
    changes: dict[str, Any], is_inside: bool
) -> None:
    held = {
        "kind": "PERIMETER_TYPE_REGULAR",
        "resources": [f"projects/{PROJECT}"],
        "services": ["aiplatform.googleapis.com"],
    }
    project = project_of()
    graph = graph_of(project, thing("gcp.accesscontext.perimeter", "p", **{**held, **changes}))
    assert fact(graph, project, "in_ml_perimeter") is is_inside


def test_perimeters_that_were_refused_leave_it_open() -> None:
    project = project_of()
    graph = graph_of(project, hidden=["gcp.accesscontext.perimeter"])
    assert fact(graph, project, "in_ml_perimeter") == "unread"


def _audit(service: str, *kinds: str) -> dict[str, Any]:
    return {"service": service, "kinds": list(kinds), "exempted": []}


@pytest.mark.parametrize(
    ("above", "here", "is_audited"),
    [
        ([], [], False),
        ([], [_audit("aiplatform.googleapis.com", "DATA_READ", "DATA_WRITE")], True),
        ([_audit("allServices", "DATA_READ")], [_audit("allServices", "DATA_WRITE")], True),
        ([_audit("allServices", "DATA_READ")], [], False),
        ([_audit("storage.googleapis.com", "DATA_READ", "DATA_WRITE")], [], False),
    ],
)
def test_audit_logs_add_up_from_the_organisation_down(
    above: list[Any], here: list[Any], is_audited: bool
) -> None:
    project = project_of()
    nodes = (node("project", PROJECT, audit_configs=here), node("folder", "1", audit_configs=above))
    assert fact(graph_of(project, *nodes), project, "has_ml_audit_logs") is is_audited


def run_service(*bindings: dict[str, Any], **properties: Any) -> Resource:
    held = {
        "ingress": "INGRESS_TRAFFIC_ALL", "invoker_check_disabled": False, "identity_proxy": False,
        "account": account("web").name, "has_accelerator": False, "bindings": list(bindings),
    }  # fmt: skip
    return thing("gcp.run.service", "web", **{**held, **properties})


@pytest.mark.parametrize(
    ("bindings", "changes", "is_public"),
    [
        ([bind("roles/run.invoker", "allUsers")], {}, True),
        ([bind("roles/run.invoker", "user:ada@shop.example")], {}, False),
        ([bind("roles/storage.objectViewer", "allUsers")], {}, False),
        ([], {"invoker_check_disabled": True}, True),
        ([], {"invoker_check_disabled": True, "identity_proxy": True}, False),
        ([], {"invoker_check_disabled": True, "ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY"}, False),
        (
            [],
            {"invoker_check_disabled": True, "ingress": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"},
            "unread",
        ),
    ],
)
def test_service_is_public_when_requests_arrive_and_nobody_is_asked(
    bindings: list[Any], changes: dict[str, Any], is_public: Any
) -> None:
    service = run_service(*bindings, **changes)
    assert fact(graph_of(service, account("web")), service, "is_public") == is_public


def test_door_leads_to_the_endpoint_whose_policy_names_the_account() -> None:
    web = account("web")
    service = run_service(bind("roles/run.invoker", "allUsers"))
    grants = [
        {"role": "roles/aiplatform.user", "member": f"serviceAccount:{web.name}",
         "is_conditional": False}
    ]  # fmt: skip
    named = thing("gcp.vertex.endpoint", "named", grants=grants, deployed=[])
    other = thing("gcp.vertex.endpoint", "other", grants=[], deployed=[])
    graph = graph_of(service, web, named, other)
    reached = {
        each.name: [door.name for door in graph.targets(graph.resources[each.id], name).resources]
        for each, name in ((named, "public_entry_points"), (other, "public_entry_points"))
    }
    assert reached == {"named": ["web"], "other": []}
    assert [d["is_named"] for d in fact(graph, service, "ai_routes")] == [True]


def test_account_that_may_call_every_endpoint_is_held_against_none() -> None:
    web = account("web")
    above = node("project", PROJECT, bind("roles/aiplatform.user", f"serviceAccount:{web.name}"))
    service = run_service(bind("roles/run.invoker", "allUsers"))
    endpoint = thing("gcp.vertex.endpoint", "e", grants=[], deployed=[])
    graph = graph_of(service, web, endpoint, above)
    assert graph.targets(graph.resources[endpoint.id], "public_entry_points").resources == ()
    assert [d["is_named"] for d in fact(graph, service, "ai_routes")] == [False]


@pytest.mark.parametrize(
    ("apis", "is_on", "opens"),
    [
        ([], True, True),
        ([], False, False),
        (["translate.googleapis.com"], True, False),
        (["generativelanguage.googleapis.com"], False, True),
    ],
)
def test_key_opens_models_that_it_names_or_that_are_on(
    apis: list[str], is_on: bool, opens: bool
) -> None:
    named = "generativelanguage.googleapis.com" in apis
    key = thing("gcp.apikeys.key", "k", apis=apis, is_for_gemini=named, account=None)
    graph = graph_of(project_of(gemini_api_on=is_on), key)
    assert fact(graph, key, "allows_gemini") is opens


@pytest.mark.parametrize(
    ("changes", "is_ml"),
    [
        ({}, False),
        ({"has_accelerator": True}, True),
        ({"runs_ray": True}, True),
        ({"is_autopilot": True}, "unread"),
        ({"is_autopilot": True, "has_accelerator": True}, True),
    ],
)
def test_cluster_shows_that_it_runs_models_or_cannot_show_it(
    changes: dict[str, Any], is_ml: Any
) -> None:
    held = {"has_accelerator": False, "runs_ray": False, "is_autopilot": False}
    cluster = thing("gcp.gke.cluster", "c", **{**held, **changes})
    assert fact(graph_of(cluster), cluster, "runs_ml") == is_ml
