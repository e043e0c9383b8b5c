"""The end of a pass: all shards joined; what they lack is asked next, or all of it is judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from mlsec.collect.parts import Question
from mlsec.core.sanitize import plain_name
from mlsec.fleet.config import FleetConfig, lane_slots
from mlsec.fleet.join import Fetch, join
from mlsec.fleet.pieces import Piece, Task
from mlsec.fleet.reports import write_all
from mlsec.fleet.settings import shipped_vocabulary
from mlsec.fleet.store import Store
from mlsec.fleet.tasks.shards import NAME
from mlsec.fleet.units import Claim, Kind, NewUnit, Outcome

# So many questions make one unit of a pass.
_AT_ONCE = 5000


def judge(claim: Claim, task: Task, config: FleetConfig, store: Store, scratch: Path) -> Outcome:
    """Join the shards of all units; give units for what is missing, else write the reports.

    Raises:
        MlsecError: the list of units is not the one that was put there; the evidence or the
            reports cannot be written.
    """
    with store.get(task.pieces, task.digest) as file:
        pieces = msgspec.json.decode(file.read_bytes(), type=tuple[Piece, ...])
    path = scratch / NAME
    joined = join(
        pieces,
        _fetching(store),
        path,
        targets_of(config, pieces),
        shipped_vocabulary(),
        organisation=config.organisation,
        is_last=claim.pass_number >= config.passes,
    )
    if not path.exists():
        units = follow_units(joined.walked.missing, pieces, config, claim.pass_number + 1)
        return Outcome(new_units=tuple(units))
    write_all(config, path)
    return Outcome()


def targets_of(config: FleetConfig, pieces: Iterable[Piece]) -> list[str]:
    """Name what was scanned as one process would have named it.

    Folders and buckets that were taken apart are targets of their own.
    """
    apart: dict[int, set[str]] = {}
    for piece in pieces:
        if piece.kind is Kind.COLLECT:
            apart.setdefault(piece.task.target, set()).add(piece.task.address)
    names = []
    for number, target in enumerate(config.targets):
        is_split = target.repositories or target.split or target.contexts
        names += sorted(apart.get(number, {target.target})) if is_split else [target.target]
    return [plain_name(name) for name in names]


def follow_units(
    missing: Mapping[str, tuple[Question, ...]],
    pieces: Iterable[Piece],
    config: FleetConfig,
    pass_number: int,
) -> Iterator[NewUnit]:
    """Give a unit for each scope that is to be asked again; a long list becomes several."""
    by_scope: dict[str, Piece] = {}
    by_provider: dict[str, Piece] = {}
    for piece in sorted(pieces, key=lambda piece: piece.order):
        if piece.kind is Kind.COLLECT:
            by_scope.setdefault(piece.task.scope, piece)
        by_provider.setdefault(piece.task.provider, piece)
    for scope, questions in missing.items():
        piece = by_scope.get(scope) or by_provider[scope.partition("/")[0]]
        lane = piece.task.lane or "discover"
        for start in range(0, len(questions), _AT_ONCE):
            task = Task(
                target=piece.task.target, address=piece.task.address, scope=scope, lane=lane,
                role_arn=piece.task.role_arn, questions=questions[start : start + _AT_ONCE],
            )  # fmt: skip
            part = f" part {start // _AT_ONCE + 1}" if start else ""
            yield NewUnit(
                pass_number=pass_number, kind=Kind.FOLLOW, scope=plain_name(f"{scope}{part}"),
                lane=lane, slots=lane_slots(config, lane), task=task,
            )  # fmt: skip


def _fetching(store: Store) -> Fetch:
    @contextmanager
    def fetch(piece: Piece) -> Iterator[Path]:
        with store.get(piece.shard, piece.digest) as file:
            yield file

    return fetch
