"""``mlsec doctor TARGET``: one question to each service, to see whether a scan is answered."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mlsec.cli import console
from mlsec.core.enums import GapReason
from mlsec.core.sanitize import visible
from mlsec.render.display import plural
from mlsec.snapshot.records import Call, CallStatus
from mlsec.snapshot.store import Snapshot

if TYPE_CHECKING:
    from mlsec.collect.collector import Collector
    from mlsec.collect.settings import CollectSettings

_WORDS = {GapReason.DENIED: "denied", GapReason.TIMEOUT: "no answer in time"}


def try_rights(target: str, collector: Collector, settings: CollectSettings) -> int:
    """Print which services answer and which right another needs; give how many do not answer.

    Raises:
        MlsecError: the target cannot be asked at all.
    """
    trial = msgspec.structs.replace(settings, is_trial=True)
    with tempfile.TemporaryDirectory(prefix="mlsec-doctor-") as folder:
        snapshot = Snapshot.create(Path(folder) / "trial.mlsnap")
        try:
            collector.collect(target, snapshot, trial, None)
            calls = list(snapshot.calls())
        finally:
            snapshot.close()
    by_scope: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        by_scope[call.scope].append(call)
    return sum(_show(scope, asked) for scope, asked in sorted(by_scope.items()))


def _show(scope: str, calls: list[Call]) -> int:
    failed = [call for call in calls if call.status is CallStatus.GAP]
    silent = {call.service for call in failed}
    services = {call.service for call in calls}
    console.out(
        f"{visible(scope, 120)}: {len(services - silent):,} of {plural(len(services), 'service')}"
        " answered one question each"
    )
    for call in sorted(failed, key=lambda call: (call.service, call.operation)):
        right = f"; grant {visible(call.right, 200)}" if call.right else ""
        reason = GapReason(call.reason)
        why = _WORDS.get(reason) or visible(call.detail, 200) or reason.value
        console.out(f"    {call.service}:{call.operation}: {why}{right}")
    return len(failed)
