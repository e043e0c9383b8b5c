"""Reads the streams of a pickle file one after the other, and what lies between them."""

from __future__ import annotations

from collections.abc import Callable

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.files import joblib_arrays, torch_legacy, torch_tar
from mlsec.artifacts.pickle.files.bombs import note_claims, note_far, note_growth
from mlsec.artifacts.pickle.files.lightning import note_instantiator
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
from mlsec.core.enums import GapReason, Severity

STREAMS = 10_000
# Nothing that is looked for within a block is longer.
OVERLAP_BYTES = 4096
NESTED = 8
OTHERWISE = "(as read behind the end of a frame)"
# So far texts are searched for programs.
SEARCHED_BYTES = 8 << 20

# Makes what looks into the literals of a file for what can be loaded.
LiteralSearch = Callable[[Window, Recorder], Watch]


class StreamReader:
    """Reads streams of one window; ``failed_at`` is where a stream broke.

    ``others`` are the bytes of the window as other loaders take them, as far as they are followed
    (``is_cut``: there are more).
    """

    __slots__ = (
        "_looked_to", "_make_search", "_search", "failed_at", "is_cut", "nested",
        "others", "record", "verdict", "window",
    )  # fmt: skip

    def __init__(
        self,
        window: Window,
        record: Recorder,
        search: LiteralSearch,
        verdict: Verdict | None = None,
    ) -> None:
        self.window = window
        self.record = record
        self.verdict = verdict or Verdict(window, record, shipped_policy())
        self.failed_at = -1
        self.nested = 0
        self.others: list[Window] = []
        self.is_cut = False
        self._make_search = search
        self._search = search(window, record)
        self._looked_to = 0

    def over(self, window: Window) -> StreamReader:
        """A reader of another reading of the same bytes: only what is new in it is noted."""
        record = self.record.inner(OTHERWISE)
        return StreamReader(window, record, self._make_search, self.verdict.over(window, record))

    def read_to_end(self) -> None:
        """Read all streams of the window, and search what begins none for imports.

        Raises:
            ArtifactError: a stream breaks; what it did before, and what follows, is noted.
        """
        try:
            end = self.read_all(0)
        except ArtifactError:
            salvage(self.window, max(self.failed_at, 0), self.verdict, self.record.budget)
            raise
        if end < self.window.size_bytes:
            salvage(self.window, end, self.verdict, self.record.budget)

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
        self.record.unread(GapReason.OVER_LIMIT, f"more than {STREAMS} streams", start=offset)
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
        note_claims(plain.claims, self.verdict, offset)
        if plain.is_data and result is None:
            note_far(plain.far, self.verdict, offset)
            if plain.shares_containers:
                note_growth(self.window, [(offset, plain.end)], self.verdict, budget)
            self.record.understood(offset, plain.end)
            return plain.end
        machine = machine_over(self.window, offset, self.verdict, budget, self._look_inside)
        gaps, frames = machine.gaps, machine.frames
        machine.after_build = self._end_of_raw
        try:
            end = machine.run()
        except ArtifactError:
            if self.failed_at < 0:
                self.failed_at = machine.failed_at
            self.record.understood(offset, machine.failed_at)
            self._read_without_joblib(offset, gaps)
            raise
        finally:
            self.others += frames.others
            self.is_cut |= frames.is_cut
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
        if not gaps:
            return
        policy, budget = self.verdict.policy, self.record.budget
        if call := run_by_pickle(self.window, offset, gaps[0][0], policy, budget):
            severity = call.danger if call.kind is FactKind.DENIED_CALL else None
            self._note_numbers(call.subject, gaps[0][0], severity)

    def _note_numbers(self, call: str, offset: int, danger: Severity | None) -> None:
        detail = f"numbers of an array to joblib; whoever reads them as a pickle calls {call}"
        self.record.fact(FactKind.TWO_READINGS, call, detail, offset=offset, danger=danger)

    def _end_of_raw(self, target: Value, state: Value, offset: int) -> int:
        """Where the next opcode is when raw bytes of joblib follow; -1 when none do.

        Raises:
            ArtifactError: the array is not known, or its own stream breaks.
        """
        array = joblib_arrays.announced(target, state)
        if array is None:
            return -1
        if array.size_bytes >= 0:
            return joblib_arrays.end_of(array, self.window, offset)
        if self.nested >= NESTED:
            raise OverLimitError(f"arrays of objects nested deeper than {NESTED}")
        self.nested += 1
        try:
            return self.read_one(offset)
        finally:
            self.nested -= 1
