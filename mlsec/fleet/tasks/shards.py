"""A unit's own snapshot, from its making to the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from mlsec.collect.run_facts import note_end, note_start, salt_of
from mlsec.collect.secrets.door import Door
from mlsec.collect.settings import CollectSettings
from mlsec.core.errors import NoRoomError
from mlsec.core.sanitize import plain_name
from mlsec.fleet.child import UnitError
from mlsec.fleet.store import Store
from mlsec.fleet.units import Claim, ErrorClass, Figures, Outcome
from mlsec.snapshot.store import Snapshot
from mlsec.targets.collection import host_name

NAME = "evidence.mlsnap"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a folder for a unit's files, which goes with the unit."""
    with TemporaryDirectory(prefix="mlsec-unit-") as folder:
        yield Path(folder)


@contextmanager
def begun(path: Path, settings: CollectSettings) -> Iterator[Snapshot]:
    """Begin a snapshot and finish it in the end.

    Raises:
        UnitError: the disk is full.
    """
    try:
        with Snapshot.create(path) as snapshot:
            snapshot.clean = Door(salt_of(snapshot, settings))
            snapshot.set_clock("host", plain_name(host_name()))
            note_start(snapshot)
            yield snapshot
            note_end(snapshot)
            snapshot.finish()
    except NoRoomError as error:
        raise UnitError(ErrorClass.DISK, error.message) from error


def put(claim: Claim, store: Store, path: Path) -> Outcome:
    """Put a unit's snapshot into the store, under a name of this attempt.

    Raises:
        UnitError: the store has no room.
    """
    try:
        stored = store.put(f"{claim.scan}/{claim.unit}/{claim.attempt}.mlsnap", path)
    except NoRoomError as error:
        raise UnitError(ErrorClass.DISK, error.message) from error
    with Snapshot.open(path) as snapshot:
        calls = sum(1 for _ in snapshot.calls())
    return Outcome(shard=stored.name, digest=stored.digest, figures=Figures(calls=calls))


def with_units(outcome: Outcome, **changes: object) -> Outcome:
    """Give an outcome with some of its fields replaced."""
    return msgspec.structs.replace(outcome, **changes)
