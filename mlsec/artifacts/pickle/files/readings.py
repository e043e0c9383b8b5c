"""Reads pickles, a file of them or some inside of another file, in every way that loaders do."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from functools import partial

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.files.loadable import is_loadable
from mlsec.artifacts.pickle.files.streams import OTHERWISE, LiteralSearch, StreamReader
from mlsec.artifacts.pickle.vm.frames import OTHERS
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity

_BEGINS = re.compile(rb"\x80[\x02-\x05][\x95}\]c(\x8c]")
MOST_INSIDE = 100


def read_pickle(window: Window, record: Recorder, search: LiteralSearch) -> None:
    """Note what a pickle file imports, calls and patches, and what its literals hold.

    Every stream that begins where the one before ended is read, torch's legacy storages after
    them too. Bytes that begin no stream are searched for imports but not accounted for.

    Raises:
        ArtifactError: a stream breaks; what it did before, and what follows, is noted.
    """
    reader = StreamReader(window, record, search)
    try:
        reader.read_to_end()
    finally:
        read_otherwise(reader, StreamReader.read_to_end)


def read_inside(window: Window, record: Recorder, data: bytes, search: LiteralSearch) -> None:
    """Judge pickles that begin somewhere in ``data``, the first bytes of another format's file."""
    done, count = 0, 0
    for beginning in _BEGINS.finditer(data):
        start = beginning.start()
        part = window.part(start, window.size_bytes - start)
        if start < done or not is_loadable(part):
            continue
        count += 1
        if count > MOST_INSIDE:
            record.gap(GapReason.OVER_LIMIT, f"more than {MOST_INSIDE} pickles inside")
            return
        reader = StreamReader(window, record.inner(f"(pickle at {start})"), search)
        with contextlib.suppress(ArtifactError):  # what it did before it broke is noted
            done = reader.read_one(start)
        read_otherwise(reader, partial(StreamReader.read_one, offset=start))


def read_otherwise(reader: StreamReader, read: Callable[[StreamReader], object]) -> None:
    """Read the bytes too as loaders take them that go on behind a FRAME which ends in an opcode.

    Such a reading may have others in turn. What it breaks on ends the loader that reads it so.
    """
    waiting, is_cut = reader.others[::-1], reader.is_cut
    for _ in range(OTHERS):
        if not waiting or is_cut:
            break
        other = reader.over(waiting.pop())
        try:
            read(other)
        except OverLimitError as error:
            reader.record.unread(error.reason, f"{OTHERWISE}: {error.message}")
            is_cut = True
        except ArtifactError:
            pass
        waiting += other.others[::-1]
        is_cut = is_cut or other.is_cut
    if waiting or is_cut:
        # None is written by a pickler, so that no harmless file has many.
        detail = "not every way in which loaders read it was followed to its end"
        reader.verdict.note(FactKind.TWO_READINGS, "FRAME", detail, 0, Severity.CRITICAL)
