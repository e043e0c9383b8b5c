"""What is said of a type's listing holds for all types that are listed below it."""

from __future__ import annotations

from collections.abc import Iterable

from mlsec.collect.tally import Place, Tally
from mlsec.collect.walk.plan import TypePlan
from mlsec.core.resource import Gap


class Subtree:
    """Counts in a tally for a place and for all places below it."""

    def __init__(self, plans: Iterable[TypePlan], tally: Tally) -> None:
        self._plans, self._tally = tuple(plans), tally

    def look(self, place: Place) -> None:
        """Note that a type was asked for, and so all that is listed below it: none of it may be."""
        self._tally.look(place)
        for below in self._below(place):
            self.look(below)

    def hide(self, place: Place, gap: Gap) -> None:
        """Note that more may exist than was listed, of this type and of all listed below it."""
        self._tally.hide(place, gap, is_listing=True)
        for below in self._below(place):
            self.hide(below, gap)

    def note(self, place: Place, why: str) -> None:
        """Say of a type, and of all listed below it, why there is nothing here."""
        self._tally.note(place, why)
        for below in self._below(place):
            self.note(below, why)

    def _below(self, place: Place) -> Iterable[Place]:
        for plan in self._plans:
            if plan.parent == place[0] and plan.is_below:
                yield (plan.type, place[1], "" if plan.is_global else place[2])
