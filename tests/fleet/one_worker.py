"""The units of a fleet done one after the other in this process, without ledger and engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.fleet.child import UnitError
from mlsec.fleet.config import config_of
from mlsec.fleet.ended import first_units, task_of_judge
from mlsec.fleet.pieces import Piece, Task
from mlsec.fleet.tasks.run import run_task
from mlsec.fleet.units import Assignment, Claim, Kind, NewUnit, Outcome, State

Do = Callable[[Assignment], Outcome]


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """How a scan went: every unit, and how many passes asked what was missing."""

    pieces: tuple[Piece, ...]
    passes: int


def scan(config: Mapping[str, Any], do: Do = run_task) -> Done:
    """Run a scan from its first unit to its reports."""
    parsed = config_of(dict(config))
    waiting: list[NewUnit] = first_units(parsed)
    pieces: list[Piece] = []
    follows = 0
    while True:
        last = 0
        while waiting:
            unit = waiting.pop(0)
            last = max(last, unit.pass_number)
            piece, new = _run(unit, len(pieces) + 1, parsed.stored(), do)
            pieces.append(piece)
            waiting += new
        task = task_of_judge(parsed, f"1/pieces-{last}.json", tuple(pieces))
        judge = Claim(
            unit=10_000 + last, attempt=1, scan=1, pass_number=last, kind=Kind.JUDGE,
            scope="organisation", lane="judge", task=task, failures=0, lease_s=60,
        )  # fmt: skip
        outcome = run_task(Assignment(claim=judge, config=parsed.stored()))
        if not outcome.new_units:
            return Done(pieces=tuple(pieces), passes=follows)
        follows += 1
        waiting += outcome.new_units


def _run(unit: NewUnit, number: int, config: Any, do: Do) -> tuple[Piece, Iterable[NewUnit]]:
    task = msgspec.convert(msgspec.to_builtins(unit.task), Task)
    claim = Claim(
        unit=number, attempt=1, scan=1, pass_number=unit.pass_number, kind=unit.kind,
        scope=unit.scope, lane=unit.lane, task=msgspec.to_builtins(task), failures=0, lease_s=60,
    )  # fmt: skip
    piece = Piece(
        unit=number, kind=unit.kind, pass_number=unit.pass_number, scope=unit.scope, task=task,
        state=State.GAP,
    )  # fmt: skip
    try:
        outcome = do(Assignment(claim=claim, config=config))
    except UnitError as error:
        return msgspec.structs.replace(
            piece, error_class=error.error_class.value, error=str(error),
            missing_right=error.missing_right,
        ), ()  # fmt: skip
    except MlsecError as error:
        return msgspec.structs.replace(piece, error_class="bug", error=str(error)), ()
    is_whole = outcome.error_class is None
    return msgspec.structs.replace(
        piece, state=State.DONE if is_whole else State.GAP, shard=outcome.shard,
        digest=outcome.digest, error=outcome.error, missing_right=outcome.missing_right,
        error_class="" if outcome.error_class is None else outcome.error_class.value,
    ), outcome.new_units  # fmt: skip
