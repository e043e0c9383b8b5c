"""Small parsers of what stands next to ML on Azure: addresses, policies, rules of firewalls."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsec.providers.azure.shapes.table import SHAPES


@pytest.mark.parametrize(
    ("shape", "raw", "expected"),
    [
        ("key_uri", "https://V.vault.azure.net:443/keys/K/0123", "https://v.vault.azure.net/keys/k"),
        ("vault_uri", "https://V.vault.azure.net/keys/K", "https://v.vault.azure.net"),
        ("vnet_of_subnet", "/x/virtualNetworks/N/subnets/S", "/x/virtualnetworks/n"),
        (
            "container_address",
            "/s/providers/Microsoft.Storage/storageAccounts/A/blobServices/default/containers/C",
            "a/c",
        ),
        ("unix_time", 0, "1970-01-01T00:00:00Z"),
        ("environment_tags", {"ENVIRONMENT": "test", "a": "b"}, {"Environment": "test", "a": "b"}),
        ("scope_level", "/", "root"),
        ("scope_level", "/providers/Microsoft.Management/managementGroups/m", "management_group"),
        ("scope_level", "/subscriptions/s", "subscription"),
        ("scope_level", "/subscriptions/s/resourceGroups/g", "resource_group"),
        ("scope_level", "/subscriptions/s/resourceGroups/g/providers/x/y/z", "resource"),
        ("is_gpu_size", "Standard_NC24ads_A100_v4", True),
        ("is_gpu_size", "Standard_D4s_v5", False),
        ("storage_key_uri", {"keyname": "K"}, None),
        ("is_all_apis", "/x/service/gw/", True),
        ("is_all_apis", "/x/service/gw/apis", True),
        ("is_all_apis", "/x/service/gw/apis/chat", False),
        ("is_all_apis", "/x/service/gw/products/gold", False),
        ("allowed_ranges", [{"ipAddress": "Any", "action": "Allow"}], []),
        ("allowed_ranges", [{"ipAddress": "10.0.0.0/8"}, {"ipAddress": "Any", "action": "Deny"}],
         ["10.0.0.0/8"]),
    ],
)  # fmt: skip
def test_value_is_read(shape: str, raw: Any, expected: Any) -> None:
    assert SHAPES[shape](raw) == expected


@pytest.mark.parametrize("raw", ["https://v.vault.azure.net/secrets/s", "nothing", 7])
def test_what_is_no_key_is_refused_not_guessed(raw: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        SHAPES["key_uri"](raw)


def test_identity_block_names_its_own_principal_and_those_attached() -> None:
    block = {"principalId": "B", "userAssignedIdentities": {"/x": {"principalId": "A"}, "/y": {}}}

    assert SHAPES["identity_principals"](block) == ["a", "b"]


def facts(text: str) -> dict[str, Any]:
    (found,) = SHAPES["policy_facts"]([{"properties": {"value": text}}])
    assert isinstance(found, dict)
    return found


def test_policy_that_is_commented_out_does_nothing() -> None:
    text = "<policies><inbound><base /><!-- <validate-jwt /> --></inbound></policies>"

    assert facts(text)["checks_token"] is False
    assert facts(text.replace("<!-- ", "").replace(" -->", ""))["checks_token"] is True


def test_token_check_is_scoped_only_when_every_one_is() -> None:
    scoped = "<validate-jwt><audiences><audience>a</audience></audiences></validate-jwt>"

    assert facts(f"<inbound>{scoped}</inbound>")["token_audiences"] is True
    assert facts(f"<inbound>{scoped}<validate-jwt /></inbound>")["token_audiences"] is False


def test_base_in_the_outbound_part_inherits_nothing_inbound() -> None:
    assert facts("<inbound></inbound><outbound><base /></outbound>")["inherits"] is False


def test_expression_is_no_address() -> None:
    text = '<set-backend-service base-url="https://@(context.x).example.com" />'

    assert facts(text)["hosts"] == []


@pytest.mark.parametrize(
    ("settings", "asks"),
    [
        ({"platform": {"enabled": True}}, False),
        (
            {
                "platform": {"enabled": True},
                "globalValidation": {"unauthenticatedClientAction": "RedirectToLoginPage"},
            },
            True,
        ),
        (
            {
                "platform": {"enabled": False},
                "globalValidation": {"unauthenticatedClientAction": "Return401"},
            },
            False,
        ),
        (
            {
                "platform": {"enabled": True},
                "globalValidation": {
                    "unauthenticatedClientAction": "Return401", "excludedPaths": ["/*"],
                },
            },
            False,
        ),
    ],
)  # fmt: skip
def test_sign_in_counts_when_it_is_on_and_refuses(settings: dict[str, Any], *, asks: bool) -> None:
    assert SHAPES["requires_credentials"](settings) is asks
    assert SHAPES["requires_credentials"]([{"properties": settings}]) is asks


def rule(access: str, priority: int, ports: str, source: str = "*", **more: Any) -> dict[str, Any]:
    properties = {
        "direction": "Inbound", "access": access, "priority": priority, "protocol": "Tcp",
        "sourceAddressPrefix": source, "destinationAddressPrefix": "*",
        "destinationPortRange": ports, **more,
    }  # fmt: skip
    return {"name": f"r{priority}", "properties": properties}


@pytest.mark.parametrize(
    ("rules", "ports"),
    [
        ([rule("Allow", 100, "22")], ["22"]),
        ([rule("Allow", 100, "8000-8001", "Internet")], ["8000", "8001"]),
        ([rule("Allow", 100, "22", "10.0.0.0/8")], []),
        ([rule("Allow", 200, "22"), rule("Deny", 100, "*")], []),
        ([rule("Allow", 100, "22"), rule("Deny", 200, "*")], ["22"]),
        # A deny for some addresses leaves the others in.
        ([rule("Allow", 200, "22"), rule("Deny", 100, "*", "10.0.0.0/8")], ["22"]),
        # A deny of another protocol closes nothing of this one.
        ([rule("Allow", 200, "22"), rule("Deny", 100, "*", protocol="Udp")], ["22"]),
        ([rule("Allow", 200, "20-8000"), rule("Deny", 100, "23-7999")], ["22", "8000"]),
    ],
)
def test_ports_are_open_that_no_rule_before_denies(rules: list[Any], ports: list[str]) -> None:
    assert SHAPES["public_sensitive_ports"](rules) == ports


@given(
    st.lists(
        st.tuples(st.sampled_from(["Allow", "Deny"]), st.integers(0, 9), st.integers(0, 9)),
        max_size=6,
    )
)
def test_open_ports_are_those_that_the_first_rule_about_them_allows(
    drawn: list[tuple[str, int, int]],
) -> None:
    rules = [
        rule(access, at, f"{min(low, high)}-{max(low, high)}")
        for at, (access, low, high) in enumerate(drawn)
    ]
    ranges = [(each["from_port"], each["to_port"]) for each in SHAPES["public_port_ranges"](rules)]
    for port in range(10):
        about = [access for access, low, high in drawn if min(low, high) <= port <= max(low, high)]
        is_open = any(start <= port <= end for start, end in ranges)
        assert is_open is (about[:1] == ["Allow"])


def outbound(access: str, priority: int, to: str = "Internet", **more: Any) -> dict[str, Any]:
    return rule(
        access,
        priority,
        "*",
        direction="Outbound",
        protocol="*",
        destinationAddressPrefix=to,
        **more,
    )


@pytest.mark.parametrize(
    ("rules", "is_unlimited"),
    [
        ([], True),
        ([outbound("Deny", 100)], False),
        ([outbound("Deny", 100, "10.0.0.0/8")], True),
        ([outbound("Allow", 100), outbound("Deny", 200)], True),
        ([outbound("Allow", 200), outbound("Deny", 100)], False),
    ],
)
def test_everything_goes_out_unless_a_rule_before_the_last_denies(
    rules: list[Any], *, is_unlimited: bool
) -> None:
    assert SHAPES["allows_all_egress"](rules) is is_unlimited


def test_replication_policy_without_its_rules_is_refused_not_taken_for_none() -> None:
    policy = {"sourceAccount": "a", "destinationAccount": "b"}

    with pytest.raises(KeyError):
        SHAPES["replications"]([{"properties": policy}])
    assert SHAPES["replications"]([{"properties": {**policy, "rules": []}}]) == []
