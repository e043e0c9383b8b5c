"""The table of all Azure reads, of the plans and of subscription discovery."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.azure.route import ArmRead

# Scope of calls that are not specific to a subscription.
TENANT = "azure/tenant"

LIST_SUBSCRIPTIONS = ArmRead(
    service="resources",
    name="Subscriptions_List",
    action="Microsoft.Resources/subscriptions/read",
    path="/subscriptions",
    version="2022-12-01",
    items="value",
)
LIST_DESCENDANTS = ArmRead(
    service="managementgroups",
    name="ManagementGroups_GetDescendants",
    action="Microsoft.Management/managementGroups/descendants/read",
    path="/providers/Microsoft.Management/managementGroups/{group}/descendants",
    version="2020-05-01",
    items="value",
)
LIST_RESOURCES = ArmRead(
    service="resources",
    name="Resources_List",
    action="Microsoft.Resources/subscriptions/resources/read",
    path="/subscriptions/{subscription}/resources",
    params={"$expand": "createdTime,changedTime"},
    version="2021-04-01",
    items="value",
)
# Published for groups and resources; Resource Manager answers it for a subscription as well.
LIST_PERMISSIONS = ArmRead(
    service="authorization",
    name="Permissions_ListForSubscription",
    action="Microsoft.Authorization/permissions/read",
    path="/subscriptions/{subscription}/providers/Microsoft.Authorization/permissions",
    version="2022-04-01",
    items="value",
)
GRAPH = ArmRead(
    service="resourcegraph",
    name="Resources",
    action="Microsoft.ResourceGraph/resources/read",
    path="/providers/Microsoft.ResourceGraph/resources",
    version="2022-10-01",
    method="POST",
    items="data",
)
DISCOVERY = (LIST_SUBSCRIPTIONS, LIST_DESCENDANTS, LIST_RESOURCES, LIST_PERMISSIONS)


def operations_of(plan: TypePlan) -> tuple[Operation, ...]:
    """Give all operations of one plan."""
    listing = (plan.listing,) if plan.listing is not None else ()
    return (*listing, *plan.reads)


def table_of(plans: Iterable[TypePlan]) -> dict[str, Operation]:
    """Give every operation by its label, with the redactions of all plans that use it together."""
    table: dict[str, Operation] = {}
    plans = tuple(plans)
    graph = msgspec.structs.replace(GRAPH, redact=_redacted_rows(plans))
    for operation in (graph, *DISCOVERY, *(o for plan in plans for o in operations_of(plan))):
        known = table.get(operation.label, operation)
        redact = tuple(sorted({*known.redact, *operation.redact}))
        table[operation.label] = msgspec.structs.replace(known, redact=redact)
    return table


def graph_types(plans: Iterable[TypePlan]) -> frozenset[str]:
    """Give the Resource Graph types that listings of the plans can be taken from."""
    return frozenset(
        plan.listing.graph
        for plan in plans
        if isinstance(plan.listing, ArmRead) and plan.listing.graph
    )


def _redacted_rows(plans: Iterable[TypePlan]) -> tuple[str, ...]:
    """Give the paths of secrets in the graph's rows, the same as in the listings."""
    return tuple(
        sorted(
            path.replace("value[]", "data[]", 1)
            for plan in plans
            if isinstance(plan.listing, ArmRead) and plan.listing.graph
            for path in plan.listing.redact
        )
    )
