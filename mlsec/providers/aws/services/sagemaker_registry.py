"""Which calls read the model registry: groups with their policies, packages, cards, hubs."""

from __future__ import annotations

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.aws.services.sagemaker_operations import (
    PACKAGE_SECRETS,
    describe,
    listing,
    search,
)

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.sagemaker.model_package_group",
        listing=listing("ListModelPackageGroups", "ModelPackageGroupSummaryList"),
        reads=(
            Operation(
                service="sagemaker",
                name="GetModelPackageGroupPolicy",
                params={"ModelPackageGroupName": "$.ModelPackageGroupName"},
                # Of a group that is not there it says "Cannot find Model Package Group".
                not_set=("ValidationException: Cannot find resource policy",),
            ),
        ),
        tags_as="sagemaker",
    ),
    TypePlan(
        type="aws.sagemaker.model_package",
        # Without the type the service lists unversioned packages only.
        listing=listing("ListModelPackages", "ModelPackageSummaryList", ModelPackageType="Both"),
        reads=(
            describe(
                "DescribeModelPackage",
                "ModelPackageName",
                entry="ModelPackageArn",
                redact=PACKAGE_SECRETS,
            ),
        ),
        bulk=search("ModelPackage", "ModelPackage", "DescribeModelPackage", "ModelPackageArn"),
    ),
    TypePlan(
        type="aws.sagemaker.model_card",
        listing=listing("ListModelCards", "ModelCardSummaries"),
    ),
    TypePlan(
        type="aws.sagemaker.hub",
        listing=listing("ListHubs", "HubSummaries"),
        reads=(describe("DescribeHub", "HubName"),),
    ),
)
