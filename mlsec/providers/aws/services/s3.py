"""Which calls give buckets, one listing per account, and access points, one per region.

The settings of buckets are read only where something of ML refers to them.
"""

from __future__ import annotations

from mlsec.collect.walk.plan import Operation, TypePlan

_BUCKET = {"Bucket": "$.Name"}

_POINT = {"AccountId": "$account", "Name": "$.Name"}

PLANS: tuple[TypePlan, ...] = (
    # Few, and no bucket names its own: all of a region are listed.
    TypePlan(
        type="aws.s3.access_point",
        listing=Operation(
            service="s3control",
            name="ListAccessPoints",
            action="s3:ListAccessPoints",
            params={"AccountId": "$account", "MaxResults": 1000},
            items="AccessPointList",
        ),
        reads=(
            Operation(
                service="s3control",
                name="GetAccessPoint",
                action="s3:GetAccessPoint",
                params=_POINT,
                gone=("NoSuchAccessPoint",),
            ),
            Operation(
                service="s3control",
                name="GetAccessPointPolicy",
                action="s3:GetAccessPointPolicy",
                params=_POINT,
                not_set=("NoSuchAccessPointPolicy",),
                gone=("NoSuchAccessPoint",),
            ),
        ),
    ),
    TypePlan(
        type="aws.s3.bucket",
        # The service names each bucket's region only when the request carries a parameter.
        listing=Operation(
            service="s3",
            name="ListBuckets",
            action="s3:ListAllMyBuckets",
            params={"MaxBuckets": 1000},
            items="Buckets",
            is_global=True,
        ),
        is_referred=True,
        region="$.BucketRegion",
        tags_as="s3",
        reads=(
            Operation(
                service="s3",
                name="GetBucketPolicy",
                params=_BUCKET,
                not_set=("NoSuchBucketPolicy",),
                gone=("NoSuchBucket",),
            ),
            Operation(
                service="s3",
                name="GetPublicAccessBlock",
                action="s3:GetBucketPublicAccessBlock",
                params=_BUCKET,
                not_set=("NoSuchPublicAccessBlockConfiguration",),
                gone=("NoSuchBucket",),
            ),
            Operation(service="s3", name="GetBucketAcl", params=_BUCKET, gone=("NoSuchBucket",)),
            Operation(
                service="s3",
                name="GetBucketEncryption",
                action="s3:GetEncryptionConfiguration",
                params=_BUCKET,
                not_set=("ServerSideEncryptionConfigurationNotFoundError",),
                gone=("NoSuchBucket",),
            ),
            Operation(
                service="s3", name="GetBucketVersioning", params=_BUCKET, gone=("NoSuchBucket",)
            ),
            Operation(
                service="s3", name="GetBucketLogging", params=_BUCKET, gone=("NoSuchBucket",)
            ),
            Operation(
                service="s3",
                name="GetObjectLockConfiguration",
                action="s3:GetBucketObjectLockConfiguration",
                params=_BUCKET,
                not_set=("ObjectLockConfigurationNotFoundError",),
                gone=("NoSuchBucket",),
                # A lock needs versioning, which then cannot be suspended: without it there is none.
                only_if={"$.GetBucketVersioning.Status": ("Enabled",)},
            ),
        ),
    ),
)
