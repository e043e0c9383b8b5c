"""The pages of a listing, and what of a bucket is kept of them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from mlsec.collect.folders.entry import Entry, Listing, Skipped, StoreError
from mlsec.core.enums import GapReason

# Services give empty pages where they pass by what was deleted, or folders that are not asked for.
MOST_EMPTY = 10_000
# Nobody lists more in a night; a list without an end has to have one.
MOST_LISTED = 50_000_000


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some objects of a listing. ``token`` asks for those that follow, "" where there are none."""

    objects: tuple[Entry | Skipped, ...]
    token: str = ""


class Progress:
    """How far a listing came, and whether it still goes on."""

    def __init__(self) -> None:
        self.listed = 0
        self._seen: set[int] = set()
        self._empty = 0

    def check(self, page: Page) -> None:
        """Count a page.

        Raises:
            StoreError: it was there before, or there were too many.
        """
        if self.listed >= MOST_LISTED:
            raise StoreError(GapReason.OVER_LIMIT, f"no more than {MOST_LISTED:,} are listed")
        # A hash: the tokens of ten thousand pages take more room than what is kept of them.
        marks = {hash((0, page.token))} if page.token else set()
        if page.objects:
            marks.add(hash((1, page.objects[0].id)))
        if not self._seen.isdisjoint(marks):
            raise StoreError(GapReason.MALFORMED, "the service gives the same page again")
        self._seen |= marks
        self.listed += len(page.objects)
        self._empty = 0 if page.objects else self._empty + 1
        if self._empty > MOST_EMPTY:
            raise StoreError(GapReason.MALFORMED, f"more than {MOST_EMPTY:,} pages are empty")


class Kept:
    """What of a listing is kept: some number of objects, then as many of those whose names speak.

    The others are counted, so that memory does not grow with them.
    """

    def __init__(self, most: int, says_something: Callable[[str], bool]) -> None:
        self._most, self._says_something = most, says_something
        self._entries: list[Entry] = []
        self._skipped: list[Skipped] = []
        self._listed = self._named = self._others = 0

    def take(self, listed: Entry | Skipped) -> None:
        """Keep one object, or count it."""
        self._listed += 1
        is_named = isinstance(listed, Entry) and (
            self._listed <= self._most or self._says_something(listed.path)
        )
        if self._listed > self._most and not is_named:
            self._others += 1
        elif len(self._entries) + len(self._skipped) >= 2 * self._most:
            self._named += 1
        elif isinstance(listed, Entry):
            self._entries.append(listed)
        else:
            self._skipped.append(listed)

    def listing(self, address: str, error: StoreError | None) -> Listing:
        """Give what was kept; what was not, and why the listing broke off, is left out of it."""
        skipped = self._skipped
        if self._others or self._named:
            count = self._others + self._named
            skipped.append(
                Skipped(
                    id=address,
                    why=f"folder: {self._only_counted()}",
                    reason=GapReason.OVER_LIMIT,
                    count=count,
                )
            )
        if error is not None:
            how_far = f"the listing broke off after {self._listed:,} objects: "
            why = f"folder: {how_far if self._listed else ''}{error.message}"
            skipped.append(Skipped(id=address, why=why, reason=error.reason, code=error.code))
        self._entries.sort(key=lambda entry: entry.path)
        return Listing(
            entries=tuple(self._entries),
            skipped=tuple(skipped),
            is_complete=not (self._others or self._named or error),
        )

    def _only_counted(self) -> str:
        named = (
            f", among them {self._named:,} that are named as a model or as what belongs to one,"
            f" as {2 * self._most:,} is the most that is kept"
            if self._named
            else ""
        )
        return (
            f"of {self._listed:,} objects {self._others + self._named:,} were only counted: beyond"
            f" {self._most:,}, only what is named as a model, its index, bill or signature"
            f" is read; scan prefixes of the bucket{named}"
        )
