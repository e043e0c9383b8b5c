"""Model files from target to snapshot: list, read each that is not yet known, keep it."""

from __future__ import annotations

import getpass
import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from mlsec.artifacts.bytes.window import Source, Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import Inspection, InspectionGap
from mlsec.artifacts.sandbox.confinement import Confinement
from mlsec.artifacts.sandbox.jobs import FarJob, Job, LocalJob
from mlsec.artifacts.sandbox.pool import inspect_many
from mlsec.collect.folders.entry import AsksForRights, Bucket, Entry, StoreError
from mlsec.collect.folders.local import LocalStore
from mlsec.collect.run_facts import note_end, note_sandbox, note_start
from mlsec.collect.settings import CollectSettings, Progress
from mlsec.core.enums import GapReason
from mlsec.model_files.cache import InspectionCache
from mlsec.model_files.evidence import (
    Inspected,
    inspection_call,
    key_of,
    listing_call,
    refusal_call,
    signature_call,
)
from mlsec.model_files.folders import is_marker, marked_among
from mlsec.model_files.signatures import read_far_signatures, read_signatures
from mlsec.model_files.stores import open_store, scope_of
from mlsec.snapshot.answers import answer_of
from mlsec.snapshot.records import Call
from mlsec.snapshot.store import Snapshot

_FEW = 24
_REFUSALS = (GapReason.DENIED, GapReason.THROTTLED, GapReason.TIMEOUT)


def collect(
    target: str, snapshot: Snapshot, settings: CollectSettings, progress: Progress | None = None
) -> None:
    """Read every model file below a target; the caller finishes the snapshot.

    Raises:
        MlsecError: the target is not there, or its store cannot be asked.
        KeyboardInterrupt: stopped by the user; what was read is kept for --resume.
    """
    note_start(snapshot)
    snapshot.set_clock("user", _user())
    _Collection(target, snapshot, settings).run(progress)
    note_end(snapshot)


class _Collection:
    """One target: its store, and what of it is still to be read."""

    def __init__(self, target: str, snapshot: Snapshot, settings: CollectSettings) -> None:
        self._target, self._snapshot, self._settings = target, snapshot, settings
        self._scope = scope_of(target)
        self._store: LocalStore | Bucket = open_store(target, settings)
        self._has_digest = settings.has_digests and isinstance(self._store, LocalStore)
        self._confinements: list[Confinement] = []
        self._rights: dict[str, str] = {}  # file -> the action that its reading was refused for

    def run(self, progress: Progress | None) -> None:
        listing = self._store.listing()
        self._snapshot.record(*listing_call(self._scope, listing), is_clean=True)
        entries = {entry.id: entry for entry in listing.entries}
        todo: list[Entry] = []
        beginnings: dict[str, Inspection | None] = {}  # of files by whose name a model may begin
        for entry in listing.entries:
            before = self._read_before(entry)
            if before is None:
                todo.append(entry)
            if is_marker(entry.path, None):
                beginnings[entry.path] = before.inspection if before else None
        done = len(entries) - len(todo)
        for entry, inspection in self._inspections(todo):
            done += 1
            if progress is not None:
                progress(done, len(entries), entry.path)
            # Of a file in which nothing was found nothing is kept but what it is called.
            is_clean = not (inspection.facts or inspection.properties)
            self._snapshot.record(*self._record(entry, inspection), is_clean=is_clean)
            if entry.path in beginnings and _refusal(inspection) is None:
                beginnings[entry.path] = inspection
        for confinement in self._confinements:
            note_sandbox(self._snapshot, confinement.in_force, confinement.shortfalls)
        trust, marked = self._settings.trust, marked_among(beginnings.items())
        result = (
            read_signatures(Path(self._target), listing, trust, marked)
            if isinstance(self._store, LocalStore)
            else read_far_signatures(self._store, listing, trust, marked)
        )
        for signatures in result:
            self._snapshot.record(*signature_call(self._scope, signatures))

    def _inspections(self, todo: list[Entry]) -> Iterator[tuple[Entry, Inspection]]:
        path = None if isinstance(self._store, LocalStore) else self._settings.cache
        if path is None:
            yield from self._read(todo, None)
            return
        with closing(InspectionCache(path)) as cache:
            yield from self._read(todo, cache)

    def _read(
        self, todo: list[Entry], cache: InspectionCache | None
    ) -> Iterator[tuple[Entry, Inspection]]:
        known = [(entry, cache.find(entry)) for entry in todo] if cache is not None else []
        yield from ((entry, inspection) for entry, inspection in known if inspection is not None)
        seen = {entry.id for entry, inspection in known if inspection is not None}
        rest = {entry.id: entry for entry in todo if entry.id not in seen}
        # To start a second process takes longer than to read a few files.
        workers = 1 if len(rest) <= _FEW else None
        jobs = map(self._job, rest.values())
        for job, inspection in inspect_many(jobs, workers=workers, confined=self._note):
            if cache is not None:
                cache.keep(rest[job.id], inspection)
            yield rest[job.id], inspection

    def _note(self, confinement: Confinement) -> None:
        """Keep what a process has given up, in its driver's thread.

        Raises:
            MlsecError: it is not enough, and it is required.
        """
        if self._settings.is_sandbox_required:
            confinement.require()
        self._confinements.append(confinement)

    def _job(self, entry: Entry) -> Job:
        if isinstance(self._store, LocalStore):
            return LocalJob(id=entry.id, path=self._store.path_of(entry), name=entry.path)
        return FarJob(id=entry.id, open=lambda: self._opened(entry), name=entry.path)

    @contextmanager
    def _opened(self, entry: Entry) -> Iterator[Source]:
        try:
            source = self._store.open(entry)
            try:
                yield source
            finally:
                if isinstance(source, AsksForRights):
                    self._rights[entry.id] = source.refused_right
                self._store.close(source)
        except StoreError as error:
            self._rights[entry.id] = error.right
            raise

    def _record(self, entry: Entry, inspection: Inspection) -> tuple[Call, bytes | None]:
        gap = _refusal(inspection)
        if gap is not None:
            right = self._rights.get(entry.id, "")
            return refusal_call(self._scope, entry, gap.reason, gap.detail, right)
        sha256 = self._digest(entry) if self._has_digest else ""
        return inspection_call(
            self._scope, Inspected(entry=entry, inspection=inspection, sha256=sha256)
        )

    def _digest(self, entry: Entry) -> str:
        digest = hashlib.sha256()
        try:
            source = self._store.open(entry)
            try:
                for block in Window.over(source).blocks():
                    digest.update(block)
            finally:
                self._store.close(source)
        except (OSError, ArtifactError):
            return ""  # it was there a moment ago; the bill says that its digest is not known
        return digest.hexdigest()

    def _read_before(self, entry: Entry) -> Inspected | None:
        """Give what an interrupted run has read already of this very state of the file."""
        call = self._snapshot.find(key_of(self._scope, entry))
        if call is None or not call.payload:
            return None
        result = answer_of(self._snapshot, call, Inspected)
        is_whole = bool(result.sha256 or not self._has_digest)
        return result if result.entry.version == entry.version and is_whole else None


def _refusal(inspection: Inspection) -> InspectionGap | None:
    """Give why not one byte of a file was given; None for a file that was read."""
    if inspection.size_bytes < 0 and not inspection.facts:  # it could not even be opened
        return inspection.gaps[0]
    refused = [gap for gap in inspection.gaps if gap.reason in _REFUSALS]
    return refused[0] if refused and not inspection.bytes_read else None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a name for its user
        return ""
