"""Which calls give alarms: one listing of each kind."""

from __future__ import annotations

from mlsec.collect.walk.plan import Operation, TypePlan

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.cloudwatch.alarm",
        listing=Operation(
            service="cloudwatch",
            name="DescribeAlarms",
            params={"AlarmTypes": ["MetricAlarm"]},
            items="MetricAlarms",
        ),
    ),
    # An alarm without actions may still be reported through a composite one.
    TypePlan(
        type="aws.cloudwatch.composite_alarm",
        listing=Operation(
            service="cloudwatch",
            name="DescribeAlarms",
            params={"AlarmTypes": ["CompositeAlarm"]},
            items="CompositeAlarms",
        ),
    ),
)
