"""Which calls give EKS clusters: the list of names, and one read each."""

from __future__ import annotations

from mlsec.collect.plan import Operation, TypePlan

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.eks.cluster",
        listing=Operation(service="eks", name="ListClusters", items="clusters"),
        reads=(
            Operation(
                service="eks",
                name="DescribeCluster",
                params={"name": "$.value"},
                gone=("ResourceNotFoundException",),
            ),
        ),
    ),
)
