"""Which calls give log groups, metric filters and log policies: one listing of each."""

from __future__ import annotations

from mlsec.collect.walk.plan import Operation, TypePlan

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.logs.log_group",
        listing=Operation(service="logs", name="DescribeLogGroups", items="logGroups"),
    ),
    TypePlan(
        type="aws.logs.metric_filter",
        listing=Operation(service="logs", name="DescribeMetricFilters", items="metricFilters"),
    ),
    TypePlan(
        type="aws.logs.resource_policy",
        listing=Operation(
            service="logs", name="DescribeResourcePolicies", items="resourcePolicies"
        ),
    ),
)
