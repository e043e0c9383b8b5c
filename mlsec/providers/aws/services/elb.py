"""Which calls give load balancers, what they listen on and what stands behind them."""

from __future__ import annotations

from mlsec.collect.walk.plan import Operation, TypePlan

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.elb.load_balancer",
        listing=Operation(
            service="elbv2",
            name="DescribeLoadBalancers",
            action="elasticloadbalancing:DescribeLoadBalancers",
            items="LoadBalancers",
        ),
        reads=(
            Operation(
                service="wafv2",
                name="GetWebACLForResource",
                params={"ResourceArn": "$.LoadBalancerArn"},
                not_set=("WAFNonexistentItemException",),
                # Other kinds cannot have a web ACL, and an internal one is not on the internet.
                only_if={"$.Type": ("application",), "$.Scheme": ("internet-facing",)},
            ),
        ),
    ),
    TypePlan(
        type="aws.elb.listener",
        parent="aws.elb.load_balancer",
        listing=Operation(
            service="elbv2",
            name="DescribeListeners",
            action="elasticloadbalancing:DescribeListeners",
            params={"LoadBalancerArn": "$parent.LoadBalancerArn"},
            items="Listeners",
            gone=("LoadBalancerNotFound",),
            redact=("Listeners[].DefaultActions[].AuthenticateOidcConfig.ClientSecret",),
        ),
        reads=(
            Operation(
                service="elbv2",
                name="DescribeRules",
                action="elasticloadbalancing:DescribeRules",
                params={"ListenerArn": "$.ListenerArn"},
                gone=("ListenerNotFound",),
                redact=("Rules[].Actions[].AuthenticateOidcConfig.ClientSecret",),
            ),
        ),
    ),
    TypePlan(
        type="aws.elb.target_group",
        listing=Operation(
            service="elbv2",
            name="DescribeTargetGroups",
            action="elasticloadbalancing:DescribeTargetGroups",
            items="TargetGroups",
        ),
        reads=(
            Operation(
                service="elbv2",
                name="DescribeTargetHealth",
                action="elasticloadbalancing:DescribeTargetHealth",
                params={"TargetGroupArn": "$.TargetGroupArn"},
                gone=("TargetGroupNotFound",),
                # An address does not say what answers there; services name their own groups.
                only_if={"$.TargetType": ("lambda", "instance")},
            ),
        ),
    ),
)
