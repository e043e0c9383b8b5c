"""Probes from snapshot to inventory: one endpoint a target, and what could not be had of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mlsec.collect.tally import Tally
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Inventory, Resource
from mlsec.servers.probe import endpoint
from mlsec.servers.probe.evidence import Evidence, Step
from mlsec.servers.probe.response_record import SERVICE
from mlsec.servers.probe.target import PROVIDER, parse_target
from mlsec.snapshot.records import Call
from mlsec.snapshot.store import Snapshot
from mlsec.vocabulary.types import Vocabulary

ENDPOINT = "probe.endpoint"


def read(snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    """Give the endpoints that a snapshot reports.

    Raises:
        MlsecError: the evidence is damaged.
    """
    del vocabulary  # the mapping is fixed: an answer is kept in our own form
    tally = Tally()
    scopes: dict[str, list[Call]] = {}
    for call in snapshot.calls():
        if call.service == SERVICE:
            scopes.setdefault(call.scope, []).append(call)
    resources = tuple(
        _endpoint(scope, calls, snapshot, tally) for scope, calls in sorted(scopes.items())
    )
    return Inventory(
        resources=resources,
        gaps=tuple(tally.gaps[key] for key in sorted(tally.gaps)),
        coverage=tally.coverage(),
    )


def _endpoint(scope: str, calls: Iterable[Call], snapshot: Snapshot, tally: Tally) -> Resource:
    target = parse_target(scope.removeprefix(f"{PROVIDER}/"))
    evidence = Evidence(target=target, steps=_steps(calls, snapshot))
    shown = endpoint.shape(evidence)
    place = (ENDPOINT, scope, "")
    tally.look(place)
    for gap in shown.gaps:
        tally.hide(place, gap, is_listing=False)
    tally.add(place, errored=int(bool(shown.gaps)), assessed=int(not shown.gaps))
    return Resource(
        id=target.id,
        type=ENDPOINT,
        provider=PROVIDER,
        scope=scope,
        name=target.id,
        properties=shown.properties,
        unread=shown.unread,
        sources=shown.sources,
    )


def _steps(calls: Iterable[Call], snapshot: Snapshot) -> tuple[Step, ...]:
    steps = []
    for call in calls:
        body = snapshot.payload_bytes(call.payload) if call.payload else b""
        try:
            params: Mapping[str, Any] = msgspec.json.decode(call.params)
            steps.append(Step(call=call, params=params, body=body))
        except msgspec.DecodeError as error:
            raise MlsecError(
                f"the evidence of {call.operation} is damaged: {error}", location=str(snapshot.path)
            ) from None
    return tuple(steps)
