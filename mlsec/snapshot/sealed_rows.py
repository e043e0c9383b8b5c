"""The rows of a finished snapshot: read once, every type checked, and the seal over them."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec

from mlsec.core.enums import GapReason
from mlsec.core.equal_values import EqualValues
from mlsec.core.errors import MlsecError
from mlsec.snapshot.database import clear_errors
from mlsec.snapshot.foreign_database import Guard
from mlsec.snapshot.records import Call, CallStatus
from mlsec.snapshot.seal import check_seal

_CALLS = (
    "SELECT id, scope, region, service, operation, params, status, reason, error_code, right,"
    " detail, payload FROM call"
)
_TIMES = "SELECT id, started_at, took_ms, attempts FROM timing"
# No row of a table takes fewer bytes in the file: more rows than that come from a circle of pages.
_LEAST_ROW_BYTES = 4
_DIGEST_CHARS = 64
_STATUSES = {status.value: status for status in CallStatus}
_REASONS = frozenset({"", *(reason.value for reason in GapReason)})
# Parameters of a request; a person or a plan of ours wrote them.
_PARAMS_CHARS = 1024 * 1024
_params = msgspec.json.Decoder(dict[str, Any])


class SealedRows:
    """Facts, times and calls of a snapshot that nobody changed since it was finished."""

    def __init__(self, connection: sqlite3.Connection, guard: Guard, path: Path) -> None:
        self._connection, self._guard = connection, guard
        self._path, self._most = path, path.stat().st_size // _LEAST_ROW_BYTES
        self.meta = self._pairs("SELECT key, value FROM meta")
        self.clock = self._pairs("SELECT key, value FROM clock")
        self._by_id  # noqa: B018 - read and checked before anything is asked

    def forget_calls(self) -> None:
        """Let go of all calls; they are read and checked again for who asks after this."""
        for name in ("_by_id", "calls", "_by_place"):
            self.__dict__.pop(name, None)

    @cached_property
    def _by_id(self) -> dict[str, Call]:
        with clear_errors(self._path):
            times = {row[0]: row[1:] for row in self._rows(_TIMES, (str, str, int, int))}
            equal = EqualValues()
            calls = {
                row[0]: self._call(tuple(map(equal.text, row)), times.get(row[0], ("", 0, 0)))
                for row in self._rows(_CALLS, (str,) * 12)
            }
        self._check_whole(calls.values(), len(times))
        return calls

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """All calls, sorted by scope, region, service, operation and parameters."""
        order = attrgetter("scope", "region", "service", "operation", "params")
        return tuple(sorted(self._by_id.values(), key=order))

    def find(self, call_id: str) -> Call | None:
        """Give the call with this id, or None when it was not made."""
        return self._by_id.get(call_id)

    def find_all(self, place: tuple[str, str, str, str]) -> list[Call]:
        """Give the calls of one scope, region, service and operation, by their parameters."""
        return list(self._by_place.get(place, ()))

    @cached_property
    def _by_place(self) -> dict[tuple[str, str, str, str], list[Call]]:
        places = defaultdict(list)
        for call in self.calls:
            places[call.key[:4]].append(call)
        return dict(places)

    def _check_whole(self, calls: Collection[Call], timed: int) -> None:
        if "seal" not in self.meta:
            raise MlsecError(
                "the snapshot was never finished",
                hint="finish it with --resume",
                location=str(self._path),
            )
        expected, count = self.meta.get("calls", "none"), len(calls)
        if expected != str(count):
            raise MlsecError(
                f"the snapshot should hold {expected[:20]} calls and holds {count}",
                hint="it was changed after it was collected",
                location=str(self._path),
            )
        if timed > count:
            raise self._damaged(f"times of {timed} calls, and {count} calls")
        check_seal(self.meta, self.clock, calls, str(self._path))

    def _pairs(self, query: str) -> dict[str, str]:
        return {key: value for key, value in self._rows(query, (str, str))}  # noqa: C416 - rows are typed as Any

    def _rows(self, query: str, types: Sequence[type]) -> Iterator[tuple[Any, ...]]:
        """Give the rows of a table in the order of its key, in which none comes twice."""
        last = None
        self._guard.begin()
        for number, row in enumerate(self._connection.execute(query)):
            if tuple(map(type, row)) != types:
                raise self._damaged(f"a value of another type than its column's: {query[:60]}")
            if number > self._most or (last is not None and row[0] <= last):
                raise self._damaged(f"rows that are not in the order of their key: {query[:60]}")
            last = row[0]
            yield row

    def _call(self, row: tuple[Any, ...], times: tuple[Any, ...]) -> Call:
        call_id, scope, region, service, operation, params, status, reason = row[:8]
        error_code, right, detail, payload = row[8:]
        started_at, took_ms, attempts = times
        if status not in _STATUSES or reason not in _REASONS:
            raise self._damaged(f"call {call_id[:16]!r} ended in a way that is not known")
        if status == CallStatus.GAP.value and not reason:
            raise self._damaged(f"call {call_id[:16]!r} is not answered, and not said why")
        if payload and (len(payload) != _DIGEST_CHARS or payload.strip("0123456789abcdef")):
            raise self._damaged(f"call {call_id[:16]!r} has an answer without a digest")
        call = Call(
            scope=scope, region=region, service=service, operation=operation, params=params,
            status=_STATUSES[status], reason=reason, error_code=error_code, right=right,
            detail=detail, payload=payload, started_at=started_at, took_ms=took_ms,
            attempts=attempts,
        )  # fmt: skip
        if call.id != call_id:
            raise MlsecError(
                f"the seal does not hold: call {call_id[:16]!r} is not the one that its id says",
                location=str(self._path),
            )
        self._check_params(call)
        return call

    def _check_params(self, call: Call) -> None:
        if call.params == "{}":
            return
        try:
            if len(call.params) > _PARAMS_CHARS:
                raise self._damaged(f"call {call.id} has too many parameters")
            _params.decode(call.params)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise self._damaged(f"call {call.id} has parameters that are not a mapping") from None

    def _damaged(self, what: str) -> MlsecError:
        return MlsecError(
            f"the snapshot is damaged or not a snapshot: {what}", location=str(self._path)
        )
