"""The table of formats: how each is recognised by content, and what reads it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from mlsec.artifacts.facts import Format
from mlsec.artifacts.pickle.sniff import sniff_pickle
from mlsec.artifacts.pickle.streams import read_pickle
from mlsec.artifacts.recorder import Recorder
from mlsec.artifacts.window import Window

Sniff = Callable[[bytes, Window], bool]
Read = Callable[[Window, Recorder], None]


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """One format: ``sniff`` looks at the first ``SNIFF_BYTES`` (and may read more), ``read`` reads.

    A reader notes what it finds in the recorder, calls ``understood`` for every byte range it
    accounts for, gives members to ``member``, and raises ArtifactError where the bytes are not
    what the format says; what it noted before stays.
    """

    format: Format
    sniff: Sniff
    read: Read


SNIFF_BYTES = 4096

# In the order they are asked; every reader that recognises the file reads it.
READERS: tuple[Reader, ...] = (Reader(format=Format.PICKLE, sniff=sniff_pickle, read=read_pickle),)
