"""The invented company rendered to Google Cloud: deployments, planted faults, what must fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tests.estate.gcp_world import (
    FOLDER,
    HOME,
    ORGANIZATION,
    PROJECT,
    Project,
    Thing,
    Told,
    World,
)
from tests.estate.model import Deployment, build_estate


class Planted(msgspec.Struct, frozen=True, kw_only=True):
    """One class of planted fault: the rule that must find it, and which deployments have it."""

    rule: str
    every: int
    which: int = 0


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """One deployment while it is built; ``expected`` collects what must fail, by rule."""

    deployment: Deployment
    expected: dict[str, set[str]]
    project: str = PROJECT
    region: str = HOME

    @property
    def name(self) -> str:
        """A name that is good for every resource: ``churn-0000``."""
        return self.deployment.name

    @property
    def here(self) -> str:
        """``projects/p/locations/l``: what most resources lie below."""
        return f"projects/{self.project}/locations/{self.region}"

    def some(self, every: int, which: int = 0) -> bool:
        """Whether this deployment has a thing that not every one has."""
        return self.deployment.index % every == which

    def is_struck(self, fault: Planted, resource_id: str) -> bool:
        """Whether the fault is planted here; the resource with this id must then fail its rule."""
        if not self.some(fault.every, fault.which):
            return False
        self.expected.setdefault(fault.rule, set()).add(resource_id)
        return True


class GcpEstate(msgspec.Struct, frozen=True, kw_only=True):
    """``expected`` maps a rule to the ids that must fail it, and no others."""

    world: World
    expected: Mapping[str, frozenset[str]]


def build_gcp(count: int, *, has_specimens: bool = False) -> GcpEstate:
    """Declare ``count`` deployments; ``has_specimens`` adds one of every kind nobody else owns."""
    from tests.estate.gcp_items import BUILDERS  # noqa: PLC0415 - the builders import this file

    expected: dict[str, set[str]] = {}
    things: list[Thing | Told] = []
    for builder in BUILDERS:
        things += builder.of_company()
        for deployment in build_estate(count).deployments:
            things += builder.of_deployment(Site(deployment=deployment, expected=expected))
        if has_specimens:
            things += builder.specimens()
    world = World(things, projects=(Project(parent=FOLDER),))
    world.folders = {ORGANIZATION: (FOLDER,)}
    return GcpEstate(
        world=world,
        expected={rule: frozenset(ids) for rule, ids in sorted(expected.items())},
    )


def binding(role: str, *members: str, **more: Any) -> dict[str, Any]:
    """Make one binding of an IAM policy."""
    return {"role": role, "members": list(members), **more}
