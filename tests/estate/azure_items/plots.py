"""Faults that touch several resources of a deployment at once, one row for each deployment."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tests.estate.azure_estate import Planted, Site
from tests.estate.azure_items.planting import set_at


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """``fails`` are ``rule@key`` separated by blanks, where a key names a resource of the plot.

    ``changes`` maps a key to dotted paths and values. A key with a ``+`` before it is a resource
    that only a deployment with such a row has.
    """

    fails: str
    changes: Mapping[str, Mapping[str, Any]] = msgspec.field(default_factory=dict)


class Plot(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of faults; row n strikes the n-th of every so many deployments, none the first."""

    rows: tuple[Row, ...]

    @property
    def every(self) -> int:
        return len(self.rows) + 1

    @property
    def faults(self) -> tuple[Planted, ...]:
        """All planted faults, for the builder's table."""
        return tuple(
            Planted(rule=each.partition("@")[0], every=self.every, which=at)
            for at, row in enumerate(self.rows, 1)
            for each in row.fails.split()
        )

    def grow(
        self,
        site: Site,
        resources: Mapping[str, dict[str, Any]],
        beside: Mapping[str, str] | None = None,
    ) -> list[dict[str, Any]]:
        """Give the resources of a deployment with its faults; those of other rows are left out.

        ``beside`` maps further keys to ids that are made elsewhere.
        """
        grown = copy.deepcopy(dict(resources))
        at = site.deployment.index % self.every
        row = self.rows[at - 1] if at else Row(fails="")
        for key, changes in row.changes.items():
            for path, value in changes.items():
                set_at(grown[key.removeprefix("+")], path, value)
        for each in row.fails.split():
            rule, _, key = each.partition("@")
            planted = Planted(rule=rule, every=self.every, which=at)
            site.is_struck(planted, (beside or {}).get(key) or grown[key]["id"])
        optional = {key for each in self.rows for key in each.changes if key.startswith("+")}
        left_out = {key[1:] for key in optional - row.changes.keys()}
        return [resource for key, resource in grown.items() if key not in left_out]


def plot(rows: Sequence[tuple[str, Mapping[str, Mapping[str, Any]]]]) -> Plot:
    """Make a plot from (fails, changes); what a row changes and no other row has, it adds."""
    return Plot(rows=tuple(Row(fails=fails, changes=changes) for fails, changes in rows))
