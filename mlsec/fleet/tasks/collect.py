"""The collection of one scope, and the answers to what another collection left open."""

from __future__ import annotations

from pathlib import Path

import msgspec

from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Gap
from mlsec.core.sanitize import plain_name
from mlsec.fleet.child import UnitError
from mlsec.fleet.config import FleetConfig
from mlsec.fleet.pieces import Task
from mlsec.fleet.settings import settings_of_part
from mlsec.fleet.store import Store
from mlsec.fleet.tasks.shards import NAME, begun, put, with_units
from mlsec.fleet.units import Claim, ErrorClass, Outcome
from mlsec.snapshot.facts import COMMIT, IDENTITY, PLACES, fact_of
from mlsec.snapshot.store import Snapshot
from mlsec.targets.checked_out import commit_of
from mlsec.targets.collectors import COLLECTORS, scheme_of
from mlsec.targets.identity import identity_of

EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "invalid_grant")
PASSING = {GapReason.THROTTLED: ErrorClass.THROTTLED, GapReason.TIMEOUT: ErrorClass.UNREACHABLE}


class _Places(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider's places say beside where to walk."""

    gaps: tuple[Gap, ...] = ()


def collect(claim: Claim, task: Task, config: FleetConfig, store: Store, scratch: Path) -> Outcome:
    """Collect one scope.

    Raises:
        UnitError: it could not be entered for a reason that may pass, or the credentials expired.
        MlsecError: it cannot be signed in to.
    """
    settings = settings_of_part(config.targets[task.target], task, scratch)
    path = scratch / NAME
    with begun(path, settings) as snapshot:
        _note_target(task.address, snapshot)
        COLLECTORS[task.provider].collect(task.address, snapshot, settings, None)
        refused = _refusal(snapshot, task)
    return with_units(put(claim, store, path), **refused)


def follow(claim: Claim, task: Task, config: FleetConfig, store: Store, scratch: Path) -> Outcome:
    """Ask one scope what the evidence of other scopes refers to.

    Raises:
        UnitError: the credentials expired.
        MlsecError: it cannot be signed in to.
    """
    settings = settings_of_part(config.targets[task.target], task, scratch)
    ask = COLLECTORS[task.provider].ask
    if ask is None:
        raise MlsecError(f"nothing can be asked of {task.address} later")
    path = scratch / NAME
    with begun(path, settings) as snapshot:
        ask(task.address, snapshot, settings, task.questions)
        _refuse_expired(snapshot)
    return put(claim, store, path)


def _note_target(address: str, snapshot: Snapshot) -> None:
    if scheme_of(address):
        return
    name = plain_name(address)
    snapshot.set_clock(f"{IDENTITY}{name}", identity_of(Path(address)))
    if commit := commit_of(Path(address)):
        snapshot.set_clock(f"{COMMIT}{name}", commit)


def _refusal(snapshot: Snapshot, task: Task) -> dict[str, object]:
    """Say how a whole scope was refused, for the status; the shard holds the gap itself.

    Raises:
        UnitError: it may be entered the next time.
    """
    _refuse_expired(snapshot)
    text = fact_of(snapshot.meta(), task.provider, PLACES)
    if task.provider == "kubernetes" or not text:
        return {}
    places = msgspec.json.decode(text, type=_Places)
    whole = [gap for gap in places.gaps if gap.scope == task.scope and not _has_calls(snapshot)]
    for gap in whole:
        why = f"{gap.wanted}: {gap.detail or gap.reason.value}"
        if gap.reason in PASSING:
            raise UnitError(PASSING[gap.reason], why)
        return {
            "error_class": ErrorClass.DENIED, "error": why, "missing_right": gap.missing_right,
        }  # fmt: skip
    return {}


def _has_calls(snapshot: Snapshot) -> bool:
    return next(snapshot.calls(), None) is not None


def _refuse_expired(snapshot: Snapshot) -> None:
    """Refuse a collection during which the credentials ran out: with new ones it is made anew."""
    for call in snapshot.calls():
        if call.error_code in EXPIRED:
            raise UnitError(ErrorClass.EXPIRED, f"{call.error_code}: {call.detail}"[:300])
