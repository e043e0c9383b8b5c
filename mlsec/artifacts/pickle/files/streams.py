"""Reads a pickle file: its streams one after the other, and what lies between and behind them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from functools import partial

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.files import joblib_arrays, torch_legacy, torch_tar
from mlsec.artifacts.pickle.files.bombs import note_far, note_growth
from mlsec.artifacts.pickle.files.lightning import note_instantiator
from mlsec.artifacts.pickle.files.loadable import is_loadable
from mlsec.artifacts.pickle.files.salvage import salvage
from mlsec.artifacts.pickle.files.sniff import sniff_pickle
from mlsec.artifacts.pickle.files.without_joblib import run_by_pickle
from mlsec.artifacts.pickle.policy.callable_lists import shipped_policy
from mlsec.artifacts.pickle.policy.verdict import Verdict
from mlsec.artifacts.pickle.vm.block_reader import Watch
from mlsec.artifacts.pickle.vm.opcode_table import machine_over
from mlsec.artifacts.pickle.vm.plain_data import skip_plain_data
from mlsec.artifacts.pickle.vm.values import Value
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason

STREAMS = 10_000
# Nothing that is looked for within a block is longer.
OVERLAP_BYTES = 4096
NESTED = 8
# So far texts are searched for programs.
SEARCHED_BYTES = 8 << 20

# Makes what looks into the literals of a file for what can be loaded.
LiteralSearch = Callable[[Window, Recorder], Watch]


def read_pickle(window: Window, record: Recorder, search: LiteralSearch) -> None:
    """Note what a pickle file imports, calls and patches, and what its literals hold.

    Every stream that begins where the one before ended is read, torch's legacy storages after
    them too. Bytes that begin no stream are searched for imports but not accounted for.

    Raises:
        ArtifactError: a stream breaks; what it did before, and what follows, is noted.
    """
    reader = StreamReader(window, record, search)
    try:
        end = reader.read_all(0)
    except ArtifactError:
        salvage(window, max(reader.failed_at, 0), reader.verdict, record.budget)
        raise
    if end < window.size_bytes:
        salvage(window, end, reader.verdict, record.budget)


_BEGINS = re.compile(rb"\x80[\x02-\x05][\x95}\]c(\x8c]")
MOST_INSIDE = 100


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


class StreamReader:
    """Reads streams of one window; ``failed_at`` is where a stream broke."""

    __slots__ = (
        "_is_read_twice", "_looked_to", "_search", "failed_at", "nested", "record", "verdict",
        "window",
    )  # fmt: skip

    def __init__(self, window: Window, record: Recorder, search: LiteralSearch) -> None:
        self.window = window
        self.record = record
        self.verdict = Verdict(window, record, shipped_policy())
        self.failed_at = -1
        self.nested = 0
        self._search = search(window, record)
        self._is_read_twice = False
        self._looked_to = 0

    def _look_inside(self, base: int, block: bytes) -> None:
        """Read what is kept in a block as plain data and can be loaded: nothing loads it here.

        A block goes beyond the stream that it is read for: of the next ones' only what is new is
        looked at, else a file of many short streams would be searched once for each of them.
        """
        end, known = base + len(block), max(0, self._looked_to - base - OVERLAP_BYTES)
        if end <= self._looked_to:
            return
        base, block, self._looked_to = base + known, block[known:], end
        note_instantiator(block, base, self.record)
        if base < SEARCHED_BYTES:
            self.verdict.kept.found(base, block)
        self._search(base, block)

    def read_all(self, offset: int) -> int:
        """Read streams from ``offset`` on; give where what could be accounted for ends.

        Raises:
            ArtifactError: a stream breaks.
        """
        if torch_legacy.is_torch_legacy(self.window, offset):
            return self._torch_legacy(offset)
        if torch_tar.is_table(self.window):
            offset = self._torch_tar(offset)
            if offset >= self.window.size_bytes or not self._begins_stream(offset):
                return offset
        for _ in range(STREAMS):
            self.record.budget.check_time()
            end = self.read_one(offset)
            if end >= self.window.size_bytes or not self._begins_stream(end):
                return end
            offset = end
        self.record.fact(FactKind.NOT_FULLY_READ, "", f"more than {STREAMS} streams")
        return offset

    def _torch_legacy(self, offset: int) -> int:
        for _ in range(torch_legacy.STREAMS - 1):
            offset = self.read_one(offset)
        start, offset = offset, self.read_one(offset)
        keys = torch_legacy.storage_keys(self.window, start, offset)
        end = torch_legacy.end_of_storages(self.window, offset, keys, self.verdict.storages)
        self.record.understood(offset, end)
        return end

    def _torch_tar(self, offset: int) -> int:
        """Pass the streams of a table with the numbers behind each, as far as they are known."""
        count: list[Value] = []
        offset = self.read_one(offset, count)
        entries = count[0] if isinstance(count[0], int) else 0
        for _ in range(min(entries, STREAMS)):
            if not self._begins_stream(offset):
                break
            described: list[Value] = []
            offset = self.read_one(offset, described)
            end = torch_tar.end_of_raw(self.window, offset, described[0])
            if end < 0:
                break
            self.record.understood(offset, end)
            offset = end
        return offset

    def _begins_stream(self, offset: int) -> bool:
        head = self.window.read(offset, 4096)
        return sniff_pickle(head, self.window.part(offset, self.window.size_bytes - offset))

    def read_one(self, offset: int, result: list[Value] | None = None) -> int:
        """Read one stream, give the offset after its STOP; ``result`` receives its value.

        Raises:
            ArtifactError: the stream breaks.
        """
        try:
            return self._read_one(offset, result)
        finally:
            if not self.nested:
                self.verdict.kept.report(self.record)

    def _read_one(self, offset: int, result: list[Value] | None) -> int:
        budget = self.record.budget
        plain = skip_plain_data(self.window, offset, budget, self._look_inside)
        if plain.is_data and result is None:
            note_far(plain.far, self.verdict, offset)
            if plain.shares_containers:
                note_growth(self.window, [(offset, plain.end)], self.verdict, budget)
            self.record.understood(offset, plain.end)
            return plain.end
        machine = machine_over(self.window, offset, self.verdict, budget, self._look_inside)
        gaps: list[tuple[int, int]] = []
        machine.after_build = partial(self._gap, gaps)
        try:
            end = machine.run()
        except ArtifactError:
            if self.failed_at < 0:
                self.failed_at = machine.failed_at
            self.record.understood(offset, machine.failed_at)
            self._read_without_joblib(offset, gaps)
            raise
        note_far(machine.memo.highest, self.verdict, offset)
        self._read_without_joblib(offset, gaps)
        if machine.reads_containers:
            starts = [offset, *(after for _, after in gaps)]
            spans = list(zip(starts, [*(before for before, _ in gaps), end], strict=True))
            note_growth(self.window, spans, self.verdict, budget)
        self.record.understood(offset, end)
        if result is not None:
            result.append(machine.result)
        return end

    def _read_without_joblib(self, offset: int, gaps: list[tuple[int, int]]) -> None:
        if not gaps or self._is_read_twice:
            return
        self._is_read_twice = True
        policy, budget = self.verdict.policy, self.record.budget
        if said := run_by_pickle(self.window, offset, gaps[0][0], policy, budget):
            detail = f"numbers of an array to joblib; whoever reads them as a pickle calls {said}"
            self.record.fact(FactKind.TWO_READINGS, said, detail, offset=gaps[0][0])

    def _gap(self, gaps: list[tuple[int, int]], target: Value, state: Value, offset: int) -> int:
        """Where the next opcode is when raw bytes of joblib follow; -1 when none do.

        Raises:
            ArtifactError: the array is not known, or its own stream breaks.
        """
        array = joblib_arrays.announced(target, state)
        if array is None:
            return -1
        if array.size_bytes >= 0:
            gaps.append((offset, joblib_arrays.end_of(array, self.window, offset)))
            return gaps[-1][1]
        if self.nested >= NESTED:
            raise OverLimitError(f"arrays of objects nested deeper than {NESTED}")
        self.nested += 1
        try:
            gaps.append((offset, self.read_one(offset)))
            return gaps[-1][1]
        finally:
            self.nested -= 1
