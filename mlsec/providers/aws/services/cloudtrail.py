"""Which calls give trails: each region's list, and two reads per trail in its home region."""

from __future__ import annotations

from mlsec.collect.walk.plan import Operation, TypePlan

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.cloudtrail.trail",
        # Only with its shadows does a member account see the trail of its organisation. A trail of
        # every region is then listed in each; its reads go to the home region and are asked once.
        listing=Operation(
            service="cloudtrail",
            name="DescribeTrails",
            params={"includeShadowTrails": True},
            items="trailList",
        ),
        region="$.HomeRegion",
        reads=(
            Operation(
                service="cloudtrail",
                name="GetTrailStatus",
                params={"Name": "$.TrailARN"},
                gone=("TrailNotFoundException",),
            ),
            Operation(
                service="cloudtrail",
                name="GetEventSelectors",
                params={"TrailName": "$.TrailARN"},
                gone=("TrailNotFoundException",),
            ),
        ),
    ),
)
