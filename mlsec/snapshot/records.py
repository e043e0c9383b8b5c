"""What a snapshot holds: one record per call, and the canonical bytes of what was answered."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.core.errors import MlsecError

SCHEMA_VERSION = 2

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


_STATUSES = {status.value: status for status in CallStatus}


class Call(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One read that was asked of a provider (all its pages) and how it ended.

    ``params`` is canonical JSON. ``payload`` is the digest of the stored answer, or "". ``reason``
    is a GapReason's value for gaps, and for answers that were cut short (then there is a payload
    too). The last three fields differ between runs and are kept out of
    the content's digest.
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

    def parameter(self, name: str) -> str:
        """Give one parameter that the call was made with.

        Raises:
            MlsecError: it has none of that name.
        """
        value = msgspec.json.decode(self.params).get(name)
        if not isinstance(value, str):
            raise MlsecError(f"the snapshot is damaged: call {self.id} does not name its {name}")
        return value

    def lasting(self) -> tuple[str, ...]:
        """Give all that must be equal between two runs over the same world."""
        return (*self.key, self.status.value, self.reason, self.error_code, self.right,
                self.detail, self.payload)  # fmt: skip


def call_id(scope: str, region: str, service: str, operation: str, params: str) -> str:
    """Give the id of the call with this key."""
    joined = "\x00".join((scope, region, service, operation, params))
    return hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def call_of_row(row: tuple[Any, ...]) -> Call:
    """Give the call of a row of our own: its columns, with the times or without."""
    scope, region, service, operation, params, status, reason, code, right, detail, payload = row[
        :11
    ]
    started_at, took_ms, attempts = row[11:] if len(row) > 11 else ("", 0, 0)
    if status not in _STATUSES or not all(isinstance(value, str) for value in row[:11]):
        raise MlsecError("the collection is damaged: a call is not written as mlsec writes it")
    return Call(
        scope=scope, region=region, service=service, operation=operation, params=params,
        status=_STATUSES[status], reason=reason, error_code=code, right=right, detail=detail,
        payload=payload, started_at=started_at or "", took_ms=took_ms or 0, attempts=attempts or 0,
    )  # fmt: skip


def canonical(value: Any) -> bytes:
    """Encode as JSON with sorted keys: equal values give equal bytes."""
    return _encoder.encode(value)


def canonical_params(params: Mapping[str, Any]) -> str:
    """Give request parameters as the text of the resume key."""
    return canonical(params).decode()
