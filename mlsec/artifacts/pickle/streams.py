"""Reads a pickle file: its streams one after the other, and what lies between and behind them."""

from __future__ import annotations

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.machine import Machine
from mlsec.artifacts.pickle.policy import shipped_policy
from mlsec.artifacts.pickle.skim import skim
from mlsec.artifacts.pickle.sniff import sniff_pickle
from mlsec.artifacts.pickle.verdict import Verdict
from mlsec.artifacts.recorder import Recorder
from mlsec.artifacts.window import Window

STREAMS = 10_000


def read_pickle(window: Window, record: Recorder) -> None:
    """Note what a pickle file imports, calls and patches.

    Every stream that begins where the one before ended is read. Bytes that begin no stream are
    not accounted for.

    Raises:
        ArtifactError: a stream breaks; what it did before is noted.
    """
    verdict = Verdict(window, record, shipped_policy())
    read_streams(window, record, verdict, 0)


def read_streams(window: Window, record: Recorder, verdict: Verdict, offset: int) -> int:
    """Read streams from ``offset``; give where the last one ended."""
    for _ in range(STREAMS):
        end = read_stream(window, record, verdict, offset)
        record.understood(offset, end)
        offset = end
        if offset >= window.size_bytes or not begins_stream(window, offset):
            return offset
    record.fact(FactKind.NOT_FULLY_READ, "", f"more than {STREAMS} streams")
    return offset


def begins_stream(window: Window, offset: int) -> bool:
    """The bytes at ``offset`` can be read as a pickle."""
    head = window.read(offset, 4096)
    return sniff_pickle(head, window.part(offset, window.size_bytes - offset))


def read_stream(window: Window, record: Recorder, verdict: Verdict, offset: int) -> int:
    """Read one stream and give the offset after its STOP.

    Raises:
        ArtifactError: the stream breaks.
    """
    found = skim(window, offset, record.budget)
    if found.is_data:
        return found.end
    machine = Machine(window, offset, verdict, record.budget)
    return machine.run()
