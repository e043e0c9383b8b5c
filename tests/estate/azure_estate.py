"""The invented company rendered to Azure: deployments with planted faults, and what must fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tests.estate.azure_world import SUBSCRIPTION, World
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
    subscription: str = SUBSCRIPTION

    @property
    def name(self) -> str:
        """A name that is good for most resources: ``churn-0000``."""
        return self.deployment.name

    @property
    def short(self) -> str:
        """A name without hyphens, for storage accounts and registries: ``nlchurn0000``."""
        return "nl" + self.deployment.name.replace("-", "")

    def some(self, every: int, which: int = 0) -> bool:
        """Whether this deployment has a thing that not every one has."""
        return self.deployment.index % every == which

    def is_struck(self, fault: Planted, resource_id: str) -> bool:
        """Whether the fault is planted here; the resource with this id must then fail its rule."""
        if not self.some(fault.every, fault.which):
            return False
        self.expected.setdefault(fault.rule, set()).add(resource_id.lower())
        return True


class AzureEstate(msgspec.Struct, frozen=True, kw_only=True):
    """``expected`` maps a rule to the ids (lower case) that must fail it, and no others."""

    world: World
    expected: Mapping[str, frozenset[str]]


def build_azure(count: int, *, has_specimens: bool = False) -> AzureEstate:
    """Declare ``count`` deployments; ``has_specimens`` adds one of every kind nobody else owns."""
    # The builders import this file; the plans are of no use to who wants no specimens.
    from tests.estate.azure_items import BUILDERS  # noqa: PLC0415
    from tests.estate.azure_specimens import add_specimens  # noqa: PLC0415

    expected: dict[str, set[str]] = {}
    resources: list[dict[str, Any]] = []
    for builder in BUILDERS:
        resources += builder.of_company()
        for deployment in build_estate(count).deployments:
            resources += builder.of_deployment(Site(deployment=deployment, expected=expected))
        if has_specimens:
            resources += builder.specimens()
    world = World(resources)
    if has_specimens:
        add_specimens(world)
    return AzureEstate(
        world=world,
        expected={rule: frozenset(ids) for rule, ids in sorted(expected.items())},
    )
