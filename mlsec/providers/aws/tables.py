"""The whole table of operations: what the plans ask, and what is asked to find accounts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

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


def _of_organisation(name: str, **more: Any) -> Operation:
    return Operation(service="organizations", name=name, is_global=True, **more)


# What lies above an account. Most accounts may only ask for the organisation itself: that the rest
# is refused there is the usual case and no gap.
DESCRIBE_ORGANISATION = _of_organisation(
    "DescribeOrganization",
    not_set=("AWSOrganizationsNotInUseException",),
    redact=("Organization.MasterAccountEmail",),
)
LIST_ROOTS = _of_organisation("ListRoots", items="Roots")
LIST_PARENTS = _of_organisation("ListParents", items="Parents")
LIST_POLICIES_FOR_TARGET = _of_organisation("ListPoliciesForTarget", items="Policies")
DESCRIBE_POLICY = _of_organisation("DescribePolicy")
ORGANISATION = (
    DESCRIBE_ORGANISATION, LIST_ROOTS, LIST_PARENTS, LIST_POLICIES_FOR_TARGET, DESCRIBE_POLICY,
    LIST_ACCOUNTS,
)  # fmt: skip
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
    tags = (TAGGING.operation,) if any(plan.tags_as for plan in plans) else ()
    extra = (*DISCOVERY, *ORGANISATION, *tags)
    for operation in (*extra, *(o for plan in plans for o in operations_of(plan))):
        known = table.get(operation.label, operation)
        redact = tuple(sorted({*known.redact, *operation.redact}))
        table[operation.label] = msgspec.structs.replace(known, redact=redact)
    return table
