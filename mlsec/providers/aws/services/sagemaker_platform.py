"""Which calls read pipelines, feature groups, HyperPod clusters and MLflow tracking servers."""

from __future__ import annotations

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.aws.services.sagemaker_operations import describe, listing

PLANS: tuple[TypePlan, ...] = (
    # The listing names the role; the definition itself may hold anything and no rule reads it.
    TypePlan(
        type="aws.sagemaker.pipeline",
        listing=listing("ListPipelines", "PipelineSummaries"),
        tags_as="sagemaker",
    ),
    TypePlan(
        type="aws.sagemaker.feature_group",
        listing=listing("ListFeatureGroups", "FeatureGroupSummaries"),
        reads=(describe("DescribeFeatureGroup", "FeatureGroupName"),),
        tags_as="sagemaker",
    ),
    TypePlan(
        type="aws.sagemaker.cluster",
        listing=listing("ListClusters", "ClusterSummaries"),
        reads=(describe("DescribeCluster", "ClusterName"),),
    ),
    TypePlan(
        type="aws.sagemaker.mlflow_server",
        listing=listing("ListMlflowTrackingServers", "TrackingServerSummaries"),
        reads=(
            describe(
                "DescribeMlflowTrackingServer",
                "TrackingServerName",
            ),
        ),
    ),
)
