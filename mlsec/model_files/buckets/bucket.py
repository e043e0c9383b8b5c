"""What the buckets of all clouds share: how a listing is made and what a range must be."""

from __future__ import annotations

import abc
import copy
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Self, TypeVar

from mlsec.artifacts.bytes.window import Source
from mlsec.collect.client.attempt import attempt
from mlsec.collect.client.meter import AnswerLimits, Meter
from mlsec.collect.folders.entry import Entry, Listing, Skipped, StoreError, Within
from mlsec.collect.walk.call_failure import CallFailure
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.core.sanitize import plain_name
from mlsec.model_files.buckets.paging import Kept, Page, Progress
from mlsec.model_files.buckets.ranged import RangedSource

T = TypeVar("T")
# An object in a list takes about a kB. So many are kept whatever they are called, and as many more
# of those whose names say that a model, its index or its signature is in them.
MOST_OBJECTS = 200_000
_PAGE = AnswerLimits()
# What an answer takes besides the range.
_SLACK_BYTES = 1 << 20


class BucketStore(abc.ABC):
    """Objects whose names begin with ``prefix``, below ``root`` (``scheme://bucket``).

    ``says_something`` is asked with a path whether its name says what is in it.
    """

    ends_at = math.inf

    def __init__(self, root: str, bucket: str, prefix: str) -> None:
        self.root, self._bucket, self.prefix = root, bucket, prefix
        self.within = Within.ALL
        self.most_objects = MOST_OBJECTS
        # Who opens a bucket for model files knows better than that every name says something.
        self.says_something: Callable[[str], bool] = bool

    def at(self, prefix: str) -> Self:
        """The same bucket, seen from another prefix."""
        twin = copy.copy(self)
        twin.prefix, twin.within = prefix, Within.ALL
        return twin

    def listing(self) -> Listing:
        """List all objects below the prefix; what a refusal hides is one thing left out.

        Raises:
            MlsecError: no such bucket, or the credentials are not accepted.
        """
        kept, broken_off = Kept(self.most_objects, self.says_something), None
        try:
            for listed in self.objects():
                kept.take(listed)
        except StoreError as error:
            broken_off = error
        return kept.listing(self._address(self.prefix), broken_off)

    def objects(self) -> Iterator[Entry | Skipped]:
        """Give every object as it is listed, within the limits of an answer for each page.

        Raises:
            StoreError: the rest of the listing was refused, or it does not end.
            MlsecError: no such bucket, or the credentials are not accepted.
        """
        pages, progress = self._pages(), Progress()
        while True:
            try:
                page = self._metered(lambda: next(pages, None), _PAGE)
            except StoreError:
                raise
            except MlsecError as error:
                if not progress.listed:
                    raise
                # The first pages came, so only the rest is hidden.
                raise StoreError(GapReason.DENIED, error.message) from None
            if page is None:
                return
            progress.check(page)
            yield from filter(self._is_wanted, page.objects)

    def _is_wanted(self, listed: Entry | Skipped) -> bool:
        if self.within is Within.ALL:
            return True
        above = self._address(self._above)
        path = listed.path if isinstance(listed, Entry) else listed.id.removeprefix(above)
        return ("/" in path) == (self.within is Within.BELOW)

    @abc.abstractmethod
    def _pages(self) -> Iterator[Page]:
        """Give the objects page by page.

        Raises:
            StoreError: the rest of the listing was refused.
            MlsecError: no such bucket, or the credentials are not accepted.
        """

    def close(self, source: Source) -> None:  # noqa: B027 - one that holds something overrides it
        """Nothing is held open between ranges."""

    def _object(
        self,
        key: str,
        size_bytes: int,
        *,
        version: str,
        etag: str,
        storage_class: str,
        digests: Mapping[str, str] | None = None,
        has_sha256: bool = False,
        is_folder: bool = False,
    ) -> Entry | Skipped:
        """One listed object, or why it is none: consoles keep a folder as an empty object."""
        address = self._address(plain_name(key))
        if is_folder or (key.endswith("/") and not size_bytes):
            return Skipped(id=address, why="a folder's placeholder")
        return Entry(
            id=address,
            path=plain_name(key.removeprefix(self._above) or key),
            key=key,
            size_bytes=size_bytes,
            version=version,
            etag=etag,
            digests=dict(digests or {}),
            bucket=self._bucket,
            storage_class=storage_class,
            has_sha256=has_sha256,
        )

    def _ranges(self, fetch: Callable[[int, int], bytes], size_bytes: int) -> RangedSource:
        """Read by ``fetch(offset, length)``; an answer of another length is none."""

        def exactly(offset: int, length: int) -> bytes:
            # Who ignores the range sends all of the object.
            most = length + _SLACK_BYTES
            limits = AnswerLimits(wire_bytes=most, body_bytes=most, announced_bytes=sys.maxsize)
            data = self._metered(lambda: fetch(offset, length), limits)
            if len(data) != length:
                why = f"{len(data)} bytes came for the {length} at {offset}"
                raise StoreError(GapReason.MALFORMED, why)
            return data

        return RangedSource(exactly, size_bytes)

    def _metered(self, work: Callable[[], T], limits: AnswerLimits) -> T:
        """Do what makes a request; an answer that costs too much is a refusal."""
        meter = Meter(limits, self.ends_at)
        try:
            outcome = attempt(work, meter)
        except StoreError:
            if meter.failure is None:
                raise
            outcome = meter.failure
        if isinstance(outcome, CallFailure):
            raise StoreError(outcome.reason, outcome.detail) from None
        return outcome

    @property
    def _above(self) -> str:
        """The folder that paths are relative to."""
        return self.prefix[: self.prefix.rfind("/") + 1]

    def _address(self, name: str) -> str:
        return f"{self.root}/{name}"
