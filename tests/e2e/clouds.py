"""What differs between the clouds, for the tests that run on each."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Protocol, Self

import msgspec

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.core.resource import Resource
from mlsec.providers.aws import tables as aws_tables
from mlsec.providers.aws.collect.reader import plans as aws_plans
from mlsec.providers.azure import tables as azure_tables
from mlsec.providers.azure.collect.reader import plans as azure_plans
from mlsec.providers.gcp import tables as gcp_tables
from mlsec.providers.gcp.policy import QUOTA_RIGHT
from tests.estate.azure_estate import build_azure
from tests.estate.azure_server import RunningAzure
from tests.estate.azure_world import type_of
from tests.estate.faults import Fault
from tests.estate.gcp_estate import build_gcp
from tests.estate.gcp_server import RunningGcp
from tests.estate.gcp_world import FOLDER, Project
from tests.estate.gcp_world import PROJECT as GCP_PROJECT
from tests.estate.serve import RunningAws, Settings


class Running(Protocol):
    """A loopback cloud and the means to break it."""

    def environment(self) -> dict[str, str]: ...

    def set_faults(self, *faults: Fault, latency_s: float = 0.0) -> None: ...

    def counts(self) -> Counter[str]: ...

    def struck(self) -> Counter[str]: ...

    def mistakes(self) -> list[str]: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None: ...


class Cloud(msgspec.Struct, frozen=True, kw_only=True):
    """One cloud under test.

    ``start`` serves a zoo: a few deployments and a specimen of every other kind. ``table`` is every
    operation that a complete scan may make, ``plans`` what asks most of them. ``stand_ins`` are
    those that another call replaces when they are refused (with the reason), ``spared`` those that
    a complete scan never makes.
    ``declared`` reads the rights out of the policy that ``mlsec doctor`` prints, ``fallback`` are
    rights that only another way of asking needs. ``sign_in`` is how many calls each start makes
    that are no part of the evidence; ``places`` names where a resource is missed, besides its own
    place, when what leads to it was refused. ``first`` are calls, with their rights, without whose
    answer there is nothing to scan.
    """

    name: str
    start: Callable[[], Running]
    table: Callable[[], Mapping[str, Operation]]
    plans: Callable[[], tuple[TypePlan, ...]]
    declared: Callable[[str], set[str]]
    sign_in: int
    first: Mapping[str, str] = msgspec.field(default_factory=dict)
    stand_ins: Mapping[str, str] = msgspec.field(default_factory=dict)
    spared: frozenset[str] = frozenset()
    fallback: frozenset[str] = frozenset()
    places: Callable[[Resource], tuple[str, ...]] = lambda _: ()


# Asked only where there is an organisation.
_IN_ORGANISATIONS = {operation.label for operation in aws_tables.ORGANISATION} - {
    aws_tables.DESCRIBE_ORGANISATION.label
}


def _aws_table() -> Mapping[str, Operation]:
    known = aws_tables.table_of(aws_plans())
    return {k: v for k, v in sorted(known.items()) if k not in _IN_ORGANISATIONS}


def _azure_table() -> Mapping[str, Operation]:
    known = azure_tables.table_of(azure_plans())
    return {k: v for k, v in sorted(known.items()) if k != azure_tables.LIST_DESCENDANTS.label}


def _azure_zoo() -> RunningAzure:
    """Everything must be asked of Resource Manager: the graph's part has tests of its own."""
    world = build_azure(3, has_specimens=True).world
    world.unindexed |= {type_of(key).lower() for key in world.resources}
    return RunningAzure(world)


AWS = Cloud(
    name="aws",
    start=lambda: RunningAws(Settings(deployments=3, has_story=True, has_zoo=True)),
    table=_aws_table,
    plans=aws_plans,
    declared=lambda text: set(json.loads(text)["Statement"][0]["Action"]),
    sign_in=1,
    stand_ins={
        "sagemaker:Search": "every model is described one by one",
        "account:ListRegions": "ec2:DescribeRegions says the same",
        aws_tables.DESCRIBE_ORGANISATION.label: "it is said that a policy may exist above",
    },
    spared=frozenset({"ec2:DescribeRegions"}),
    fallback=frozenset({"ec2:DescribeRegions", *_IN_ORGANISATIONS}),
)
AZURE = Cloud(
    name="azure",
    start=_azure_zoo,
    table=_azure_table,
    plans=azure_plans,
    declared=lambda text: {*json.loads(text)["Actions"], *json.loads(text)["DataActions"]},
    sign_in=2,
    stand_ins=dict.fromkeys(
        (
            "resourcegraph:Resources",
            "authorization:Permissions_ListForSubscription",
        ),
        "every type is listed by Resource Manager",
    ),
    places=lambda r: (f"{azure_tables.TENANT}/other subscriptions/{r.type}",),
)
_GCP_INVENTORY = {operation.label: operation for operation in gcp_tables.INVENTORY}


def _gcp_table() -> Mapping[str, Operation]:
    walking = {operation.label for operation in gcp_tables.WALKING}
    known = gcp_tables.table_of(gcp_tables.plans())
    # What a project is, is asked before anything else: refused, there is nothing to scan.
    walking.add(gcp_tables.GET_PROJECT.label)
    return {k: v for k, v in sorted(known.items()) if k not in walking}


def _gcp_zoo() -> RunningGcp:
    """Everything must be asked of the services: the inventory's part has tests of its own."""
    world = build_gcp(3, has_specimens=True).world
    world.projects[GCP_PROJECT] = Project(parent=FOLDER, disabled=frozenset({"cloudasset"}))
    return RunningGcp(world)


def _gcp_rights(text: str) -> set[str]:
    """Give the rights of the role, and those outside of IAM that a comment names."""
    return set(re.findall(r"^(?:- |# )([a-z]+(?:\.[a-zA-Z]+){2})(?::|$)", text, re.MULTILINE))


GCP = Cloud(
    name="gcp",
    start=_gcp_zoo,
    table=_gcp_table,
    plans=gcp_tables.plans,
    declared=_gcp_rights,
    sign_in=2,
    first={gcp_tables.GET_PROJECT.label: gcp_tables.GET_PROJECT.right},
    stand_ins=dict.fromkeys(_GCP_INVENTORY, "every type is listed by its service"),
    fallback=frozenset({QUOTA_RIGHT}),
    places=lambda r: (f"{r.scope}/other locations/{r.type}",),
)
CLOUDS: Mapping[str, Cloud] = {cloud.name: cloud for cloud in (AWS, AZURE, GCP)}
OPERATIONS = [(cloud.name, label) for cloud in CLOUDS.values() for label in cloud.table()]
