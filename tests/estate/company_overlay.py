"""The estate's own answers for operations that the emulator lacks or answers wrongly."""

from __future__ import annotations

from collections.abc import Iterator

from tests.estate.model import REGIONS, Carrier, Estate, Fault
from tests.estate.overlay import Canned, Patch
from tests.estate.seed import Ids
from tests.estate.seed_deployment import allow, policy

CLOSED_REGIONS = ("af-south-1", "ap-southeast-2", "eu-south-1")


def canned_answers(estate: Estate, ids: Ids) -> tuple[Canned, ...]:
    """Give every answer of the estate that the emulator has no operation for."""
    del ids
    return (*_regions(), *_package_policies(estate))


def patches(estate: Estate, ids: Ids) -> tuple[Patch, ...]:
    """Give what the emulator was told and does not repeat."""
    del ids
    return tuple(
        Patch(
            service="sagemaker",
            operation="DescribeModel",
            match={"ModelName": d.name},
            members={"EnableNetworkIsolation": Fault.NO_NETWORK_ISOLATION not in d.faults},
        )
        for d in estate.deployments
    )


def _regions() -> Iterator[Canned]:
    states = {**dict.fromkeys(REGIONS, "ENABLED"), **dict.fromkeys(CLOSED_REGIONS, "DISABLED")}
    enabled = [{"RegionName": name, "RegionOptStatus": "ENABLED"} for name in REGIONS]
    everything = [{"RegionName": n, "RegionOptStatus": s} for n, s in sorted(states.items())]
    for wanted in (["ENABLED", "ENABLED_BY_DEFAULT"], ["ENABLED_BY_DEFAULT", "ENABLED"]):
        yield Canned(
            service="account",
            operation="ListRegions",
            match={"RegionOptStatusContains": wanted},
            answer={"Regions": enabled},
        )
    yield Canned(service="account", operation="ListRegions", answer={"Regions": everything})
    yield Canned(
        service="ec2",
        operation="DescribeRegions",
        answer={
            "Regions": [
                {
                    "RegionName": name,
                    "OptInStatus": "opt-in-not-required",
                    "Endpoint": f"ec2.{name}.amazonaws.com",
                }
                for name in REGIONS
            ]
        },
    )


def _package_policies(estate: Estate) -> Iterator[Canned]:
    for deployment in estate.deployments:
        if Fault.PACKAGE_GROUP_OPEN in deployment.faults:
            text = policy(allow("*", ["sagemaker:DescribeModelPackage"]))
            yield Canned(
                service="sagemaker",
                operation="GetModelPackageGroupPolicy",
                match={"ModelPackageGroupName": deployment.called(Carrier.PACKAGE_GROUP)},
                answer={"ResourcePolicy": text},
            )
