"""Which calls read what watches: log buckets and sinks, alert policies, datasets of logs."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.gcp.route import Route

ROUTES: Mapping[str, Route] = {
    "logging:ListLogBuckets": Route(
        path="v2/projects/{project}/locations/-/buckets", page_size=500, is_window=True
    ),
    "logging:ListSinks": Route(path="v2/projects/{project}/sinks", page_size=500, is_window=True),
    "monitoring:ListAlertPolicies": Route(
        path="v3/projects/{project}/alertPolicies", page_size=500, is_window=True
    ),
    "bigquery:ListDatasets": Route(
        path="bigquery/v2/projects/{project}/datasets", page_size=500, size_name="maxResults"
    ),
    "bigquery:GetDataset": Route(path="bigquery/v2/projects/{project}/datasets/{dataset}"),
}
PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="gcp.logging.bucket",
        listing=Operation(
            service="logging",
            name="ListLogBuckets",
            action="logging.buckets.list",
            items="buckets",
            is_global=True,
        ),
        region="$.~region",
    ),
    TypePlan(
        type="gcp.logging.sink",
        listing=Operation(
            service="logging",
            name="ListSinks",
            action="logging.sinks.list",
            items="sinks",
            is_global=True,
        ),
    ),
    TypePlan(
        type="gcp.monitoring.alert_policy",
        listing=Operation(
            service="monitoring",
            name="ListAlertPolicies",
            action="monitoring.alertPolicies.list",
            items="alertPolicies",
            is_global=True,
        ),
    ),
    TypePlan(
        type="gcp.bigquery.dataset",
        listing=Operation(
            service="bigquery",
            name="ListDatasets",
            action="bigquery.datasets.get",
            items="datasets",
            is_global=True,
        ),
        region="$.~region",
        reads=(
            Operation(
                service="bigquery",
                name="GetDataset",
                action="bigquery.datasets.get",
                params={"dataset": "$.datasetReference.datasetId", "accessPolicyVersion": 3},
                gone=("notFound", "NOT_FOUND"),
                is_global=True,
            ),
        ),
        is_referred=True,
    ),
)
