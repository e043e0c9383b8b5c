"""Which scopes a target consists of: each becomes a unit of its own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mlsec.collect.folders.entry import StoreError
from mlsec.collect.parts import Part
from mlsec.collect.settings import CollectSettings
from mlsec.core.sanitize import plain_name
from mlsec.fleet.child import UnitError
from mlsec.fleet.config import FleetConfig, Target, lane_slots
from mlsec.fleet.discovery.buckets import Area, areas_of
from mlsec.fleet.discovery.repositories import repositories_in
from mlsec.fleet.pieces import Task
from mlsec.fleet.settings import settings_of
from mlsec.fleet.store import Store
from mlsec.fleet.tasks.collect import EXPIRED, PASSING
from mlsec.fleet.tasks.shards import NAME, begun, put, with_units
from mlsec.fleet.units import Claim, ErrorClass, Kind, NewUnit, Outcome
from mlsec.model_files.stores import open_bucket, scope_of
from mlsec.snapshot.store import Snapshot
from mlsec.targets.collectors import COLLECTORS, provider_of, scheme_of


def discover(claim: Claim, task: Task, config: FleetConfig, store: Store, scratch: Path) -> Outcome:
    """Find the scopes of a target; what was asked for that is a shard too.

    Raises:
        MlsecError: the target cannot be signed in to, or has no scope.
    """
    target = config.targets[task.target]
    settings = settings_of(target, scratch)
    path = scratch / NAME
    with begun(path, settings) as snapshot:
        parts = find_parts(target, snapshot, settings)
    is_alone = sum(provider_of(t.target) == task.provider for t in config.targets) == 1
    units = tuple(_unit(part, task.target, config, is_alone=is_alone) for part in parts)
    return with_units(put(claim, store, path), new_units=units)


def find_parts(target: Target, snapshot: Snapshot, settings: CollectSettings) -> tuple[Part, ...]:
    """Take a target apart."""
    text, scheme = target.target, scheme_of(target.target)
    if target.contexts:
        return tuple(_of_contexts(snapshot, settings))
    find = COLLECTORS[provider_of(text)].find_parts
    if find is not None:
        return find(text, snapshot, settings)
    lane = f"{scheme}/{text.partition('://')[2].partition('/')[0]}" if scheme else "files"
    if target.split:
        return tuple(_of_bucket(target, settings, lane))
    names = repositories_in(Path(text)) if target.repositories else [text]
    if provider_of(text) != "files":
        return tuple(Part(scope=_server(name), target=name, lane="probe") for name in names)
    return tuple(Part(scope=scope_of(name), target=name, lane=lane) for name in names)


def _of_bucket(target: Target, settings: CollectSettings, lane: str) -> Iterable[Part]:
    """Take a bucket apart; one that cannot be listed to its end is a part that says so itself.

    Raises:
        UnitError: it may be listed the next time.
    """
    bucket = open_bucket(target.target, settings)
    try:
        areas = areas_of(bucket, target.split_objects)
    except StoreError as error:
        if error.reason in PASSING:
            raise UnitError(PASSING[error.reason], error.message) from error
        if error.code in EXPIRED:
            raise UnitError(ErrorClass.EXPIRED, error.message) from error
        areas = (Area(prefix=bucket.prefix),)
    for area in areas:
        name = f"{bucket.root}/{area.prefix}" if area.prefix else target.target
        yield Part(scope=scope_of(name), target=name, lane=lane, within=area.within)


def _of_contexts(snapshot: Snapshot, settings: CollectSettings) -> Iterable[Part]:
    from mlsec.providers.kubernetes.client.session import contexts  # noqa: PLC0415 - its client

    if (find := COLLECTORS["kubernetes"].find_parts) is not None:
        for context in sorted(contexts()):
            yield from find(f"kubernetes://{context}", snapshot, settings)


def _server(address: str) -> str:
    from mlsec.servers.probe.target import parse_target  # noqa: PLC0415 - few fleets probe

    return parse_target(address).scope


def _unit(part: Part, target: int, config: FleetConfig, *, is_alone: bool) -> NewUnit:
    task = Task(
        target=target, address=part.target, scope=part.scope, lane=part.lane,
        role_arn=part.role_arn, within=part.within,
    )  # fmt: skip
    name = part.scope if is_alone else f"{part.scope} of target {target + 1}"
    return NewUnit(
        pass_number=1,
        kind=Kind.COLLECT,
        scope=plain_name(name),
        lane=part.lane,
        slots=lane_slots(config, part.lane),
        task=task,
    )
