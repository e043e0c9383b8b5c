"""What the process of a unit does: by its kind, with a scratch folder, into the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from mlsec.core.errors import MlsecError, NoRoomError
from mlsec.core.sanitize import visible
from mlsec.fleet.child import UnitError
from mlsec.fleet.config import FleetConfig, config_of
from mlsec.fleet.pieces import Task
from mlsec.fleet.store import Store, open_store
from mlsec.fleet.tasks.collect import collect, follow
from mlsec.fleet.tasks.discover import discover
from mlsec.fleet.tasks.judge import judge
from mlsec.fleet.tasks.shards import scratch_folder
from mlsec.fleet.units import Assignment, Claim, ErrorClass, Kind, Outcome
from mlsec.targets.collectors import provider_of, scheme_of

_DO: Mapping[Kind, Callable[[Claim, Task, FleetConfig, Store, Path], Outcome]] = {
    Kind.DISCOVER: discover,
    Kind.COLLECT: collect,
    Kind.FOLLOW: follow,
}
# How the errors of our own clients say that nobody answered.
_AWAY = (
    "cannot be asked", "cannot be reached", "could not connect", "answered nothing", "timed out",
    "the store cannot be used",
)  # fmt: skip


def run_task(assignment: Assignment) -> Outcome:
    """Do what a unit is for.

    Raises:
        UnitError: what went wrong, in its class.
        MlsecError: the configuration is wrong, or the evidence cannot be judged.
    """
    claim = assignment.claim
    config = config_of(assignment.config)
    task = msgspec.convert(claim.task, Task)
    store = open_store(config)
    with scratch_folder() as scratch:
        if claim.kind is Kind.JUDGE:
            return judge(claim, task, config, store, scratch)
        try:
            check_place(task, config)
            return _DO[claim.kind](claim, task, config, store, scratch)
        except NoRoomError:
            raise
        except MlsecError as error:
            raise UnitError(class_of(str(error)), str(error)) from error


def check_place(task: Task, config: FleetConfig) -> None:
    """Refuse what lies outside of the configuration's target: a worker's login can add units.

    Raises:
        MlsecError: names it.
    """
    target = config.targets[task.target].target if task.target < len(config.targets) else ""
    is_within = provider_of(task.address) == provider_of(target)
    if is_within and provider_of(target) == "files":
        if scheme_of(target):
            is_within = task.address.startswith(target.rstrip("/"))
        else:
            path, place = Path(task.address), Path(target)
            is_within = path.is_relative_to(place) and ".." not in path.relative_to(place).parts
    if not is_within:
        raise MlsecError(f"{visible(task.address, 100)} is not in the target {visible(target)}")


def class_of(text: str) -> ErrorClass:
    """Give the class of what kept a scope from being signed in to: whether it may pass."""
    words = text.casefold()
    if "expired" in words or "invalid_grant" in words:
        return ErrorClass.EXPIRED
    is_away = any(said in words for said in _AWAY)
    return ErrorClass.UNREACHABLE if is_away else ErrorClass.DENIED
