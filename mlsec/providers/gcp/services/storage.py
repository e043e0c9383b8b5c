"""Which calls read buckets: listed once, policies and access lists of those that are used."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.gcp.route import Route

_BUCKET = "//storage.googleapis.com/{bucket}"

ROUTES: Mapping[str, Route] = {
    "storage:ListBuckets": Route(path="storage/v1/b", page_size=1000, size_name="maxResults"),
    "storage:GetBucket": Route(path="storage/v1/b/{bucket}"),
    "storage:BucketsGetIamPolicy": Route(
        path="storage/v1/b/{bucket}/iam", asset="storage.googleapis.com/Bucket", asset_name=_BUCKET
    ),
}
PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="gcp.storage.bucket",
        listing=Operation(
            service="storage",
            name="ListBuckets",
            action="storage.buckets.list",
            params={"project": "$account"},
            items="items",
            is_global=True,
        ),
        region="$.~region",
        reads=(
            Operation(
                service="storage",
                name="BucketsGetIamPolicy",
                action="storage.buckets.getIamPolicy",
                params={"bucket": "$.name", "optionsRequestedPolicyVersion": 3},
                gone=("notFound", "NOT_FOUND"),
                is_global=True,
            ),
            # Access lists have no effect where uniform access is on.
            Operation(
                service="storage",
                name="GetBucket",
                action="storage.buckets.get,storage.buckets.getIamPolicy",
                params={"bucket": "$.name", "projection": "full"},
                gone=("notFound", "NOT_FOUND"),
                only_if={"$.iamConfiguration.uniformBucketLevelAccess.enabled": (None, False)},
                is_global=True,
            ),
        ),
        is_referred=True,
    ),
)
