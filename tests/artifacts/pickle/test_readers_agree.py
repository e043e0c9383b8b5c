"""Every name and call that CPython's own readers meet is met here, whatever is skipped."""

from __future__ import annotations

import contextlib
import io
import pickle
import struct
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.limits import Budget, Limits
from mlsec.artifacts.pickle.vm.frames import OTHERS
from mlsec.artifacts.pickle.vm.opcode_table import machine_over
from mlsec.artifacts.pickle.vm.plain_data import skip_plain_data
from mlsec.artifacts.pickle.vm.values import CallKind, CallResult, Global, Value
from tests.artifacts.builders import pickles as make
from tests.artifacts.pickle.programs_of_opcodes import programs

Event = tuple[str, str]
MADE = "what a call made"


class Inert:
    """What a call gives: it notes what is done with it, and does nothing."""

    def __init__(self, events: list[Event], name: str) -> None:
        self.events, self.name = events, name

    def __call__(self, *_values: object, **_named: object) -> Inert:
        self.events.append(("called", MADE))
        return Inert(self.events, MADE)

    def __setstate__(self, _state: object) -> None:
        self.events.append(("built", self.name))

    def _patched(self, *_values: object) -> None:
        self.events.append(("patched", self.name))

    append = extend = add = __setitem__ = _patched


def inert_class(events: list[Event], full: str) -> type:
    """A class of this name: calling it, or making an object of it by ``__new__``, is noted."""

    class Meta(type):
        def __call__(cls, *_values: object, **_named: object) -> Inert:
            events.append(("called", full))
            return Inert(events, full)

    class Named(metaclass=Meta):
        def __new__(cls, *_values: object, **_named: object) -> Any:
            events.append(("called", full))
            return Inert(events, full)

    return Named


class Notes:
    """What a reader of CPython looks up and calls; mixed into both of its readers."""

    events: list[Event]
    classes: dict[str, type]

    def find_class(self, module: str, name: str) -> type:
        full = f"{module}.{name}"
        self.events.append(("imported", full))
        return self.classes.setdefault(full, inert_class(self.events, full))

    def persistent_load(self, _identity: object) -> Inert:
        return Inert(self.events, MADE)


class InC(Notes, pickle.Unpickler):
    """The reader that everybody uses."""


class InPython(Notes, pickle._Unpickler):  # type: ignore[name-defined]
    """The reader that joblib and others derive theirs from."""


READERS = (InC, InPython)


def met_by(reader: type, data: bytes) -> list[Event]:
    """What the reader met before it ended or gave up."""
    loader = reader(io.BytesIO(data))
    loader.events, loader.classes = [], {}
    with contextlib.suppress(Exception):
        loader.load()
    return loader.events  # type: ignore[no-any-return]


class Heard:
    """A judge that notes the same."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.unclear_at: list[int] = []

    def imported(self, name: Global, protocol: int) -> None:
        self.events.append(("imported", name.full))

    def called(self, how: CallKind, function: Value, arguments: Value, offset: int) -> None:
        self.events.append(("called", _name_of(function)))

    def built(self, target: Value, state: Value, offset: int) -> None:
        self.events.append(("built", _made_by(target)))

    def patched(self, target: Value, items: list[Value], offset: int) -> None:
        self.events += [("patched", _made_by(target))] * len(items)

    def unclear(self, detail: str, offset: int) -> None:
        self.unclear_at.append(offset)

    def hidden(self, subject: str, detail: str, offset: int) -> None: ...

    def persistent(self, identity: Value, offset: int) -> Value:
        return CallResult(None, identity)


def _name_of(function: Value) -> str:
    return function.full if type(function) is Global else MADE


def _made_by(target: Value) -> str:
    return _name_of(target.function) if type(target) is CallResult else MADE


def heard_here(data: bytes, *, skips_data: bool = True) -> Heard:
    judge, waiting = Heard(), [Window.of(data)]
    for _ in range(OTHERS):
        machine = machine_over(waiting.pop(), 0, judge, Budget(Limits()))
        machine.skips_data = skips_data
        with contextlib.suppress(ArtifactError):
            machine.run()
        waiting += machine.frames.others  # what a loader reads that goes on behind a frame
        if not waiting:
            break
    return judge


def without_imports(events: Iterable[Event]) -> list[Event]:
    return [event for event in events if event[0] != "imported"]


def unmet(theirs: list[Event], ours: list[Event]) -> list[Event]:
    """What they met and we did not: names at all, everything else in their order."""
    names = [event for event in theirs if event[0] == "imported" and event not in ours]
    left = iter(without_imports(ours))
    return names + [event for event in without_imports(theirs) if event not in left]


def check(data: bytes) -> None:
    ours = heard_here(data).events
    is_data = skip_plain_data(Window.of(data), 0, Budget(Limits())).is_data
    for reader in READERS:
        theirs = met_by(reader, data)
        assert not unmet(theirs, ours), (reader.__name__, data)
        assert not is_data or not theirs
    assert ours == heard_here(data, skips_data=False).events


often = settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
CHANGES = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=3)


@often
@given(data=programs())
def test_all_that_the_readers_meet_is_met_here(data: bytes) -> None:
    check(data)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    data=programs(), changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=3)
)
def test_all_that_the_readers_meet_in_damaged_streams_is_met_here(
    data: bytes, changes: list[tuple[float, int]]
) -> None:
    damaged = bytearray(data)
    for place, byte in changes:
        damaged[int(place * (len(damaged) - 1))] = byte
    # A far entry has the reader make room for all before it.
    if b"r" not in damaged and b"p" not in damaged:
        check(bytes(damaged))


def test_the_programs_import_call_and_build() -> None:
    seen: set[str] = set()

    @settings(
        max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(data=programs(is_framed=False))
    def look(data: bytes) -> None:
        seen.update(kind for kind, _ in met_by(InC, data))

    look()
    assert seen == {"imported", "called", "built", "patched"}


LONG = b"".join(b"J" + struct.pack("<I", number) for number in range(400_000))


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "data",
    [
        b"](" + LONG + make.call("m0", "n0") + LONG + b"e",
        b"](" + LONG + b"e(" + LONG + make.call("m0", "n0") + b"e",
        b"(" + LONG + make.call("m0", "n0") + LONG + b"t",
        b"(" + LONG + make.named("m0", "n0") + b"(" + LONG + b"tRt",
        b"}(" + LONG + b"u" + make.text("a") + make.call("m0", "n0") + b"s",
    ],
    ids=["in a batch", "in a later batch", "in a tuple", "given a tuple", "in a dict"],
)
def test_a_call_among_a_megabyte_of_numbers_is_met(reader: type, data: bytes) -> None:
    whole = make.stream(data)
    assert not unmet(met_by(reader, whole), heard_here(whole).events)
    assert ("called", "m0.n0") in heard_here(whole).events


@pytest.mark.parametrize("taken", [1, 200, 300, 70_000, 300_000])
def test_a_name_under_a_long_run_is_never_taken_unseen(taken: int) -> None:
    # Values are taken one by one, down to the name that is called.
    data = make.stream(b"(", make.named("m0", "n0"), b"N" * 1_400_000, b"0" * taken, b")R", b"t")
    judge = Heard()
    machine = machine_over(Window.of(data), 0, judge, Budget(Limits()))
    with contextlib.suppress(ArtifactError):
        machine.run()
    is_followed = ("called", MADE) in judge.events
    assert is_followed or machine.failed_at >= 0


def frames_of(data: bytes) -> list[int]:
    return heard_here(data).unclear_at


@pytest.mark.parametrize("pickler", [pickle.Pickler, pickle._Pickler])  # type: ignore[attr-defined]
@pytest.mark.parametrize("protocol", [4, 5])
def test_the_frames_of_picklers_end_between_opcodes(pickler: type, protocol: int) -> None:
    value = [[f"text {n}" * (n % 50), n, b"x" * (n * 97 % 70_000)] for n in range(900)]
    file = io.BytesIO()
    pickler(file, protocol).dump([value, {"a": value}, dict])
    assert frames_of(file.getvalue()) == []


@pytest.mark.parametrize("length", range(1, 30))
def test_a_frame_that_ends_inside_an_opcode_is_read_in_two_ways(length: int) -> None:
    opcodes = [b"\x8c\x05words", b"\x94", b"K\x01", b"cm0\nn0\n", b")", b"R", b"\x86", b"."]
    data = b"\x80\x04\x95" + struct.pack("<Q", length) + b"".join(opcodes)
    ends = {len(b"".join(opcodes[:count])) for count in range(len(opcodes) + 1)}
    is_told = bool(frames_of(data))
    assert is_told == (length not in ends)
    if not is_told:
        assert met_by(InC, data) == met_by(InPython, data)


@pytest.mark.parametrize("length", [1, 3, 6, 7, 9, 300, 0])
def test_data_whose_frame_does_not_end_between_opcodes_is_not_plain(length: int) -> None:
    # What one reader takes for a text is opcodes to another one, which goes on behind the frame.
    text = b"Vab" + b"cm0\nn0\n)R." + b"cd" * 200
    opcodes = [b"]", text.replace(b"\n", b" ") + b"\n", b"a", b"K\x01", b"a", b"."]
    whole = b"".join(opcodes)
    data = b"\x80\x04\x95" + struct.pack("<Q", length or len(whole)) + whole
    ends = {len(b"".join(opcodes[:count])) for count in range(len(opcodes))}
    is_data = skip_plain_data(Window.of(data), 0, Budget(Limits())).is_data
    assert is_data == (not length or length in ends)
    assert is_data or frames_of(data)
