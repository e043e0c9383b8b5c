"""The recorded steps of one target, as they are read again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.servers.probe.target import ProbeTarget
from mlsec.snapshot.records import Call


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded step with its parameters and the bytes of what it gave."""

    call: Call
    params: Mapping[str, Any]
    body: bytes


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """All steps of one target."""

    target: ProbeTarget
    steps: tuple[Step, ...]

    def first(self, operation: str) -> Step | None:
        """Give the step of an operation that is done once."""
        return next((step for step in self.steps if step.call.operation == operation), None)
