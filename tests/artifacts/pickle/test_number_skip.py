"""The skip over numbers changes nothing of what is seen, nor does the way entries are kept."""

from __future__ import annotations

import contextlib
import random

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.limits import Budget, Limits
from mlsec.artifacts.pickle.vm import memo as memo_module
from mlsec.artifacts.pickle.vm.memo import Memo
from mlsec.artifacts.pickle.vm.opcode_table import machine_over
from mlsec.artifacts.pickle.vm.values import CallKind, CallResult, Global, Value
from tests.artifacts.builders import pickles as make
from tests.artifacts.pickle.test_machine import Recorded

TAKERS = (
    b"0", b"000000000", b"2", b"\x85", b"\x86", b"\x87", b"a", b"s", b"R", b"\x81", b"b", b"Q",
    b"\x93", b"\x94", b"t", b"l", b"e", b"u", b"1", b"o", b"(", b"((", b"]", b"}", b"](", b"}(",
    b"h\x00", b"h\x01", b"h\x00h\x01\x93", b"\x85R", b"(K\x01tR", b"h\x02h\x03R", b"cc\nd\n",
    b"0" * 40, b"\x86" * 30, b"\x87" * 12, b"s" * 11, b"a" * 20,
)  # fmt: skip


def random_stream(number: int) -> bytes:
    """Long runs of values, with opcodes between them that take values in every way."""
    dice = random.Random(number)  # noqa: S311 - any numbers do
    items = (
        lambda: b"K" + bytes([dice.randrange(256)]),
        lambda: make.text("s" * dice.randrange(9)) + b"\x94",
        lambda: b"K\x01K\x02\x86\x94",
        lambda: b"K\x01\x85",
        lambda: b"N)\x8c\x01x\x87",
        lambda: b"(K\x01N\x88t\x94",
        lambda: b"]\x94(K\x01K\x02e",
        lambda: b"](" + b"K\x07" * 300 + b"e(" + b"K\x08" * dice.randrange(99) + b"e",
        lambda: b"h" + bytes([dice.randrange(8)]),
    )
    calls = (
        lambda: b"h\x08" + make.text("1") + b"\x94\x85\x94R\x94",
        lambda: b"h\x08)R\x94",
        lambda: b"h\x08)R\x94h\x01K\x01s",
        lambda: b"h\x08)\x81\x94}\x94h\x01K\x01sb",
        lambda: b"h\x08h\x09K\x01\x86R(h\x01K\x02u",
        lambda: b"h\x09h\x08K\x01\x86R",
    )
    parts = [make.text(f"m{n}") + b"\x94" for n in range(4)] * 2
    parts += [b"h\x00h\x01\x93\x94", b"h\x02h\x03\x93\x94", b"(" * dice.randrange(3)]
    for _ in range(dice.randrange(1, 7)):
        few = dice.sample(items + calls, dice.randrange(1, 4))
        parts += [dice.choice(few)() for _ in range(dice.choice((9, 60, 150, 400)))]
        parts += [dice.choice(TAKERS) for _ in range(dice.randrange(4))]
    return make.stream(*parts)


class Lenient(Recorded):
    """Takes calls of ``m0.m1`` for harmless, as the policy does for some."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[object] = []

    def called(self, how: CallKind, function: Value, arguments: Value, offset: int) -> None:
        if type(function) is Global and function.name == "m1":
            function.is_harmless_when(how, bool)
        else:
            self.calls.append(offset)
            self.seen.append((shape(function), shape(arguments)))

    def built(self, target: Value, state: Value, offset: int) -> None:
        if type(target) is not CallResult:
            self.seen.append((offset, shape(target), shape(state)))

    def patched(self, target: Value, _items: list[Value], offset: int) -> None:
        if type(target) is Global:
            self.seen.append((offset, shape(target)))


def shape(value: Value) -> object:
    """A value as far as a judgement looks at it."""
    if isinstance(value, tuple):
        return tuple(map(shape, value))
    if isinstance(value, Global):
        return value.full
    return value if isinstance(value, (str, int)) else type(value).__name__


def seen(data: bytes, *, skips_data: bool) -> tuple[object, ...]:
    judge = Lenient()
    machine = machine_over(Window.of(data), 0, judge, Budget(Limits()))
    machine.skips_data = skips_data
    with contextlib.suppress(ArtifactError):
        machine.run()
    return judge.imports, judge.calls, judge.seen, machine.end, len(machine.memo), machine.failed_at


@pytest.mark.parametrize("block", range(10))
def test_the_skip_changes_neither_imports_nor_calls_nor_the_end(block: int) -> None:
    for number in range(60 * block, 60 * block + 60):
        data = random_stream(number)
        assert seen(data, skips_data=True) == seen(data, skips_data=False), number


@pytest.mark.parametrize("after", [0, 5, 40])
@pytest.mark.parametrize("before", [1, 40, 300, 303])
def test_a_stream_breaks_where_its_opcode_stands(before: int, after: int) -> None:
    data = make.stream(b"c__main__\nf\n0", b"K\x01" * before, b"pnone\n", b"K\x01" * after)
    assert seen(data, skips_data=True) == seen(data, skips_data=False)


def memo_of(values: list[Value]) -> Memo:
    return Memo(lambda offset: values[offset])


def test_memo_entries_are_read_and_replaced_as_in_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo_module, "EXACT_ENTRIES", 100)
    for number in range(40):
        dice = random.Random(number)  # noqa: S311 - any numbers do
        literals: list[Value] = [f"s{step}" for step in range(300)]
        memo, plain = memo_of(literals), dict[int, Value]()
        for step in range(300):
            is_literal = dice.random() < 0.5
            value = literals[step] if is_literal else dice.choice((None, True, b"x", step))
            index = dice.randrange(len(plain)) if plain and dice.random() < 0.2 else len(plain)
            plain[index] = value
            if index == len(memo) and dice.random() < 0.8:
                memo.memoize(value, step if is_literal else -1)
            else:
                memo.put(index, value, step if is_literal else -1)
        assert len(memo) == len(plain)
        assert [memo.get(index) for index in range(len(memo))] == list(plain.values())


def test_a_text_behind_the_exact_entries_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo_module, "EXACT_ENTRIES", 3)
    texts = [make.text("os"), make.long_text("system"), b"Vos\n", b"U\6system", b"C\6system"]
    for put in (b"\x94", b"q%c", b"r%c\0\0\0", b"p%d\n"):
        for module, name in ((0, 1), (2, 3), (0, 3), (2, 1)):
            parts = [make.text("other"), *texts] * 3
            stores = [put % n if b"%" in put else put for n in range(len(parts))]
            both = b"h%ch%c\x93" % (7 + module, 13 + name)
            data = make.stream(*(a + b + b"0" for a, b in zip(parts, stores, strict=True)), both)
            assert seen(data, skips_data=True)[0] == [["os", "system"]]


@pytest.mark.parametrize("is_mixed", [False, True])
@pytest.mark.parametrize("many", [0, 200, 3000])
def test_a_hook_far_inside_a_state_is_seen(many: int, is_mixed: bool) -> None:
    names = make.text("collections") + b"\x94" + make.text("UserDict") + b"\x94\x93\x940"
    hook = make.text("__class__") + b"\x940"
    padding = b"".join(make.text(f"k{number}") + b"K\x01" for number in range(many))
    call = make.text("c") + make.stacked("mylib", "f") + b")R" if is_mixed else b""
    state = b"}(" + padding + call + padding + b"h\x03h\x02" + padding + b"u"
    data = make.stream(names, hook, make.stacked("collections", "OrderedDict"), b")R", state, b"b")
    found = inspect(Window.of(data))
    assert FactKind.PATCHED_OBJECT in {fact.kind for fact in found.facts}
