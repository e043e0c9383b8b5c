"""The walk agrees with Python's own readers of opcodes, and is quiet or loud for a reason."""

from __future__ import annotations

import contextlib
import json
import pickle
import pickletools
import random
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind, Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.limits import Budget, Limits
from mlsec.artifacts.pickle.vm.growth import Growth
from mlsec.artifacts.pickle.vm.machine import Machine
from mlsec.artifacts.pickle.vm.opcode_table import BY_OPCODE, STEPS, machine_over
from mlsec.artifacts.pickle.vm.opcodes import ARGUMENTS, Argument
from mlsec.artifacts.pickle.vm.plain_data import skip_plain_data
from mlsec.artifacts.pickle.vm.plain_patterns import data_run
from mlsec.artifacts.pickle.vm.values import CallKind, Global, Value
from mlsec.core.enums import Severity
from tests.artifacts.builders import pickles as make
from tests.artifacts.builders.pickle_samples import BENIGN, HOSTILE
from tests.loops import for_each

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
LAYOUTS = {
    "decimalnl_short": Argument.LINE, "decimalnl_long": Argument.LINE, "floatnl": Argument.LINE,
    "stringnl": Argument.LINE, "stringnl_noescape": Argument.LINE, "unicodestringnl": Argument.LINE,
    "stringnl_noescape_pair": Argument.TWO_LINES, "uint1": Argument.BYTES_1,
    "uint2": Argument.BYTES_2, "int4": Argument.BYTES_4, "uint4": Argument.BYTES_4,
    "uint8": Argument.BYTES_8, "float8": Argument.BYTES_8, "long1": Argument.COUNTED_1,
    "long4": Argument.COUNTED_4, "string1": Argument.COUNTED_1, "string4": Argument.COUNTED_4,
    "bytes1": Argument.COUNTED_1, "bytes4": Argument.COUNTED_4, "bytes8": Argument.COUNTED_8,
    "bytearray8": Argument.COUNTED_8, "unicodestring1": Argument.COUNTED_1,
    "unicodestring4": Argument.COUNTED_4, "unicodestring8": Argument.COUNTED_8,
}  # fmt: skip

atoms = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    | st.text(min_size=250, max_size=300) | st.integers(min_value=1 << 2100, max_value=1 << 2200)
)  # fmt: skip
plain = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner, inner, inner)
    ),
    max_leaves=40,
)


class Recorded:
    """A judge that only writes down what it is told, in order."""

    def __init__(self) -> None:
        self.imports: list[list[str]] = []
        self.calls: list[int] = []

    def imported(self, name: Global, protocol: int) -> None:
        self.imports.append([name.module, name.name])

    def called(self, how: CallKind, function: Value, arguments: Value, offset: int) -> None:
        self.calls.append(offset)

    def built(self, target: Value, state: Value, offset: int) -> None: ...
    def patched(self, target: Value, _items: list[Value], offset: int) -> None: ...
    def unclear(self, detail: str, offset: int) -> None: ...
    def hidden(self, subject: str, detail: str, offset: int) -> None: ...

    def persistent(self, identity: Value, offset: int) -> Value:
        return None


def walked(data: bytes, *, skips_data: bool = True) -> tuple[Machine, Recorded]:
    judge = Recorded()
    machine = machine_over(Window.of(data), 0, judge, Budget(Limits()))
    machine.skips_data = skips_data
    machine.run()
    return machine, judge


@for_each("opcode", pickletools.opcodes, called=lambda opcode: opcode.name)
def test_every_opcode_is_laid_out_as_python_says(opcode: Any) -> None:
    expected = LAYOUTS[opcode.arg.name] if opcode.arg else Argument.NONE
    assert ARGUMENTS[ord(opcode.code)] is expected


def test_every_opcode_has_a_step_and_nothing_else_has() -> None:
    known = {ord(opcode.code) for opcode in pickletools.opcodes}
    assert {code[0] for code in BY_OPCODE} == known == set(ARGUMENTS)
    assert len(STEPS) == 256


@settings(max_examples=150, deadline=None)
@given(value=plain, protocol=st.integers(0, 5))
def test_each_opcode_begins_where_genops_says(value: object, protocol: int) -> None:
    data = make.dumped(value, protocol)
    machine = machine_over(Window.of(data), 0, Recorded(), Budget(Limits()))
    machine.skips_data, machine.stop_at = False, 0  # so that no literal is stored with its push
    position, ours = 0, []
    while position < len(data):
        ours.append(position)
        position = STEPS[data[position]](machine, machine.reader.block, position)
        machine.stop_at = 0
    assert ours == [offset for _, _, offset in pickletools.genops(data)]


@settings(max_examples=150, deadline=None)
@given(value=plain, protocol=st.integers(3, 5))
def test_plain_data_is_skipped_to_its_stop(value: object, protocol: int) -> None:
    data = make.dumped(value, protocol)
    found = skip_plain_data(Window.of(data + b"tail"), 0, Budget(Limits()))
    assert (found.is_data, found.end) == (True, len(data))


@settings(max_examples=100, deadline=None)
@given(value=plain, protocol=st.integers(0, 5), many=st.integers(0, 3))
def test_skipping_numbers_changes_neither_end_nor_memo(
    value: object, protocol: int, many: int
) -> None:
    long = [list(range(900 * many)), [str(n) for n in range(300 * many)]]
    data = make.dumped([[value], long, ["key"] * many, long], protocol)
    (fast, _), (exact, _) = walked(data), walked(data, skips_data=False)
    assert fast.end == exact.end == len(data)
    assert len(fast.memo) == len(exact.memo)
    for index in range(0, len(exact.memo), 7):
        ours, theirs = fast.memo.get(index), exact.memo.get(index)
        assert type(ours) is type(theirs)
        assert not isinstance(theirs, (str, int, bytes)) or ours == theirs


def test_numbers_at_the_end_of_a_batch_are_not_taken_for_memo_writes() -> None:
    data = make.dumped([list(range(900))], 1)
    assert walked(data)[0].end == len(data)


@pytest.mark.parametrize("opcode", [b"J" + b"JG.\x8c", b"G" + b"GJK.\x8cc\x94)", b"\x8c\3abc\x94"])
@pytest.mark.parametrize("count", [1, 7, 8, 9, 15, 16, 17])
def test_a_row_of_alike_values_is_passed_to_the_last_one_that_is_whole(
    opcode: bytes, count: int
) -> None:
    run = data_run(0, reads=False)
    for left in range(len(opcode.rstrip(b"\x94"))):
        found = run.match(count * opcode + opcode[:left])
        assert found is not None
        assert found.end() == count * len(opcode)


def test_the_data_run_stops_before_an_opcode_that_is_cut_off() -> None:
    assert data_run(64, reads=True).match(b"K\x01X\x05\x00\x00\x00ab").end() == 2


CHILD = """
import json, pickle, sys
class Seen(pickle.Unpickler):
    names = []
    def find_class(self, module, name):
        self.names.append([module, name])
        return lambda *a, **k: {}
    def persistent_load(self, identity):
        return None
import io
found = []
for text in json.load(sys.stdin):
    Seen.names = []
    try:
        Seen(io.BytesIO(bytes.fromhex(text))).load()
    except Exception:
        pass
    found.append(Seen.names)
print(json.dumps(found))
"""


def random_stream(number: int) -> bytes:
    """Imports reached by memo, stack and containers in ways no pickler writes."""
    dice = random.Random(number)  # noqa: S311 - any numbers do
    parts = [
        make.text(f"m{dice.randrange(3)}") + b"\x94",
        make.text(f"n{dice.randrange(3)}") + b"\x94",
    ]
    pieces = (
        b"K\x01", b"N0", b"h\x00", b"h\x01", b"h\x00h\x01\x93", b"(K\x01t0", b"](h\x00h\x01e",
        b"20", b"h\x01q\x05h\x05", make.stacked("a", "b"), b"cc\nd\n", b"2\x85",
        b"\x8c\x01e\x8c\x01f\x93)R", b"(h\x00h\x01l", b"h\x01\x94",
        make.text("g") + b"r\x00\x01\x00\x00",
    )  # fmt: skip
    parts += [dice.choice(pieces) for _ in range(dice.randrange(25))]
    return make.stream(*parts)


def test_every_name_that_the_loader_would_import_is_imported_here() -> None:
    streams = [random_stream(number) for number in range(300)]
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", CHILD],
        input=json.dumps([data.hex() for data in streams]),
        capture_output=True,
        text=True,
        check=True,
    )
    for data, theirs in zip(streams, json.loads(done.stdout), strict=True):
        judge = Recorded()
        with contextlib.suppress(ArtifactError):
            machine_over(Window.of(data), 0, judge, Budget(Limits())).run()
        assert all(name in judge.imports for name in theirs), data


def is_flagged_or_told(found: Inspection) -> bool:
    return bool(found.gaps) or any(fact.danger in FLAGGING for fact in found.facts)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_changed_byte_never_raises_and_never_hides_the_rest(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(HOSTILE | BENIGN)))
    whole = bytearray((HOSTILE | BENIGN)[name]()[:4000])
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    inspect(Window.of(bytes(whole)))


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_cut_file_is_never_silently_clean(name: str) -> None:
    whole = HOSTILE[name]()
    assert is_flagged_or_told(inspect(Window.of(whole[:-1])))


def test_a_bomb_of_tuples_and_a_far_memo_index_are_told_soon() -> None:
    data = make.stream(b"]" + b"2\x86" * 5_000 + make.named("a", "B") + b"r\xff\xff\xff\xff")
    found = inspect(Window.of(data))
    assert {fact.subject for fact in found.facts if fact.kind is FactKind.BOMB} == {
        "references",
        "memo",
    }


LAUGHS = {
    "DUP": b"(" * 10 + make.text("lol") + b"22222222l" * 10,
    "memo": b"(" * 10
    + make.text("lol")
    + b"".join(b"q%c" % n + b"h%c" % n * 8 + b"l" for n in range(10)),
    "given to a call": make.named("collections", "OrderedDict")
    + b"((" + b"(" * 10 + make.text("lol") + b"22222222l" * 10 + b"ltR",
    "put into an object": make.named("collections", "OrderedDict") + b")R("
    + b"K\x01" + b"(" * 10 + make.text("lol") + b"22222222l" * 10 + b"u",
}  # fmt: skip


@pytest.mark.parametrize("name", LAUGHS)
def test_lists_that_grow_by_references_are_a_bomb(name: str) -> None:
    found = inspect(Window.of(make.stream(LAUGHS[name]))).facts
    assert [fact.kind for fact in found] == [FactKind.BOMB]


@pytest.mark.parametrize("name", ["DUP", "memo"])
def test_a_bomb_behind_a_long_text_is_told_too(name: str) -> None:
    bomb = make.long_text("." * 100_000) + b"0" + LAUGHS[name]
    assert {fact.kind for fact in inspect(Window.of(make.stream(bomb))).facts} == {FactKind.BOMB}


BULK = {
    "numbers": b"](" + b"".join(b"J" + n.to_bytes(4, "little") for n in range(300_000)) + b"e0",
    "dicts": b"".join(b"}(h\x00K%ch\x01K\x02u\x940" % (n % 256) for n in range(120_000)),
}
SPREAD = b"(" * 10 + make.text("lol") + b"".join(
    b"r" + (1 << 21 | n).to_bytes(4, "little")
    + (b"K\x01j" + (1 << 21 | n).to_bytes(4, "little")) * 8 + b"l"
    for n in range(10)
)  # fmt: skip


@pytest.mark.parametrize("bulk", BULK)
@pytest.mark.parametrize("bomb", [*LAUGHS.values(), SPREAD], ids=[*LAUGHS, "spread"])
def test_a_bomb_behind_megabytes_of_data_is_told_too(bulk: str, bomb: bytes) -> None:
    keys = make.text("a") + b"\x940" + make.text("b") + b"\x940"
    found = inspect(Window.of(make.stream(keys + BULK[bulk] + bomb))).facts
    assert FactKind.BOMB in {fact.kind for fact in found}


@pytest.mark.parametrize("put", [b"r\xff\xff\xff\x7f", b"p2147483647\n"])
def test_a_far_memo_index_behind_megabytes_of_data_is_told(put: bytes) -> None:
    found = inspect(Window.of(make.stream(BULK["numbers"] + b"]" + put))).facts
    assert [fact.subject for fact in found] == ["memo"]


def test_an_entry_that_is_written_again_does_not_hide_what_grows() -> None:
    # Entry 0 is a text where it is learnt; later a list is stored there, and read eightfold.
    levels = b"".join(b"q\x00" + b"h\x00" * 8 + b"l" for _ in range(10))
    data = make.text("a") + b"\x940(" + b"h\x00" * 5_000 + b"t0" + b"(" * 10 + b"]" + levels
    found = inspect(Window.of(make.stream(data))).facts
    assert [fact.subject for fact in found] == ["references"]


def test_a_read_of_a_negative_entry_is_broken_and_no_more() -> None:
    found = inspect(Window.of(b"(Vx\n" + b"g-1\n" * 9 + b"t."))
    assert {fact.kind for fact in found.facts} <= {FactKind.BROKEN, FactKind.UNACCOUNTED_BYTES}


def items(value: object, known: dict[int, int]) -> int:
    """What ``largest`` counts: an item for each value, as often as it is reached."""
    if not isinstance(value, (list, tuple, dict)):
        return 1
    if id(value) not in known:
        parts = [*value.keys(), *value.values()] if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(items(part, known) for part in parts)
    return known[id(value)]


@pytest.mark.parametrize("number", range(40))
def test_what_is_weighed_is_what_the_loader_would_build(number: int) -> None:
    dice = random.Random(number)  # noqa: S311 - any numbers do
    pool: list[object] = [1, "a", 2.5, None, ("x", 2), [], {}]
    for _ in range(60):
        parts = [dice.choice(pool) for _ in range(dice.randrange(5))]
        kind = dice.randrange(3)
        pool.append([parts, tuple(parts), {str(n): one for n, one in enumerate(parts)}][kind])
    value = [pool[-9:], pool[-5:]]
    data = pickle.dumps(value, number % 6)
    growth = Growth(Window.of(data), Budget(Limits()))
    growth.follow([(0, len(data))])
    assert growth.largest(1 << 60) == items(value, {})


def test_a_frame_of_plain_data_that_is_longer_than_the_file_is_reported() -> None:
    (fact,) = inspect(Window.of(make.stream(b"\x95" + b"\xff" * 8 + b"]"))).facts
    assert (fact.kind, fact.danger) == (FactKind.BOMB, Severity.MEDIUM)


def test_a_list_that_is_shared_or_holds_itself_is_no_bomb() -> None:
    shared: list[object] = [0] * 100
    shared.append(shared)
    assert not inspect(Window.of(make.dumped([[shared] * 100] * 100))).facts
