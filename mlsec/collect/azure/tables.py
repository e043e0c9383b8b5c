"""The whole table of Azure reads: what the plans ask, and what finding subscriptions asks."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mlsec.collect.azure.route import ArmRead
from mlsec.collect.plan import Operation, TypePlan

# Where calls are kept that concern no one subscription.
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
DISCOVERY = (LIST_SUBSCRIPTIONS, LIST_DESCENDANTS)


def operations_of(plan: TypePlan) -> tuple[Operation, ...]:
    """Give all operations of one plan."""
    listing = (plan.listing,) if plan.listing is not None else ()
    return (*listing, *plan.reads)


def table_of(plans: Iterable[TypePlan]) -> dict[str, Operation]:
    """Give every operation by its label, with the redactions of all plans that use it together."""
    table: dict[str, Operation] = {}
    for operation in (*DISCOVERY, *(o for plan in plans for o in operations_of(plan))):
        known = table.get(operation.label, operation)
        redact = tuple(sorted({*known.redact, *operation.redact}))
        table[operation.label] = msgspec.structs.replace(known, redact=redact)
    return table
