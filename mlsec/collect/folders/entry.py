"""One listed file, and what a listing could not or would not follow."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from typing import Protocol, Self, runtime_checkable

import msgspec

from mlsec.artifacts.bytes.window import Source
from mlsec.artifacts.errors import ArtifactError
from mlsec.core.enums import GapReason


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One file. ``id`` is its path as the target names it, or ``s3://bucket/key``.

    ``has_sha256`` says that the store keeps a SHA-256 of the whole object, to be asked for.
    ``path`` is relative to the target, with ``/``. ``version`` changes when the content does
    (etag, generation, or size and time of a local file). ``digests`` are the store's own whole
    checksums by algorithm, as lower-case hex; ``key`` is the
    object's name as the store spells it. ``is_written``: this scan puts a report of its own there.
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
    has_sha256: bool = False
    is_written: bool = False


class StoreError(ArtifactError):
    """The store did not give what was asked for; ``right`` is the action to allow, or "".

    ``code`` is the store's own name of the error, where it has one.
    """

    def __init__(self, reason: GapReason, detail: str, right: str = "", code: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
        self.right = right
        self.code = code


# Why a link was not read: what it names lies elsewhere.
LEADS_OUT = "a link that leads out of the target is not followed"


class Skipped(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something the listing met and did not read. ``reason`` "" means left out on purpose.

    ``count`` is how many objects it stands for, ``code`` the store's own name of an error.
    """

    id: str
    why: str
    reason: GapReason | None = None
    count: int = 1
    code: str = ""


class Within(enum.Enum):
    """Which objects below a prefix: all, those that lie in no folder there, or those that do."""

    ALL = "all"
    TOP = "top"
    BELOW = "below"


class Listing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that was found below a target, sorted by path; not complete when a folder was refused.

    ``in_repository`` is the target's path from the root of the git repository it lies in ("." for
    the root itself, "" outside of one); the target's own name is part of it.
    """

    entries: tuple[Entry, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    is_complete: bool = True
    in_repository: str = ""


class Store(Protocol):
    """A place files live in: it lists them and opens one as bytes that are fetched on demand."""

    def listing(self) -> Listing: ...
    def open(self, entry: Entry) -> Source: ...
    def close(self, source: Source) -> None: ...


@runtime_checkable
class MayBeRefused(Protocol):
    """A source that is asked over the network; ``refused`` is the last error that this brought."""

    refused: StoreError | None


class Bucket(Store, Protocol):
    """A store that is asked over the network: the objects whose names begin with ``prefix``.

    ``root`` is its address without the prefix and without a last slash. Nothing is asked after
    ``ends_at``, on the clock that never goes back. Beyond ``most_objects`` those are
    read of whose path ``says_something`` says that it is named as a model or what belongs to one.
    Only what lies ``within`` is listed.
    """

    ends_at: float
    within: Within
    most_objects: int
    says_something: Callable[[str], bool]

    @property
    def root(self) -> str: ...

    @property
    def prefix(self) -> str: ...

    def at(self, prefix: str) -> Self:
        """The same bucket, seen from another prefix, with all that lies there."""
        ...

    def objects(self) -> Iterator[Entry | Skipped]:
        """Give every object as it is listed, however many there are.

        Raises:
            StoreError: the rest of the listing was refused, or it does not end.
            MlsecError: no such bucket, or the credentials are not accepted.
        """
        ...

    def sha256(self, entry: Entry) -> str:
        """Ask for the store's own SHA-256 of the whole object as listed: 64 hex digits, or "".

        It is the store that computed it, or refused an upload that did not fit it.

        Raises:
            StoreError: refused, or the object is another one by now.
        """
        ...
