"""Who can act as somebody privileged can escalate: by built-in roles, on named things, in steps."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Resource
from tests.providers.azure.facts.tenants import (
    GROUP,
    SCOPE,
    SUBSCRIPTION,
    denial,
    given,
    graph_of,
    identity,
    role,
    thing,
)

RUN = "Microsoft.Compute/virtualMachines/runCommand/action"
RUNNER = role("runner", actions=(RUN,))
OWNER = role("owner", actions=("*",))
MACHINE = f"{GROUP}/providers/microsoft.compute/virtualmachines/train"
OTHER_MACHINE = f"{GROUP}/providers/microsoft.compute/virtualmachines/serve"
DENIED = make_gap(scope=SCOPE, subject="", wanted="x", reason=GapReason.DENIED, detail="")


def named(name: str, *assignments: dict[str, Any]) -> Resource:
    return thing(
        "identity.managed_identity", f"{GROUP}/ids/{name}", principal_id=f"p-{name}",
        assignments=list(assignments),
    )  # fmt: skip


def machine(place: str, *principals: str) -> Resource:
    runs = {"kind": "microsoft.compute/virtualmachines", "principal_ids": list(principals)}
    return msgspec.structs.replace(thing("identity.workload", place), properties=runs)


def fact(name: str, *resources: Resource, denied: tuple[str, ...] = ()) -> Any:
    graph = graph_of(*resources, denied=denied, gaps=(DENIED,))
    me = graph.resources[f"{GROUP}/ids/me"]
    return me.properties.get(name, "unread")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Virtual Machine Contributor", True),
        ("Avere Contributor", True),
        ("Virtual Machine Administrator Login", True),
        ("Automation Contributor", True),
        ("Logic App Contributor", True),
        ("Website Contributor", True),
        ("Key Vault Contributor", True),
        ("Azure Kubernetes Service Contributor Role", True),
        ("Azure Kubernetes Service Cluster Admin Role", True),
        ("AzureML Data Scientist", True),
        ("AzureML Compute Operator", True),
        ("Managed Identity Contributor", True),
        ("Storage Account Key Operator Service Role", True),
        ("User Access Administrator", True),
        ("Data Factory Contributor", True),
        ("Reader", False),
        ("Virtual Machine User Login", True),
        ("Automation Operator", False),
        ("Logic App Operator", False),
        ("Key Vault Reader", False),
        ("Azure Kubernetes Service Cluster User Role", False),
        ("AzureML Metrics Writer (preview)", False),
        ("Managed Identity Operator", False),
        ("AcrPush", False),
        ("Storage Blob Data Contributor", False),
    ],
)
def test_a_built_in_role_on_the_subscription(name: str, expected: bool) -> None:
    assert fact("can_escalate", identity(given(name.lower(), SUBSCRIPTION))) is expected


def test_two_roles_make_a_way_that_neither_is() -> None:
    operator, maker = "managed identity operator", "azure container instances contributor role"
    weak = identity(given(operator, SUBSCRIPTION))
    strong = identity(given(operator, SUBSCRIPTION), given(maker, GROUP))
    assert fact("can_escalate", weak) is False
    assert fact("can_escalate", strong) is True


def test_a_right_on_one_machine_is_worth_whom_it_runs_as() -> None:
    me = identity(given("runner", MACHINE))
    admin, weak = named("admin", given("owner", SUBSCRIPTION)), named("weak")
    world = (RUNNER, OWNER, me, admin, weak)
    assert fact("can_escalate", *world, machine(MACHINE, "p-admin")) is True
    assert fact("escalation_paths", *world, machine(MACHINE, "p-admin")) == [
        f"{RUN} -> train -> admin"
    ]
    assert fact("is_privileged", *world, machine(MACHINE, "p-admin")) is True
    assert fact("can_escalate", *world, machine(MACHINE, "p-weak")) is False
    assert (
        fact("can_escalate", *world, machine(OTHER_MACHINE, "p-admin"), machine(MACHINE)) is False
    )


def test_ways_are_followed_from_one_identity_to_the_next() -> None:
    me = identity(given("runner", MACHINE))
    middle = named("middle", given("runner", OTHER_MACHINE))
    admin = named("admin", given("owner", SUBSCRIPTION))
    machines = (machine(MACHINE, "p-middle"), machine(OTHER_MACHINE, "p-admin"))
    assert fact("can_escalate", RUNNER, OWNER, me, middle, admin, *machines) is True
    assert fact("can_escalate", RUNNER, OWNER, me, middle, *machines[:1]) == "unread"


@pytest.mark.parametrize("scope", [GROUP, MACHINE])
def test_what_is_there_and_was_not_read_leaves_the_answer_open(scope: str) -> None:
    me = identity(given("runner", scope))
    unlisted = ("azure.identity.workload",)
    assert fact("can_escalate", RUNNER, me, denied=unlisted) == "unread"


def test_a_group_without_machines_gives_nothing_to_who_may_run_commands_there() -> None:
    assert fact("can_escalate", RUNNER, identity(given("runner", GROUP))) is False


def test_a_machine_whose_identity_was_not_read_leaves_the_answer_open() -> None:
    me = identity(given("runner", MACHINE))
    assert fact("can_escalate", RUNNER, me, machine(MACHINE, "p-elsewhere")) == "unread"


def test_a_denied_way_is_closed() -> None:
    me = identity(given("runner", SUBSCRIPTION))
    assert fact("can_escalate", RUNNER, me, denial("Microsoft.Compute/*/action", "p1")) is False


def test_a_vault_that_goes_by_roles_has_no_policy_to_write() -> None:
    vault = f"{GROUP}/providers/microsoft.keyvault/vaults/safe"
    writer = role("writer", actions=("Microsoft.KeyVault/vaults/*",))
    me = identity(given("writer", vault))
    assert fact("can_escalate", writer, me, thing("keyvault.vault", vault, uses_rbac=True)) is False
    assert fact("can_escalate", writer, me, thing("keyvault.vault", vault, uses_rbac=False)) is True
