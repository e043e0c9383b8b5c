"""The whole table of operations: what the plans ask, and what finding accounts and regions asks."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mlsec.collect.walk.listing import Tagging
from mlsec.collect.walk.plan import Operation, TypePlan

TAGGING = Tagging(
    operation=Operation(
        service="resourcegroupstaggingapi",
        name="GetResources",
        action="tag:GetResources",
        items="ResourceTagMappingList",
    ),
    filter_name="ResourceTypeFilters",
    key="ResourceARN",
)
LIST_REGIONS = Operation(
    service="account",
    name="ListRegions",
    params={"RegionOptStatusContains": ["ENABLED", "ENABLED_BY_DEFAULT"]},
    items="Regions",
    is_global=True,
)
DESCRIBE_REGIONS = Operation(service="ec2", name="DescribeRegions", items="Regions", is_global=True)
LIST_ACCOUNTS = Operation(
    service="organizations", name="ListAccounts", items="Accounts", is_global=True
)
DISCOVERY = (LIST_REGIONS, DESCRIBE_REGIONS, LIST_ACCOUNTS)
# What botocore itself asks to get credentials, and who we are; none of it reads or changes data.
CREDENTIAL_CALLS = frozenset(
    {
        ("sts", "GetCallerIdentity"),
        ("sts", "AssumeRole"),
        ("sts", "AssumeRoleWithWebIdentity"),
        ("sso", "GetRoleCredentials"),
        ("sso-oidc", "CreateToken"),
    }
)


def operations_of(plan: TypePlan) -> tuple[Operation, ...]:
    """Give all operations of one plan."""
    operations = [plan.listing] if plan.listing else []
    operations += plan.reads
    if plan.bulk is not None:
        operations.append(plan.bulk.operation)
    return tuple(operations)


def table_of(plans: Iterable[TypePlan]) -> dict[str, Operation]:
    """Give every operation by its label, with the redactions of all plans that use it together."""
    plans = tuple(plans)
    table: dict[str, Operation] = {}
    extra = (*DISCOVERY, *((TAGGING.operation,) if any(p.tags_as for p in plans) else ()))
    for operation in (*extra, *(o for plan in plans for o in operations_of(plan))):
        known = table.get(operation.label, operation)
        redact = tuple(sorted({*known.redact, *operation.redact}))
        table[operation.label] = msgspec.structs.replace(known, redact=redact)
    return table
