"""Which calls give container services and the task definitions that they use."""

from __future__ import annotations

from mlsec.collect.walk.plan import Operation, TypePlan

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.ecs.cluster",
        listing=Operation(service="ecs", name="ListClusters", items="clusterArns"),
    ),
    TypePlan(
        type="aws.ecs.service",
        parent="aws.ecs.cluster",
        listing=Operation(
            service="ecs",
            name="ListServices",
            params={"cluster": "$parent.value"},
            items="serviceArns",
            gone=("ClusterNotFoundException",),
        ),
        reads=(
            Operation(
                service="ecs",
                name="DescribeServices",
                params={"cluster": "$parent.value", "services": ["$.value"]},
                gone=("ClusterNotFoundException",),
            ),
        ),
    ),
    # Revisions pile up for ever; only those that a service runs are read, the others counted.
    TypePlan(
        type="aws.ecs.task_definition",
        listing=Operation(service="ecs", name="ListTaskDefinitions", items="taskDefinitionArns"),
        is_referred=True,
        reads=(
            Operation(
                service="ecs",
                name="DescribeTaskDefinition",
                params={"taskDefinition": "$.value"},
                redact=("taskDefinition.containerDefinitions[].environment[].value",),
            ),
        ),
    ),
)
