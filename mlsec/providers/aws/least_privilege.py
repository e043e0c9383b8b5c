"""The least-privilege policy of a scan, generated from the table of operations."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.aws.collect.reader import plans
from mlsec.providers.aws.tables import LIST_REGIONS, ORGANISATION, TAGGING

_ALWAYS = ("sts:GetCallerIdentity", LIST_REGIONS.right)


def least_privilege_policy(
    only: Collection[str] | None = None, *, is_organisation: bool = False
) -> str:
    """Give the policy as JSON.

    Args:
        only: operations (``DescribeModel`` or ``sagemaker:DescribeModel``) whose answers are
            wanted; what is needed to get there (listings, parents) is added. None: everything.
        is_organisation: add the right to enter the accounts of an organisation; the policies above
            an account are read either way, where it may read them.
    """
    statement = {
        "Sid": "MlsecReads",
        "Effect": "Allow",
        "Action": list(rights(only, is_organisation=is_organisation)),
        "Resource": "*",
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def rights(
    only: Collection[str] | None = None, *, is_organisation: bool = False
) -> tuple[str, ...]:
    """Give the actions, sorted."""
    rights = set(_ALWAYS)
    if only is None:
        rights |= {operation.right for operation in ORGANISATION}
    if is_organisation:
        rights.add("sts:AssumeRole")
    for operation in needed(plans(), only):
        rights.update(operation.right.split(","))
    return tuple(sorted(rights))


def needed(chosen: tuple[TypePlan, ...], only: Collection[str] | None) -> tuple[Operation, ...]:
    """Give the operations to ask for these answers: with listings, parents and earlier reads."""
    kept: dict[str, Operation] = {}
    wanted_types: set[str] = set()
    for plan in chosen:
        reads = [o for o in plan.reads if only is None or o.name in only or o.label in only]
        listing = plan.listing
        is_listing_wanted = listing is not None and (
            only is None or listing.name in only or listing.label in only
        )
        is_tagged = bool(plan.tags_as) and (only is None or TAGGING.operation.name in only)
        if not reads and not is_listing_wanted and not (is_tagged and only is None):
            continue
        wanted_types.add(plan.type)
        for operation in (*reads, *_before(plan, reads)):
            kept[operation.label] = operation
        if is_tagged:
            kept[TAGGING.operation.label] = TAGGING.operation
        if plan.bulk is not None:
            kept[plan.bulk.operation.label] = plan.bulk.operation
    for plan in _with_parents(chosen, wanted_types):
        if plan.listing is not None:
            kept[plan.listing.label] = plan.listing
    return tuple(kept[label] for label in sorted(kept))


def _before(plan: TypePlan, reads: list[Operation]) -> list[Operation]:
    """Give the earlier reads of the plan that these reads take parameters or conditions from."""
    used = msgspec.json.encode(
        [[o.params, list(o.only_if), list(o.unless)] for o in reads]
    ).decode()
    return [o for o in plan.reads if f"$.{o.name}." in used]


def _with_parents(chosen: tuple[TypePlan, ...], types: set[str]) -> list[TypePlan]:
    by_type = {plan.type: plan for plan in chosen}
    waiting, plans_by_type = sorted(types), {}
    while waiting:
        name = waiting.pop()
        plan = by_type.get(name)
        if plan is None or name in plans_by_type:
            continue
        plans_by_type[name] = plan
        waiting += [plan.parent] if plan.parent else []
    return [plans_by_type[name] for name in sorted(plans_by_type)]
