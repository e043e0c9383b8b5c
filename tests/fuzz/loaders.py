"""A target that holds the reading of pickles against Python's own readers of them.

Nothing is imported for it: every name that a stream asks for becomes one inert function.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import re
from collections.abc import Callable, Sequence
from contextlib import suppress

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.limits import Budget
from mlsec.artifacts.pickle.vm.frames import OTHERS
from mlsec.artifacts.pickle.vm.opcode_table import STEPS, machine_over
from mlsec.artifacts.pickle.vm.plain_data import skip_plain_data
from tests.artifacts.pickle.test_machine import Recorded, random_stream
from tests.attacks.frame_streams import between_streams, by_opcode
from tests.fuzz.pieces import mutate_pickle
from tests.fuzz.readers import LIMITS, TARGETS
from tests.fuzz.target import Target

# An entry of the memo far away has the loader make room for all before it; the bytes of a
# BYTEARRAY8 that is cut short are never given back.
_FAR = re.compile(rb"r..[^\0].|r...[^\0]|p\d{5}|p[^\n]{0,6}[xXoObB_]|\x96.(?!\0{7})", re.DOTALL)
# Tuples of tuples take exponential time to hash, as keys and in sets.
_TUPLES, _KEYS = re.compile(rb"[\x86\x87t2]"), re.compile(rb"[sud\x90\x91]")
MOST_TUPLES = 16
# How much a buffered file gives without being read: a longer frame is a buffer of its own.
AHEAD_BYTES = 16


class _Loader(pickle.Unpickler):
    """Python's own loader, which looks up nothing and notes what it was to look up."""

    def __init__(self, file: object, encoding: str) -> None:
        super().__init__(file, encoding=encoding)  # type: ignore[arg-type]
        self.names: list[list[str]] = []

    def find_class(self, module: str, name: str) -> Callable[..., object]:
        self.names.append([module, name])
        return _inert

    def persistent_load(self, _identity: object) -> None:
        return None


def _inert(*_values: object, **_named: object) -> dict[object, object]:
    return {}


def _names(data: bytes, encoding: str) -> list[list[str]]:
    """What is looked up in memory, or in a file that reads little ahead: they differ in frames."""
    names = []
    for file in (io.BytesIO(data), io.BufferedReader(io.BytesIO(data), AHEAD_BYTES)):
        loader = _Loader(file, encoding)
        with suppress(Exception):  # what it looked up before it gave up counts
            loader.load()
        names += loader.names
    return names


def _compare(data: bytes) -> None:
    """Whatever Python's loader looks up is seen here, and the walk steps where genops does."""
    _compare_steps(data)
    window = Window.of(data)
    judge, seen = Recorded(), skip_plain_data(window, 0, Budget(LIMITS))
    readings = _read_every_way(window, judge)
    assert not (seen.is_data and judge.imports), "told to be only data, and it imports"
    if not readings or any(map(_takes_much, readings)):
        return
    for encoding in ("ASCII", "utf-8", "latin1", "bytes"):
        unseen = [name for name in _names(data, encoding) if name not in judge.imports]
        assert not unseen, f"looked up with {encoding}, and not seen: {unseen}"
        assert not seen.is_data or not _names(data, encoding)


def _takes_much(data: bytes) -> bool:
    """Whether Python's loader may take more memory or time than there is."""
    is_slow = len(_TUPLES.findall(data)) > MOST_TUPLES and _KEYS.search(data)
    return bool(_FAR.search(data) or is_slow)


def _read_every_way(window: Window, judge: Recorded) -> list[bytes]:
    """The bytes in each way of reading the frames; none where there are more, which is told."""
    waiting, readings = [window], []
    while waiting:
        window = waiting.pop()
        readings.append(window.read(0, window.size_bytes))
        machine = machine_over(window, 0, judge, Budget(LIMITS))
        with suppress(ArtifactError):
            machine.run()
        waiting += machine.frames.others[::-1]
        if machine.frames.is_cut or len(readings) > OTHERS:
            return []
    return readings


def _compare_steps(data: bytes) -> None:
    machine = machine_over(Window.of(data), 0, Recorded(), Budget(LIMITS))
    machine.skips_data, machine.stop_at = False, 0  # so that no literal is stored with its push
    ours: list[int] = []
    with suppress(ArtifactError, IndexError):  # as the walk itself takes an empty stack
        position = 0
        while position < len(data) and (not ours or data[ours[-1]] != ord(".")):
            ours.append(position)
            position = STEPS[data[position]](machine, machine.reader.block, position)
            machine.stop_at = 0
    theirs: list[int] = []
    with suppress(Exception):  # what it read before it gave up counts
        theirs += (at for _, _, at in pickletools.genops(data))
    both = min(len(ours), len(theirs))
    assert ours[:both] == theirs[:both], "steps elsewhere than genops"


def _seeds() -> Sequence[bytes]:
    return (
        *TARGETS["reader-pickle"].seeds(),
        *(random_stream(number) for number in range(60)),
        *(b"\x80\x02c" + names + b"\n." for names in (b"os\nsystem", b"a.b\nc.d", b"\xc3\xa4\nb")),
        b"I0x1\n0cos\nsystem\n.",
        b"I1_0\n0(S'a'\nios\nsystem\n.",
        *(b"\x80\x04" + sample.data for _, sample in by_opcode()),
        *(sample.data for sample in between_streams().values()),
    )


LOADER_TARGET = Target(name="pickle-loader", read=_compare, seeds=_seeds, mutate=mutate_pickle)
