"""What is passed at once between calls changes nothing of what is seen."""

from __future__ import annotations

import contextlib
import random

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.limits import Budget, Limits
from mlsec.artifacts.pickle.machine import Machine
from mlsec.artifacts.pickle.memo import WORTH_ENTRIES, Memo
from mlsec.artifacts.pickle.runs import Runs
from mlsec.artifacts.pickle.values import Box, Global, How, Plain, Result, Stretch, Value
from tests.artifacts.builders import pickles as make
from tests.artifacts.test_pickle_machine import Recorded

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

    def called(self, how: How, function: Value, arguments: Value, offset: int) -> None:
        if type(function) is Global and function.name == "m1":
            function.calls.add(how)
        else:
            self.calls.append(offset)
            self.seen.append((shape(function), shape(arguments)))

    def built(self, target: Value, state: Value, offset: int) -> None:
        if type(target) is not Result:
            self.seen.append((offset, shape(target), shape(state)))

    def patched(self, target: Value, _items: object, offset: int) -> None:
        if type(target) is Global:
            self.seen.append((offset, shape(target)))


def shape(value: Value) -> object:
    """A value as far as a judgement looks at it."""
    if isinstance(value, tuple):
        return tuple(map(shape, value))
    if isinstance(value, Global):
        return value.full
    return value if isinstance(value, (str, int)) else type(value).__name__


def seen(data: bytes, *, is_batched: bool) -> tuple[object, ...]:
    judge = Lenient()
    machine = Machine(Window.of(data), 0, judge, Budget(Limits()))
    machine.is_batched = is_batched
    with contextlib.suppress(ArtifactError):
        machine.run()
    return judge.imports, judge.calls, judge.seen, machine.end, len(machine.memo), machine.failed_at


@pytest.mark.parametrize("block", range(10))
def test_runs_change_neither_imports_nor_calls_nor_the_end(block: int) -> None:
    for number in range(60 * block, 60 * block + 60):
        data = random_stream(number)
        assert seen(data, is_batched=True) == seen(data, is_batched=False), number


@pytest.mark.parametrize("after", [0, 5, 40])
@pytest.mark.parametrize("before", [1, 40, 300, 303])
def test_a_stream_breaks_where_its_opcode_stands(before: int, after: int) -> None:
    data = make.stream(b"c__main__\nf\n0", b"K\x01" * before, b"pnone\n", b"K\x01" * after)
    assert seen(data, is_batched=True) == seen(data, is_batched=False)


def test_runs_are_passed_and_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    put_back = []
    monkeypatch.setattr(Runs, "values", lambda runs, stretch: put_back.append(runs) or [])
    data = make.stream(b"K\x01" * 800, b"0" * 790)
    seen(data, is_batched=True)
    assert put_back


class Nobody:
    """Is never asked."""

    def read(self, _stretch: Stretch, _kind: str) -> Box:
        raise AssertionError


def test_memo_entries_in_parts_are_read_and_replaced_as_in_a_list() -> None:
    for number in range(40):
        dice = random.Random(number)  # noqa: S311 - any numbers do
        memo, plain = Memo(lambda stretch: None), dict[int, Value]()
        for step in range(300):
            count = dice.choice((1, 1, 1, 5, WORTH_ENTRIES, 200))
            stretch = Stretch(step, 1, len(memo), Nobody())
            value = dice.choice((f"s{step}", "", "a\0b", step, None))
            if count > 1:
                plain.update(dict.fromkeys(range(len(memo), len(memo) + count), Plain.UNKNOWN))
                memo.memoize_all(stretch, count)
            elif dice.random() < 0.2 and plain:
                index = dice.randrange(len(plain))
                plain[index] = value
                memo.put(index, value)
            else:
                plain[len(memo)] = value
                memo.memoize(value)
        assert len(memo) == len(plain)
        assert [memo.get(index) for index in range(len(memo))] == list(plain.values())


def test_many_memo_entries_are_kept_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlsec.artifacts.pickle.memo.EXACT_ENTRIES", 10)
    test_memo_entries_in_parts_are_read_and_replaced_as_in_a_list()


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
