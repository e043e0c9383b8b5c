"""What a snapshot holds: one record per call, and the canonical bytes of what was answered."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

SCHEMA_VERSION = 1

_encoder = msgspec.json.Encoder(order="deterministic")


class CallStatus(enum.Enum):
    """How a call ended. ``not_set`` and ``gone`` are the provider's own words for "nothing there".

    ``not_offered``: the service does not exist in the region, so there is nothing to list.
    """

    DONE = "done"
    NOT_SET = "not_set"
    GONE = "gone"
    NOT_OFFERED = "not_offered"
    GAP = "gap"


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One read that was asked of a provider (all its pages) and how it ended.

    ``params`` is canonical JSON. ``payload`` is the digest of the stored answer, or "". ``reason``
    is a GapReason's value for gaps, and for answers that were cut short (then there is a payload
    too). The last three fields differ between runs and are kept out of the seal.
    """

    scope: str
    region: str
    service: str
    operation: str
    params: str = "{}"
    status: CallStatus = CallStatus.DONE
    reason: str = ""
    error_code: str = ""
    right: str = ""
    detail: str = ""
    payload: str = ""
    started_at: str = ""
    took_ms: int = 0
    attempts: int = 0

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What makes a call the same call: the resume key."""
        return (self.scope, self.region, self.service, self.operation, self.params)

    @property
    def id(self) -> str:
        """16 hex digits of the key; evidence and resources refer to a call by it."""
        return call_id(*self.key)

    def lasting(self) -> tuple[str, ...]:
        """Give all that must be equal between two runs over the same world."""
        return (*self.key, self.status.value, self.reason, self.error_code, self.right,
                self.detail, self.payload)  # fmt: skip


def call_id(scope: str, region: str, service: str, operation: str, params: str) -> str:
    """Give the id of the call with this key."""
    joined = "\x00".join((scope, region, service, operation, params))
    return hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def canonical(value: Any) -> bytes:
    """Encode as JSON with sorted keys: equal values give equal bytes."""
    return _encoder.encode(value)


def canonical_params(params: Mapping[str, Any]) -> str:
    """Give request parameters as the text of the resume key."""
    return canonical(params).decode()
