"""The nouns of the ledger: a scan, its units, a worker's claim on one, and how it ended."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec


class Kind(enum.Enum):
    """What a unit does."""

    DISCOVER = "discover"
    COLLECT = "collect"
    FOLLOW = "follow"
    JUDGE = "judge"


class State(enum.Enum):
    """Where a unit stands. A queued or running one holds a slot of its lane."""

    WAITING = "waiting"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    GAP = "gap"
    QUARANTINED = "quarantined"
    CANCELLED = "cancelled"


ENDED = (State.DONE, State.GAP, State.QUARANTINED, State.CANCELLED)


class ErrorClass(enum.Enum):
    """Why a unit did not end as it should."""

    DENIED = "denied"
    EXPIRED = "expired"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    DISK = "disk"
    CRASH = "crash"
    BUG = "bug"
    LOST = "lost"
    CANCELLED = "cancelled"


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """One scan of an organisation."""

    id: int
    organisation: str
    config: Any
    state: str
    pass_number: int
    started_at: datetime
    ended_at: datetime | None = None


class NewUnit(msgspec.Struct, frozen=True, kw_only=True):
    """A unit to be added: one scope of one kind in one pass.

    Args:
        lane: what may not be asked by more than ``slots`` units at once.
        slots: how many slots the lane gets if it is new; a lane that is there keeps its own.
        weight: which of a lane's units begins first, the largest; seconds, say, of last night.
        task: what the unit's process is given, as JSON. It holds no credential.
    """

    pass_number: int
    kind: Kind
    scope: str
    lane: str
    task: Any
    slots: int = 1
    weight: float = 0.0


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's right to one attempt at a unit, until its lease ends.

    Args:
        attempt: the fencing number: what an older attempt says no longer counts.
        failures: how often it failed before, crashes not counted.
    """

    unit: int
    attempt: int
    scan: int
    pass_number: int
    kind: Kind
    scope: str
    lane: str
    task: Any
    failures: int
    lease_s: float


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """What a unit's process is given: the claim, and the configuration of its scan."""

    claim: Claim
    config: Any


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What a unit cost."""

    calls: int = 0
    cpu_ms: int = 0
    peak_bytes: int = 0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a unit's process ended, as it says itself: a shard, or an error with its class.

    Args:
        missing_right: what to grant so that it is not denied again, or "".
    """

    shard: str = ""
    digest: str = ""
    figures: Figures = Figures()
    new_units: tuple[NewUnit, ...] = ()
    error_class: ErrorClass | None = None
    error: str = ""
    missing_right: str = ""


class Shard(msgspec.Struct, frozen=True, kw_only=True):
    """What a unit that is done has left in the store."""

    unit: int
    pass_number: int
    kind: Kind
    scope: str
    shard: str
    digest: str


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A unit that ended without a shard, or failed and will be tried again."""

    unit: int
    pass_number: int
    kind: Kind
    scope: str
    state: State
    error_class: str
    error: str
    missing_right: str
    failures: int
    crashes: int


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How many units of one pass and kind are in one state, and what those cost together."""

    pass_number: int
    kind: Kind
    state: State
    units: int
    calls: int
    cpu_ms: int
    seconds: float
    peak_bytes: int


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """A lane's slots, and how many units of a scan hold one or wait for one."""

    name: str
    slots: int
    busy: int
    waiting: int


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a scan is.

    Args:
        at: the database's time of this count.
        ended_lately: units that ended in the last five minutes, from which time left follows.
        errors: units that ended without a shard or wait to be tried again, by class of error.
    """

    scan: Scan
    at: datetime
    counts: tuple[Count, ...]
    ended_lately: int
    errors: Mapping[str, int]

    def units(self, *states: State) -> int:
        """Count the units in these states, or all."""
        return sum(c.units for c in self.counts if not states or c.state in states)

    @property
    def is_over(self) -> bool:
        """Whether every unit that there is has ended."""
        return self.units() == self.units(*ENDED)

    @property
    def seconds_left(self) -> float | None:
        """Seconds until all units that there are have ended, at the pace of the last minutes."""
        left = self.units() - self.units(*ENDED)
        if not left:
            return 0.0
        elapsed = min(300.0, (self.at - self.scan.started_at).total_seconds())
        return left * elapsed / self.ended_lately if self.ended_lately else None
