"""Which calls give networks and hosts: seven bulk listings, no call per item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.collect.walk.plan import Operation, TypePlan


def _listed(
    type_name: str, name: str, items: str, params: Mapping[str, Any] | None = None
) -> TypePlan:
    operation = Operation(service="ec2", name=name, items=items, params=params or {})
    return TypePlan(type=type_name, listing=operation)


PLANS: tuple[TypePlan, ...] = (
    _listed("aws.ec2.vpc", "DescribeVpcs", "Vpcs"),
    _listed("aws.ec2.subnet", "DescribeSubnets", "Subnets"),
    _listed("aws.ec2.route_table", "DescribeRouteTables", "RouteTables"),
    _listed("aws.ec2.flow_log", "DescribeFlowLogs", "FlowLogs"),
    _listed("aws.ec2.security_group", "DescribeSecurityGroups", "SecurityGroups"),
    _listed("aws.ec2.vpc_endpoint", "DescribeVpcEndpoints", "VpcEndpoints"),
    # All hosts, because a load balancer may lead to any; rules look at those with accelerators.
    _listed("aws.ec2.instance", "DescribeInstances", "Reservations[].Instances"),
)
