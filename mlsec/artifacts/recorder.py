"""Where a reader writes what it finds, so that nothing found before an error is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import DANGERS, Fact, FactKind, Format, Hole
from mlsec.artifacts.limits import Budget, Limits
from mlsec.artifacts.window import Window
from mlsec.core.closed_sets import GapReason, Severity

Descend = Callable[[Window, "Recorder"], None]


class Ledger:
    """All that is known of one file so far, over all its members."""

    __slots__ = ("facts", "formats", "holes", "members", "members_read", "properties")

    def __init__(self) -> None:
        self.facts: dict[Fact, None] = {}
        self.holes: dict[Hole, None] = {}
        self.formats: dict[Format, None] = {}
        self.properties: dict[str, Any] = {}
        self.members = 0
        self.members_read = 0


class Recorder:
    """Notes facts and holes of one file or member, under a shared budget."""

    __slots__ = ("budget", "depth", "descend", "ledger", "place", "spans")

    def __init__(
        self, budget: Budget, ledger: Ledger, descend: Descend, place: str = "", depth: int = 0
    ) -> None:
        self.budget = budget
        self.ledger = ledger
        self.descend = descend
        self.place = place
        self.depth = depth
        self.spans: list[tuple[int, int]] = []

    @property
    def limits(self) -> Limits:
        """The caps in force."""
        return self.budget.limits

    def fact(
        self,
        kind: FactKind,
        subject: str = "",
        detail: str = "",
        *,
        offset: int = -1,
        danger: Severity | None = None,
    ) -> None:
        """Note what was found at ``offset``; ``danger`` only to differ from the table."""
        if len(self.ledger.facts) >= self.limits.facts:
            self.hole(GapReason.OVER_LIMIT, f"more than {self.limits.facts} facts")
            return
        found = Fact(
            kind=kind,
            danger=danger or DANGERS[kind],
            place=self.place,
            offset=offset,
            subject=subject[:400],
            detail=detail[:400],
        )
        self.ledger.facts[found] = None

    def hole(self, reason: GapReason, detail: str, *, start: int = 0, size_bytes: int = -1) -> None:
        """Note what could not be read: what hides there is not known."""
        found = Hole(
            reason=reason, place=self.place, start=start, size_bytes=size_bytes, detail=detail[:400]
        )
        self.ledger.holes[found] = None

    def understood(self, start: int, end: int) -> None:
        """Say that bytes [start, end) are accounted for; what nobody accounts for is a fact."""
        self.spans.append((start, end))

    def property(self, name: str, value: Any) -> None:
        """Note a plain fact of the format. The first value stays, as the outermost names it."""
        self.ledger.properties.setdefault(name, value)

    def member(self, name: str, window: Window) -> None:
        """Read a member, whatever it is, as a file of its own."""
        place = f"{self.place}!/{name}" if self.place else name
        inner = Recorder(self.budget, self.ledger, self.descend, place, self.depth + 1)
        self.ledger.members += 1
        if inner.depth > self.limits.depth:
            inner.fact(FactKind.BOMB, name, f"nested deeper than {self.limits.depth} levels")
            inner.hole(GapReason.OVER_LIMIT, f"nested deeper than {self.limits.depth} levels")
            return
        try:
            self.budget.check_time()
            self.descend(window, inner)
            self.ledger.members_read += 1
        except ArtifactError as error:
            inner.hole(error.reason, error.message)
