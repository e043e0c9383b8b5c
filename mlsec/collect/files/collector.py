"""Model files from target to snapshot: list, read each that is not yet known, keep it."""

from __future__ import annotations

import datetime
import getpass
import hashlib
from pathlib import Path

import msgspec

from mlsec import __version__
from mlsec.artifacts.inspect import inspect
from mlsec.artifacts.limits import Limits
from mlsec.artifacts.window import Window
from mlsec.collect.files.entry import Entry, Store, StoreError
from mlsec.collect.files.evidence import (
    Inspected,
    inspection_call,
    key_of,
    listing_call,
    refusal_call,
    signature_call,
)
from mlsec.collect.files.local import LocalStore
from mlsec.collect.files.signatures import read_signatures, unread_signatures
from mlsec.collect.files.stores import open_store, scope_of
from mlsec.collect.settings import CollectSettings, Progress
from mlsec.core.closed_sets import GapReason
from mlsec.snapshot.records import Call
from mlsec.snapshot.store import Snapshot


def collect(
    target: str, snapshot: Snapshot, settings: CollectSettings, progress: Progress | None = None
) -> None:
    """Read every model file below a target; the caller finishes the snapshot.

    Raises:
        MlsecError: the target is not there, or its store cannot be asked.
        KeyboardInterrupt: stopped by the user; what was read is kept for --resume.
    """
    _note_start(snapshot)
    scope = scope_of(target)
    store = open_store(target, settings)
    listing = store.listing()
    snapshot.record(*listing_call(scope, listing))
    has_digest = settings.has_digests and isinstance(store, LocalStore)
    for done, entry in enumerate(listing.entries):
        if progress is not None:
            progress(done, len(listing.entries), entry.path)
        if not _is_known(snapshot, scope, entry, has_digest=has_digest):
            snapshot.record(*_read_one(store, scope, entry, has_digest=has_digest))
    found = (
        read_signatures(Path(target), listing, settings.trust)
        if isinstance(store, LocalStore)
        else unread_signatures(listing)
    )
    for signatures in found:
        snapshot.record(*signature_call(scope, signatures))
    snapshot.set_clock("finished_at", _now())


def _is_known(snapshot: Snapshot, scope: str, entry: Entry, *, has_digest: bool) -> bool:
    """Whether an interrupted run has read this very state of the file already."""
    call = snapshot.find(key_of(scope, entry))
    if call is None or not call.payload:
        return False
    held = msgspec.json.decode(snapshot.payload_bytes(call.payload), type=Inspected)
    return held.entry.version == entry.version and bool(held.sha256 or not has_digest)


def _sha256(window: Window) -> str:
    digest = hashlib.sha256()
    for block in window.blocks():
        digest.update(block)
    return digest.hexdigest()


def _read_one(
    store: Store, scope: str, entry: Entry, *, has_digest: bool
) -> tuple[Call, bytes | None]:
    try:
        source = store.open(entry)
    except StoreError as error:
        return refusal_call(scope, entry, error.reason, error.message, error.right)
    except OSError as error:
        reason = GapReason.DENIED if isinstance(error, PermissionError) else GapReason.UNRESOLVED
        return refusal_call(scope, entry, reason, error.strerror or str(error))
    try:
        window = Window.over(source)
        inspection = inspect(window, Limits())
        sha256 = _sha256(window) if has_digest else ""
    finally:
        store.close(source)
    return inspection_call(scope, Inspected(entry=entry, inspection=inspection, sha256=sha256))


def _note_start(snapshot: Snapshot) -> None:
    snapshot.set_meta("tool", f"mlsec {__version__}")
    snapshot.set_meta("user", _user())
    if "started_at" not in snapshot.clock():
        snapshot.set_clock("started_at", _now())


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a name for its user
        return ""


def _now() -> str:
    moment = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    return moment.isoformat().replace("+00:00", "Z")
