"""Which call says whether anybody watches the quotas of a region.

The quotas themselves are not read: SageMaker alone has more than a thousand per region.
"""

from __future__ import annotations

from mlsec.collect.walk.plan import Operation, TypePlan

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.quotas.watch",
        per="region",
        reads=(
            Operation(
                service="service-quotas",
                name="GetAutoManagementConfiguration",
                action="servicequotas:GetAutoManagementConfiguration",
                not_set=("NoSuchResourceException",),
            ),
        ),
    ),
)
