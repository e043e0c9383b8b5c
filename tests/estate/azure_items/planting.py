"""Planted faults as tables: the rule that must fail, and what is changed in a clean resource."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from tests.estate.azure_estate import Planted, Site

Changes = Mapping[str, Any]


class Bed(msgspec.Struct, frozen=True, kw_only=True):
    """The faults of one kind of resource: (planted, changes); a change of None takes a key away."""

    rows: tuple[tuple[tuple[Planted, ...], Changes], ...]

    @property
    def faults(self) -> tuple[Planted, ...]:
        """All planted faults, for the builder's table."""
        return tuple(planted for many, _ in self.rows for planted in many)

    def strike(self, site: Site, resource: dict[str, Any]) -> dict[str, Any]:
        """Give the resource with the faults of this deployment."""
        struck = copy.deepcopy(resource)
        for many, changes in self.rows:
            # Every rule of the row is noted, not only the first.
            noted = [site.is_struck(planted, resource["id"]) for planted in many]
            if all(noted):
                for path, value in changes.items():
                    set_at(struck, path, value)
        return struck


def bed(rows: Iterable[tuple[str, Changes]], *, least: int = 7, first: int = 1) -> Bed:
    """Give each row deployments of its own: row n strikes the n-th of every so many deployments.

    Args:
        rows: rules (several: separated by blanks) and the changes that break them; paths are
            dotted, a step that is a number picks out of a list.
        least: how many deployments there are in a round at the least.
        first: the deployment of a round that the first row strikes.
    """
    listed = list(rows)
    every = max(len(listed) + first, least)
    return Bed(
        rows=tuple(
            (tuple(Planted(rule=r, every=every, which=at + first) for r in rules.split()), changes)
            for at, (rules, changes) in enumerate(listed)
        )
    )


def set_at(document: Any, path: str, value: Any) -> None:
    """Change a value in place: a step that is a number picks out of a list, None takes away."""
    *above, last = path.split(".")
    for step in above:
        document = document[int(step)] if step.isdigit() else document.setdefault(step, {})
    if value is None:
        document.pop(last, None)
    else:
        document[int(last) if last.isdigit() else last] = copy.deepcopy(value)
