"""Which calls give image repositories; the policy is read only where ML pulls its images from."""

from __future__ import annotations

from mlsec.collect.walk.plan import Operation, TypePlan

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.ecr.repository",
        listing=Operation(
            service="ecr",
            name="DescribeRepositories",
            params={"maxResults": 1000},
            items="repositories",
        ),
        is_referred=True,
        tags_as="ecr:repository",
        reads=(
            Operation(
                service="ecr",
                name="GetRepositoryPolicy",
                params={"repositoryName": "$.repositoryName"},
                not_set=("RepositoryPolicyNotFoundException",),
                gone=("RepositoryNotFoundException",),
            ),
        ),
    ),
)
