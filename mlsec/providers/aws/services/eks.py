"""Which calls give EKS clusters, the roles of their pods, and who is let in."""

from __future__ import annotations

from mlsec.collect.walk.plan import Operation, TypePlan

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
    TypePlan(
        type="aws.eks.pod_identity",
        parent="aws.eks.cluster",
        listing=Operation(
            service="eks",
            name="ListPodIdentityAssociations",
            params={"clusterName": "$parent.value"},
            items="associations",
        ),
        # The list leaves the role out.
        reads=(
            Operation(
                service="eks",
                name="DescribePodIdentityAssociation",
                params={"clusterName": "$parent.value", "associationId": "$.associationId"},
                gone=("ResourceNotFoundException",),
            ),
        ),
    ),
    TypePlan(
        type="aws.eks.access_entry",
        parent="aws.eks.cluster",
        listing=Operation(
            service="eks",
            name="ListAccessEntries",
            params={"clusterName": "$parent.value"},
            items="accessEntries",
        ),
        reads=(
            Operation(
                service="eks",
                name="DescribeAccessEntry",
                params={"clusterName": "$parent.value", "principalArn": "$.value"},
                gone=("ResourceNotFoundException",),
            ),
            Operation(
                service="eks",
                name="ListAssociatedAccessPolicies",
                params={"clusterName": "$parent.value", "principalArn": "$.value"},
                gone=("ResourceNotFoundException",),
            ),
        ),
    ),
)
