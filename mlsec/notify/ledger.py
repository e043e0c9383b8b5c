"""What each receiver was notified of, kept with the history, to which entries are only added."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.changes import Change
from mlsec.core.digest import fingerprint
from mlsec.core.enums import Severity
from mlsec.core.finding import Finding
from mlsec.history.place import DatabaseUrl, Place
from mlsec.history.series import series_key
from mlsec.notify.record import SUFFIX, Entry, FileRecord, Record
from mlsec.render.tally import is_open

__all__ = ["SUFFIX", "Ledger", "Pending"]


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """What a receiver has to be sent: keys by fingerprint, and how many it may know already."""

    keys: dict[str, tuple[str, ...]]
    earlier: int


class Ledger:
    """What was sent, held by one process at a time: a file beside the history, or its database.

    A finding is sent once for each time that it opens. Where a run ended while it sent, the next
    sends again, and says so: whether a message arrived cannot be known.
    """

    def __init__(self, history: Place) -> None:
        self._record = _record_of(history)
        self._since: dict[str, str] = {}
        self._sending: set[tuple[str, str]] = set()
        self._sent: set[tuple[str, str]] = set()

    def __enter__(self) -> Self:
        try:
            for entry in self._record.open():
                self._take(entry)
        except BaseException:
            self._record.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        self._record.close()

    def begin(self, address: str, assessment: Assessment) -> None:
        """Begin a receiver: it gets what opens from this scan on. Nothing if it has begun."""
        receiver = _receiver(address, assessment)
        if receiver not in self._since:
            self._add(Entry(receiver=receiver, since=assessment.scan.finished_at))

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
        self._add(Entry(receiver=receiver, sending=both))
        yield
        self._add(Entry(receiver=receiver, sent=both))

    def _take(self, entry: Entry) -> None:
        if entry.since:
            self._since.setdefault(entry.receiver, entry.since)
        self._sending.update((entry.receiver, key) for key in entry.sending)
        self._sent.update((entry.receiver, key) for key in entry.sent)

    def _add(self, entry: Entry) -> None:
        self._record.add(entry)
        self._take(entry)


def _record_of(history: Place) -> Record:
    if isinstance(history, DatabaseUrl):
        from mlsec.notify.database_record import DatabaseRecord  # noqa: PLC0415 - an extra

        return DatabaseRecord(history)
    return FileRecord(history.with_name(history.name + SUFFIX))


def _receiver(address: str, assessment: Assessment) -> str:
    """Name a receiver for scans of these targets."""
    return fingerprint("mlsec/receiver", f"{address} {series_key(assessment)}")


def _opened(finding: Finding, assessment: Assessment) -> tuple[str, ...]:
    """When it opened, RFC 3339: now where it regressed, such as after a waiver, and since when."""
    now = assessment.scan.finished_at
    since = now if isinstance(finding.open_since, msgspec.UnsetType) else finding.open_since or now
    return (now, since) if finding.change == Change.REGRESSED.value else (since,)
