"""The units of a scan between the ledger and the store: the first ones, and all that ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import msgspec

from mlsec.core.sanitize import plain_name
from mlsec.fleet.config import FleetConfig, lane_slots
from mlsec.fleet.pieces import EVIDENCE, Piece, Task
from mlsec.fleet.store import open_store
from mlsec.fleet.stored_json import from_json
from mlsec.fleet.units import Kind, NewUnit, State
from mlsec.targets.collectors import provider_of

if TYPE_CHECKING:
    import psycopg

_QUERY = """
SELECT id, kind, pass, scope, task, state, shard, digest, error_class, error, missing_right
FROM mlsec_fleet.unit WHERE scan = %s AND kind = ANY(%s) ORDER BY id
"""


def first_units(config: FleetConfig) -> list[NewUnit]:
    """Give the units that a scan begins with: one finds the scopes of each target."""
    units = []
    for number, target in enumerate(config.targets):
        scope = f"{provider_of(target.target)}/*"
        units.append(
            NewUnit(
                pass_number=0,
                kind=Kind.DISCOVER,
                scope=plain_name(f"{target.target} (target {number + 1})"),
                lane="discover",
                slots=lane_slots(config, "discover"),
                task=Task(target=number, address=target.target, scope=scope, lane="discover"),
            )
        )
    return units


def pieces_of(connection: psycopg.Connection[Any], scan: int) -> Iterator[Piece]:
    """Give all units of a scan that bring evidence."""
    kinds = [kind.value for kind in EVIDENCE]
    for row in connection.execute(_QUERY, (scan, kinds)):
        unit, kind, number, scope, task, state, *ended = row
        shard, digest, error_class, error, right = (value or "" for value in ended)
        yield Piece(
            unit=unit, kind=Kind(kind), pass_number=number, scope=scope,
            task=msgspec.convert(from_json(task), Task), state=State(state),
            shard=shard, digest=digest, error_class=error_class, error=error, missing_right=right,
        )  # fmt: skip


def put_pieces(
    connection: psycopg.Connection[Any], scan: int, config: FleetConfig
) -> dict[str, Any]:
    """Put the list of a scan's units into the store, and give the task of the unit that judges.

    Raises:
        MlsecError: the store cannot be written.
    """
    pieces = tuple(pieces_of(connection, scan))
    last = max((piece.pass_number for piece in pieces), default=0)
    return task_of_judge(config, f"{scan}/pieces-{last}.json", pieces)


def task_of_judge(config: FleetConfig, name: str, pieces: tuple[Piece, ...]) -> dict[str, Any]:
    """Put a list of units into the store under a name, and give the task that reads it."""
    with TemporaryDirectory(prefix="mlsec-") as scratch:
        file = Path(scratch) / "pieces.json"
        file.write_bytes(msgspec.json.encode(pieces))
        stored = open_store(config).put(name, file)
    task: dict[str, Any] = msgspec.to_builtins(Task(pieces=stored.name, digest=stored.digest))
    return task
