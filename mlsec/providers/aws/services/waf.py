"""Which calls give web ACLs: the regional list, and one read for each that a front route names."""

from __future__ import annotations

from mlsec.collect.walk.plan import Operation, TypePlan

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.waf.web_acl",
        listing=Operation(
            service="wafv2", name="ListWebACLs", params={"Scope": "REGIONAL"}, items="WebACLs"
        ),
        is_referred=True,
        reads=(
            Operation(
                service="wafv2",
                name="GetWebACL",
                params={"Name": "$.Name", "Id": "$.Id", "Scope": "REGIONAL"},
                gone=("WAFNonexistentItemException",),
            ),
        ),
    ),
)
