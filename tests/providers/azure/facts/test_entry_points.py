"""Front doors on Azure: an API or an app that leads to an endpoint, and whether it asks."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.core.resource import Resource
from tests.providers.azure.facts.tenants import GROUP, given, graph_of, identity, role, thing

HOST = "churn.westeurope.inference.ml.azure.com"
ENDPOINT = f"{GROUP}/providers/microsoft.machinelearningservices/workspaces/w/onlineendpoints/churn"
GATEWAY = f"{GROUP}/providers/microsoft.apimanagement/service/gw"
CALLER = role("caller", actions=("Microsoft.MachineLearningServices/workspaces/*/score/action",))
CHECKS = {"inherits": True, "checks_token": True}


def endpoint() -> Resource:
    return thing("ml.online_endpoint", ENDPOINT, hosts=[HOST], principal_ids=[])


def gateway(**properties: Any) -> Resource:
    base = {"network": "None", "public_network": "Enabled", "policy": [], "principal_ids": []}
    return thing("apim.service", GATEWAY, **{**base, **properties})


def api(**properties: Any) -> Resource:
    base = {
        "service_id": GATEWAY, "subscription_required": False, "backend_host": HOST, "policy": [],
    }  # fmt: skip
    return thing("apim.api", f"{GATEWAY}/apis/chat", **{**base, **properties})


def app(**properties: Any) -> Resource:
    base = {
        "is_external": True, "allowed_addresses": [], "requires_credentials": False,
        "containers": [], "client_certificates": "ignore", "environment_id": "/e",
        "principal_ids": ["p1"],
    }  # fmt: skip
    return thing("containerapp.app", "/app", **{**base, **properties})


ENVIRONMENT = thing("containerapp.environment", "/e", is_internal=False, public_network=None)


def doors(*resources: Resource) -> tuple[list[str], object]:
    graph = graph_of(endpoint(), *resources)
    found = graph.resources[ENDPOINT]
    leading = [each.id for each in graph.targets(found, "entry_points").resources]
    return leading, found.properties.get("has_public_entry_point", "unread")


def test_api_with_the_endpoints_host_behind_it_is_a_door() -> None:
    assert doors(gateway(), api()) == ([GATEWAY], True)
    assert doors(gateway(), api(backend_host="churn.example.com")) == ([], False)


@pytest.mark.parametrize(
    "closed",
    [
        (gateway(), api(subscription_required=True)),
        (gateway(), api(policy=[CHECKS])),
        (gateway(policy=[CHECKS]), api()),
        (gateway(network="Internal"), api()),
        (gateway(public_network="Disabled"), api()),
    ],
)
def test_door_is_not_open_when_somebody_asks_or_nobody_reaches_it(
    closed: tuple[Resource, ...],
) -> None:
    assert doors(*closed) == ([GATEWAY], False)


def test_policy_that_drops_what_stands_above_it_asks_nobody() -> None:
    own = {"inherits": False, "checks_token": False}

    assert doors(gateway(policy=[CHECKS]), api(policy=[own])) == ([GATEWAY], True)


def test_backend_in_a_pool_leads_there_too() -> None:
    sends = {"inherits": True, "backends": ["pool"], "hosts": []}
    pool = thing(
        "apim.backend", f"{GATEWAY}/backends/pool", service_id=GATEWAY, backend="pool", host=None,
        pool_members=["one"],
    )  # fmt: skip
    one = thing(
        "apim.backend", f"{GATEWAY}/backends/one", service_id=GATEWAY, backend="one", host=HOST,
        pool_members=[],
    )  # fmt: skip

    assert doors(gateway(), api(backend_host=None, policy=[sends]), pool, one) == ([GATEWAY], True)


def test_app_whose_identity_has_a_role_on_the_endpoint_is_a_door() -> None:
    me = identity(given("caller", ENDPOINT))

    assert doors(app(), ENVIRONMENT, CALLER, me) == (["/app"], True)
    assert doors(app(requires_credentials=True), ENVIRONMENT, CALLER, me) == (["/app"], False)
    assert doors(app(is_external=False), ENVIRONMENT, CALLER, me) == (["/app"], False)


def test_role_over_a_whole_group_names_no_endpoint() -> None:
    assert doors(app(), ENVIRONMENT, CALLER, identity(given("caller", GROUP))) == ([], False)


def test_unread_policy_leaves_the_door_open_to_doubt() -> None:
    hidden = api()
    hidden.unread["policy"] = ("g",)  # type: ignore[index]
    del hidden.properties["policy"]  # type: ignore[attr-defined]

    assert doors(gateway(), hidden) == ([GATEWAY], "unread")
