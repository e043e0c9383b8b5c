"""Model files from target to snapshot: list, read each that is not yet known, keep it."""

from __future__ import annotations

import getpass
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from mlsec.artifacts.bytes.window import Source, Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import Format, Inspection, InspectionGap
from mlsec.artifacts.sandbox.confinement import Confinement
from mlsec.artifacts.sandbox.jobs import FarJob, Job, LocalJob
from mlsec.artifacts.sandbox.pool import inspect_many
from mlsec.collect.folders.entry import Bucket, Entry, MayBeRefused, StoreError
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
from mlsec.model_files.folders import folders_of, is_marker, marked_among, marked_by_name
from mlsec.model_files.models import is_named_as_one
from mlsec.model_files.selection import is_run_by_place, layout_of, settle
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
        self._apart: frozenset[str] = frozenset()  # Python that is only named as such at first
        self._refused: dict[str, StoreError] = {}  # by file

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
        self._apart = self._python_apart(listing.entries)
        named: dict[str, Inspection] = {}
        for entry, inspection in self._inspections(todo):
            done += 1
            if progress is not None:
                progress(done, len(entries), entry.path)
            if entry.id in self._apart and inspection.formats == (Format.PYTHON,):
                named[entry.id] = inspection
                continue
            self._keep(entry, inspection)
            if entry.path in beginnings and _refusal(inspection) is None:
                beginnings[entry.path] = inspection
        self._keep_python(listing.entries, named)
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

    def _python_apart(self, entries: Sequence[Entry]) -> frozenset[str]:
        """Name the Python files beside which no file is named as models are, by their ids.

        Most lie beside no model whatever the content of the others, and are not judged then.
        """
        if not isinstance(self._store, LocalStore) or len(entries) == 1:
            return frozenset()
        where = folders_of(
            (entry.path for entry in entries), marked_by_name(entry.path for entry in entries)
        )
        likely = {
            where[entry.path]
            for entry in entries
            if is_named_as_one(entry.path) or is_marker(entry.path, None)
        }
        return frozenset(
            entry.id
            for entry in entries
            if entry.path.endswith(".py")
            and where[entry.path] not in likely
            and not is_run_by_place(entry.path)
        )

    def _keep_python(self, entries: Sequence[Entry], named: Mapping[str, Inspection]) -> None:
        """Look into the Python that lies beside a model after all; keep the rest as named."""
        if not named:
            return
        known = {entry.id: self._kept(entry) for entry in entries}
        layout = layout_of(entries, settle(entries, known), "")
        self._apart = frozenset()
        beside = []
        for entry in entries:
            if entry.id not in named:
                continue
            if layout.where[entry.path] in layout.homes:
                beside.append(entry)
            else:
                self._keep(entry, named[entry.id])
        for entry, inspection in self._inspections(beside) if beside else ():
            self._keep(entry, inspection)

    def _keep(self, entry: Entry, inspection: Inspection) -> None:
        # Of a file in which nothing was found nothing is kept but what it is called.
        is_clean = not (inspection.facts or inspection.properties)
        self._snapshot.record(*self._record(entry, inspection), is_clean=is_clean)

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
            return LocalJob(
                id=entry.id,
                path=self._store.path_of(entry),
                name=entry.path,
                leaves_python=entry.id in self._apart,
            )
        return FarJob(id=entry.id, open=lambda: self._opened(entry), name=entry.path)

    @contextmanager
    def _opened(self, entry: Entry) -> Iterator[Source]:
        try:
            source = self._store.open(entry)
            try:
                yield source
            finally:
                if isinstance(source, MayBeRefused) and source.refused is not None:
                    self._refused[entry.id] = source.refused
                self._store.close(source)
        except StoreError as error:
            self._refused[entry.id] = error
            raise

    def _record(self, entry: Entry, inspection: Inspection) -> tuple[Call, bytes | None]:
        gap = _refusal(inspection)
        if gap is not None:
            refused = self._refused.get(entry.id)
            return refusal_call(self._scope, entry, gap.reason, gap.detail, refused)
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
        result = self._kept(entry)
        if result is None or not (result.sha256 or not self._has_digest):
            return None
        return result if result.entry.version == entry.version else None

    def _kept(self, entry: Entry) -> Inspected | None:
        call = self._snapshot.find(key_of(self._scope, entry))
        if call is None or not call.payload:
            return None
        return answer_of(self._snapshot, call, Inspected)


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
