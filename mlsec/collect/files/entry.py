"""One listed file, and what a listing could not or would not follow."""

from __future__ import annotations

import re
from typing import Protocol

import msgspec

from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.window import Source
from mlsec.core.closed_sets import GapReason

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file. ``id`` is its path as the target names it, or ``s3://bucket/key``.

    ``path`` is relative to the target, with ``/``. ``version`` changes when the content does
    (etag, generation, or size and time of a local file). ``digests`` are the store's own whole
    checksums by algorithm, as lower-case hex; ``key`` is the
    object's name as the store spells it.
    """

    id: str
    path: str
    size_bytes: int
    version: str = ""
    etag: str = ""
    digests: dict[str, str] = msgspec.field(default_factory=dict)
    bucket: str = ""
    key: str = ""
    storage_class: str = ""


class StoreError(ArtifactError):
    """The store did not give what was asked for; ``right`` is the action to allow, or ""."""

    def __init__(self, reason: GapReason, detail: str, right: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
        self.right = right


class Skipped(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something the listing met and did not read. ``reason`` "" means left out on purpose."""

    id: str
    why: str
    reason: GapReason | None = None


class Listing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that was found below a target, sorted by path; not complete when a folder was refused."""

    entries: tuple[Entry, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    is_complete: bool = True


class Store(Protocol):
    """A place files live in: it lists them and opens one as bytes that are fetched on demand."""

    def listing(self) -> Listing: ...
    def open(self, entry: Entry) -> Source: ...
    def close(self, source: Source) -> None: ...


def plain_name(name: str) -> str:
    """Give a name as text that can be encoded: control characters and stray bytes as escapes."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found.group()):04x}", name)
