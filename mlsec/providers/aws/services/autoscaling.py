"""Which calls read what scales the instances behind endpoints."""

from __future__ import annotations

from mlsec.collect.walk.plan import Operation, TypePlan

_OF_SAGEMAKER = {"ServiceNamespace": "sagemaker"}

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.autoscaling.target",
        listing=Operation(
            service="application-autoscaling",
            name="DescribeScalableTargets",
            params=_OF_SAGEMAKER,
            items="ScalableTargets",
        ),
    ),
    TypePlan(
        type="aws.autoscaling.policy",
        listing=Operation(
            service="application-autoscaling",
            name="DescribeScalingPolicies",
            params=_OF_SAGEMAKER,
            items="ScalingPolicies",
        ),
    ),
)
