"""What a unit is given to do, and what it has left: its shard, or why it left nothing."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mlsec.collect.folders.entry import Within
from mlsec.collect.parts import Question
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Gap
from mlsec.core.sanitize import visible
from mlsec.fleet.units import Kind, State
from mlsec.targets.collectors import provider_of

# The units that bring evidence, in the order in which it is joined.
EVIDENCE = (Kind.DISCOVER, Kind.COLLECT, Kind.FOLLOW)
_REASONS: Mapping[str, GapReason] = {
    "denied": GapReason.DENIED,
    "expired": GapReason.DENIED,
    "throttled": GapReason.THROTTLED,
    "unreachable": GapReason.TIMEOUT,
    "": GapReason.NOT_COLLECTED,
}


class Task(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a unit's process is given, beside its kind; kept as JSON in the ledger.

    ``target`` is the number of the configuration's target that it belongs to, and ``address`` the
    part of that to collect; of a bucket, only what lies ``within``. ``scope`` is the place in the
    evidence. ``questions`` are those that another collection left open. ``pieces`` names the
    judge's list of units, with its ``digest``.
    """

    target: int = 0
    address: str = ""
    within: Within = Within.ALL
    scope: str = ""
    lane: str = ""
    role_arn: str = ""
    questions: tuple[Question, ...] = ()
    pieces: str = ""
    digest: str = ""

    @property
    def provider(self) -> str:
        """Which collector reads it."""
        return provider_of(self.address)


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One unit that has ended. ``shard`` names its object in the store, "" for none."""

    unit: int
    kind: Kind
    pass_number: int
    scope: str
    task: Task
    state: State
    shard: str = ""
    digest: str = ""
    error_class: str = ""
    error: str = ""
    missing_right: str = ""

    @property
    def order(self) -> tuple[int, int, int, str, int]:
        """Where its evidence stands among that of all units, the same in every run."""
        kind = EVIDENCE.index(self.kind) if self.kind in EVIDENCE else len(EVIDENCE)
        return (self.task.target, kind, self.pass_number, self.scope, self.unit)

    def gap(self) -> Gap:
        """Say why nothing is known of its scope."""
        why = f": {self.error}" if self.error else ""
        return make_gap(
            scope=self.task.scope,
            subject=self.task.address or self.task.scope,
            wanted=f"fleet:{self.kind.value}",
            reason=_REASONS.get(self.error_class, GapReason.NOT_COLLECTED),
            missing_right=self.missing_right,
            detail=visible(f"{_STATES[self.state]}{why}", 500),
        )


_STATES = {
    State.DONE: "what was collected could not be used",
    State.GAP: "it could not be collected",
    State.QUARANTINED: "collecting it crashed twice, so it is left out",
    State.CANCELLED: "its collection was cancelled",
    State.WAITING: "its collection did not begin",
    State.QUEUED: "its collection did not begin",
    State.RUNNING: "its collection did not end",
}
