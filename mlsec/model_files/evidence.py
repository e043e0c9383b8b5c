"""How model files are kept in a snapshot: one listing a target, one inspection a file."""

from __future__ import annotations

import msgspec

from mlsec.artifacts.facts import Inspection
from mlsec.collect.folders.entry import Entry, Listing, StoreError
from mlsec.core.enums import GapReason
from mlsec.model_files.signatures import Signatures
from mlsec.snapshot.answers import answer_of
from mlsec.snapshot.records import Call, CallStatus, canonical, canonical_params
from mlsec.snapshot.seal import digest_of
from mlsec.snapshot.store import Snapshot

SERVICE, LIST, INSPECT, VERIFY = "files", "List", "Inspect", "Verify"


class Inspected(msgspec.Struct, frozen=True, kw_only=True):
    """What reading one file brought, and which state of it was read; ``sha256`` on request."""

    entry: Entry
    inspection: Inspection
    sha256: str = ""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """What a listing found: ``unread`` counts what it met and could not read.

    ``is_empty``: there was no file, or only empty ones.
    """

    target: str
    is_empty: bool
    unread: int


def listing_call(scope: str, listing: Listing) -> tuple[Call, bytes]:
    """Give the record of a listing."""
    body = canonical(listing)
    call = Call(
        scope=scope,
        region="",
        service=SERVICE,
        operation=LIST,
        payload=digest_of(body),
        error_code=next((skipped.code for skipped in listing.skipped if skipped.code), ""),
    )
    return call, body


def read_listings(snapshot: Snapshot) -> tuple[Listed, ...]:
    """Give of each listing in a snapshot how much it found, by target."""
    return tuple(
        _listed(call.scope.removeprefix("files/"), answer_of(snapshot, call, Listing))
        for call in snapshot.calls()
        if (call.service, call.operation) == (SERVICE, LIST) and call.payload
    )


def _listed(target: str, listing: Listing) -> Listed:
    unread = sum(skipped.count for skipped in listing.skipped if skipped.reason is not None)
    has_bytes = any(entry.size_bytes for entry in listing.entries if not entry.is_written)
    return Listed(target=target, is_empty=not (has_bytes or unread), unread=unread)


def inspection_call(scope: str, inspected: Inspected) -> tuple[Call, bytes]:
    """Give the record of one file that was read."""
    body = canonical(inspected)
    return _call(scope, inspected.entry, payload=digest_of(body)), body


def refusal_call(
    scope: str, entry: Entry, reason: GapReason, detail: str, refused: StoreError | None = None
) -> tuple[Call, None]:
    """Give the record of one file that could not be opened; ``refused`` is the store's error."""
    call = _call(scope, entry, status=CallStatus.GAP, reason=reason.value, detail=detail)
    if refused is not None:
        call = msgspec.structs.replace(call, right=refused.right, error_code=refused.code)
    return call, None


def signature_call(scope: str, signatures: Signatures) -> tuple[Call, bytes]:
    """Give the record of the signatures of one folder."""
    body = canonical(signatures)
    call = Call(
        scope=scope,
        region="",
        service=SERVICE,
        operation=VERIFY,
        params=canonical_params({"folder": signatures.folder}),
        payload=digest_of(body),
    )
    return call, body


def key_of(scope: str, entry: Entry) -> str:
    """Give the id under which a file's inspection is kept."""
    return _call(scope, entry).id


def _call(
    scope: str,
    entry: Entry,
    *,
    payload: str = "",
    status: CallStatus = CallStatus.DONE,
    reason: str = "",
    detail: str = "",
) -> Call:
    return Call(
        scope=scope,
        region="",
        service=SERVICE,
        operation=INSPECT,
        params=canonical_params({"file": entry.id}),
        payload=payload,
        status=status,
        reason=reason,
        detail=detail,
    )
