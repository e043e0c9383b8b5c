"""What each receiver was notified of: a file beside the history, to which lines are only added."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.changes import Change
from mlsec.core.digest import fingerprint
from mlsec.core.enums import Severity
from mlsec.core.errors import MlsecError
from mlsec.core.finding import Finding
from mlsec.core.foreign import refuse_foreign_file
from mlsec.history.series import series_key
from mlsec.render.tally import is_open

SUFFIX = ".notified"
_MOST_BYTES = 512 * 1024 * 1024


class _Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``since`` begins a receiver; ``sending`` and ``sent`` are about findings, by their keys."""

    receiver: str
    since: str = ""
    sending: tuple[str, ...] = ()
    sent: tuple[str, ...] = ()


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """What a receiver has to be sent: keys by fingerprint, and how many it may know already."""

    keys: dict[str, tuple[str, ...]]
    earlier: int


class Ledger:
    """The file ``HISTORY.notified``, held by one process at a time.

    A finding is sent once for each time that it opens. Where a run ended while it sent, the next
    sends again, and says so: whether a message arrived cannot be known.
    """

    def __init__(self, history: Path) -> None:
        self._path = history.with_name(history.name + SUFFIX)
        self._since: dict[str, str] = {}
        self._sending: set[tuple[str, str]] = set()
        self._sent: set[tuple[str, str]] = set()
        self._descriptor = -1

    def __enter__(self) -> Self:
        refuse_foreign_file(self._path)
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
            self._descriptor = os.open(self._path, flags, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            self._read()
        except OSError as error:
            self._close()
            raise self._unusable(error.strerror or str(error)) from None
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        self._close()

    def begin(self, address: str, assessment: Assessment) -> None:
        """Begin a receiver: it gets what opens from this scan on. Nothing if it has begun."""
        receiver = _receiver(address, assessment)
        if receiver not in self._since:
            self._add(_Line(receiver=receiver, since=assessment.scan.finished_at))

    def pending(self, address: str, assessment: Assessment, least: Severity) -> Pending:
        """Give what is open, at a severity or above, since the receiver began, and not yet sent."""
        receiver = _receiver(address, assessment)
        since = self._since.get(receiver, assessment.scan.finished_at)
        keys = {
            finding.fingerprint: tuple(f"{finding.fingerprint} {time}" for time in times)
            for finding in assessment.findings
            if is_open(finding) and finding.severity.rank <= least.rank
            for times in [_opened(finding, assessment)]
            if times[0] >= since
        }
        keys = {name: own for name, own in keys.items() if (receiver, own[0]) not in self._sent}
        earlier = sum((receiver, own[0]) in self._sending for own in keys.values())
        return Pending(keys=keys, earlier=earlier)

    @contextlib.contextmanager
    def sending(self, address: str, assessment: Assessment, keys: Iterable[str]) -> Iterator[None]:
        """Record that these were sent, when the block ends without an error."""
        receiver, both = _receiver(address, assessment), tuple(sorted(keys))
        self._add(_Line(receiver=receiver, sending=both))
        yield
        self._add(_Line(receiver=receiver, sent=both))

    def _read(self) -> None:
        with os.fdopen(os.dup(self._descriptor), "rb") as file:
            file.seek(0)
            whole = file.read(_MOST_BYTES + 1)
        if len(whole) > _MOST_BYTES:
            raise self._damaged("it is too large")
        # A line that a crash cut off has no end; what it said did not happen.
        end = whole.rfind(b"\n") + 1
        if end != len(whole):
            os.ftruncate(self._descriptor, end)
        decode = msgspec.json.Decoder(_Line).decode
        try:
            for text in whole[:end].splitlines():
                self._take(decode(text))
        except (msgspec.DecodeError, UnicodeError) as error:
            raise self._damaged(str(error)) from None

    def _take(self, line: _Line) -> None:
        if line.since:
            self._since.setdefault(line.receiver, line.since)
        self._sending.update((line.receiver, key) for key in line.sending)
        self._sent.update((line.receiver, key) for key in line.sent)

    def _add(self, line: _Line) -> None:
        payload = msgspec.json.encode(line) + b"\n"
        try:
            is_whole = os.write(self._descriptor, payload) == len(payload)
            os.fsync(self._descriptor)
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from None
        if not is_whole:
            raise self._unusable("there is no room left")
        self._take(line)

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _unusable(self, reason: str) -> MlsecError:
        return MlsecError(
            f"the record of what was sent cannot be written: {reason}",
            hint="it lies beside the history, and both must be writable",
            location=str(self._path),
        )

    def _damaged(self, reason: str) -> MlsecError:
        return MlsecError(
            f"the record of what was sent is damaged: {reason}",
            hint="restore it from a copy, or delete it: receivers then begin anew",
            location=str(self._path),
        )


def _receiver(address: str, assessment: Assessment) -> str:
    """Name a receiver for scans of these targets."""
    return fingerprint("mlsec/receiver", f"{address} {series_key(assessment)}")


def _opened(finding: Finding, assessment: Assessment) -> tuple[str, ...]:
    """When it opened, RFC 3339: now where it regressed, such as after a waiver, and since when."""
    now = assessment.scan.finished_at
    since = now if isinstance(finding.open_since, msgspec.UnsetType) else finding.open_since or now
    return (now, since) if finding.change == Change.REGRESSED.value else (since,)
