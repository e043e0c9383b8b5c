"""The readable twin of a snapshot: a folder of JSON Lines that git can show the changes of."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.foreign import refuse_foreign_link
from mlsec.core.named_file import read_named_file
from mlsec.snapshot.records import Call, CallStatus, canonical, canonical_params
from mlsec.snapshot.seal import digest_of
from mlsec.snapshot.store import Snapshot

# Of the folder's form, which has no seal of its own.
_VERSION = 1
_META, _CALLS, _TIMES = "meta.json", "calls.jsonl", "times.jsonl"
_SHORT = ("reason", "error_code", "right", "detail")


_Count = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]


class _Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One call with its answer inline."""

    scope: str
    region: str = ""
    service: str
    operation: str
    params: dict[str, Any] = msgspec.field(default_factory=dict)
    status: CallStatus = CallStatus.DONE
    reason: str = ""
    error_code: str = ""
    right: str = ""
    detail: str = ""
    answer: msgspec.Raw = msgspec.Raw()  # empty: the call has no answer


class _Times(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    started_at: str = ""
    took_ms: _Count = 0
    attempts: _Count = 0


class _Meta(msgspec.Struct, frozen=True, kw_only=True):
    """``meta`` holds lasting facts, ``clock`` the times of the collection."""

    schema: int
    meta: dict[str, str]
    clock: dict[str, str]


_line = msgspec.json.Decoder(_Line)


def export_folder(snapshot: Snapshot, folder: Path) -> None:
    """Write meta.json, calls.jsonl (sorted, answers inline) and times.jsonl, all or none.

    Raises:
        MlsecError: the folder cannot be written.
    """
    meta = {k: v for k, v in snapshot.meta().items() if k not in ("seal", "calls")}
    head = _Meta(schema=_VERSION, meta=meta, clock=snapshot.clock())
    refuse_foreign_link(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".draft-", dir=folder) as scratch:
            draft = Path(scratch)
            (draft / _META).write_bytes(msgspec.json.format(canonical(head), indent=2) + b"\n")
            with (draft / _CALLS).open("wb") as calls, (draft / _TIMES).open("wb") as times:
                for call in snapshot.calls():
                    calls.write(_call_line(snapshot, call) + b"\n")
                    times.write(_times_line(call) + b"\n")
            for name in (_CALLS, _TIMES, _META):
                (draft / name).replace(folder / name)
    except OSError as error:
        reason = error.strerror or str(error)
        raise MlsecError(f"cannot be written: {reason}", location=str(folder)) from None


def import_folder(folder: Path, path: Path) -> None:
    """Build the snapshot ``path`` from a folder; answers may be written by hand in any key order.

    Raises:
        MlsecError: a line that is not what export writes, with its file and line.
    """
    head = _read_meta(folder / _META)
    times = {time.id: time for time in _read_times(folder / _TIMES)}
    with Snapshot.create(path) as snapshot:
        try:
            for key, value in head.meta.items():
                snapshot.set_meta(key, value)
            for key, value in head.clock.items():
                snapshot.set_clock(key, value)
            snapshot.record_all(_read_calls(folder / _CALLS, times))
            snapshot.finish()
        except MlsecError:
            snapshot.discard()
            raise


def _call_line(snapshot: Snapshot, call: Call) -> bytes:
    line: dict[str, Any] = {
        "scope": call.scope,
        "region": call.region,
        "service": call.service,
        "operation": call.operation,
    }
    if call.params != "{}":
        line["params"] = msgspec.Raw(call.params.encode())
    if call.status is not CallStatus.DONE:
        line["status"] = call.status.value
    line |= {name: getattr(call, name) for name in _SHORT if getattr(call, name)}
    if call.payload:
        line["answer"] = msgspec.Raw(snapshot.payload_bytes(call.payload))
    return msgspec.json.encode(line)


def _times_line(call: Call) -> bytes:
    return msgspec.json.encode(
        _Times(
            id=call.id,
            started_at=call.started_at,
            took_ms=call.took_ms,
            attempts=call.attempts,
        )
    )


def _read_meta(path: Path) -> _Meta:
    try:
        head = msgspec.json.decode(read_named_file(path), type=_Meta)
    except OSError as error:
        raise MlsecError(
            f"this folder is not a snapshot: {error.strerror}", location=str(path)
        ) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise MlsecError(f"not a snapshot's head: {error}", location=str(path)) from None
    if head.schema > _VERSION:
        raise MlsecError(
            f"the snapshot is of version {head.schema}; this mlsec reads up to {_VERSION}",
            hint="update mlsec",
            location=str(path),
        )
    return head


def _read_times(path: Path) -> Iterator[_Times]:
    if not os.path.lexists(path):
        return
    for number, line in enumerate(_lines(path), 1):
        try:
            yield msgspec.json.decode(line, type=_Times)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise MlsecError(f"{error}", location=f"{path}:{number}") from None


def _lines(path: Path) -> list[bytes]:
    try:
        return read_named_file(path).splitlines()
    except OSError as error:
        raise MlsecError(f"cannot read it: {error.strerror}", location=str(path)) from None


def _read_calls(path: Path, times: dict[str, _Times]) -> Iterator[tuple[Call, bytes | None]]:
    seen: dict[str, int] = {}
    for number, raw in enumerate(_lines(path), 1):
        if not raw.strip():
            continue
        try:
            line = _line.decode(raw)
            body = None
            if bytes(line.answer):
                body = canonical(msgspec.json.decode(line.answer))
            call = _call(line, body)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise MlsecError(f"not a call: {error}", location=f"{path}:{number}") from None
        if seen.setdefault(call.id, number) != number:
            raise MlsecError(
                f"the same call as in line {seen[call.id]}, with an answer of its own",
                location=f"{path}:{number}",
            )
        yield _timed(call, times), body


def _call(line: _Line, body: bytes | None) -> Call:
    return Call(
        scope=line.scope,
        region=line.region,
        service=line.service,
        operation=line.operation,
        params=canonical_params(line.params),
        status=line.status,
        reason=line.reason,
        error_code=line.error_code,
        right=line.right,
        detail=line.detail,
        payload=digest_of(body) if body is not None else "",
    )


def _timed(call: Call, times: dict[str, _Times]) -> Call:
    known = times.get(call.id)
    if known is None:
        return call
    return msgspec.structs.replace(
        call, started_at=known.started_at, took_ms=known.took_ms, attempts=known.attempts
    )
