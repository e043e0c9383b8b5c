"""Calls judged by their arguments are passed at once where the answer is known, and only there."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.inspect.inspect import inspect
from tests.artifacts.builders import pickles as make

MANY = 600
# Names that the stream keeps in its memo, and reads from there: 0, 1, 2, ...
KEPT = (
    make.named("_codecs", "encode"), make.text("latin1"), make.named("copyreg", "_reconstructor"),
    make.named("collections", "UserList"), make.named("builtins", "object"),
    make.named("functools", "partial"), make.named("builtins", "len"),
    make.named("operator", "itemgetter"), make.named("builtins", "getattr"), make.text("append"),
    make.named("os", "system"), make.text("rot13"), make.text("__class__"),
)  # fmt: skip
HEAD = b"".join(one + b"\x940" for one in KEPT)
QUIET = {
    "codec": b"h\x00" + make.text("some bytes") + b"h\x01\x86R0",
    "reconstructor": b"h\x02h\x03h\x04N\x87R}" + make.text("data") + b"K\x01sb0",
    "partial": b"h\x05h\x06\x85R(h\x06K\x01\x85}Ntb0",
    "itemgetter": b"h\x07K\x01\x85R0",
    "getattr": b"h\x08h\x03h\x09\x86R0",
}
LAST = {
    "codec": b"h\x00" + make.text("some bytes") + b"h\x0b\x86R",
    "reconstructor": b"h\x02h\x0ah\x04N\x87R",
    "partial": b"h\x05h\x0a\x85R",
    "itemgetter": b"h\x07h\x0c\x85R",
    "getattr": b"h\x08h\x03h\x0c\x86R",
}


@pytest.mark.parametrize("case", QUIET)
def test_a_hostile_call_behind_quiet_ones_is_seen_as_alone(case: str) -> None:
    quiet = QUIET[case].removesuffix(b"0")
    alone = inspect(Window.of(make.stream(HEAD + b"(" + quiet + LAST[case] + b"t")))
    behind = inspect(Window.of(make.stream(HEAD + b"(" + quiet * MANY + LAST[case] + b"t")))
    said = {(fact.kind, fact.subject, fact.detail) for fact in alone.facts}
    assert said == {(fact.kind, fact.subject, fact.detail) for fact in behind.facts}
    without = inspect(Window.of(make.stream(HEAD + b"(" + quiet * MANY + b"t")))
    assert {fact.kind for fact in behind.facts} - {fact.kind for fact in without.facts}


class Lie:
    """Stored as a call of a class with arguments of our choice."""

    def __init__(self, made_by: Callable[..., Any], *arguments: object) -> None:
        self.made_by, self.arguments = made_by, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[object, ...]]:
        return self.made_by, self.arguments


START = datetime.datetime(2026, 1, 1)  # noqa: DTZ001 - as most are stored
HONEST: tuple[Callable[[int], object], ...] = (
    lambda n: START + datetime.timedelta(seconds=n),
    lambda n: decimal.Decimal(n) / 7,
    lambda n: fractions.Fraction(n, 7),
    lambda n: collections.Counter({f"k{n}": n}),
    lambda n: collections.defaultdict(list, a=n),
    lambda n: collections.OrderedDict(a=n),
    lambda n: n.to_bytes(8, "big"),
    lambda n: bytearray(n.to_bytes(8, "big")),
    lambda n: Lie(collections.deque, [n, f"w{n}"]),
)
PROGRAM = "exec('x')"
LIES = (
    Lie(decimal.Decimal, PROGRAM),
    Lie(datetime.datetime, b"import os, sys"),
    Lie(collections.Counter, {PROGRAM: 1}),
    Lie(collections.deque, [PROGRAM]),
    Lie(fractions.Fraction, PROGRAM, PROGRAM),
    Lie(bytearray, 1 << 40),
    Lie(collections.OrderedDict, Lie(eval, "1")),
)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_lies_behind_many_honest_objects_are_seen_as_behind_one(protocol: int) -> None:
    many = [make_one(n) for make_one in HONEST for n in range(150)]
    one = [make_one(1) for make_one in HONEST]
    few = inspect(Window.of(pickle.dumps([*one, *LIES], protocol)))
    said = {(fact.kind, fact.subject, fact.detail) for fact in few.facts}
    assert len(said) >= len(LIES)
    behind = inspect(Window.of(pickle.dumps([*many, *LIES], protocol)))
    assert said == {(fact.kind, fact.subject, fact.detail) for fact in behind.facts}
    assert not inspect(Window.of(pickle.dumps(many, protocol))).facts
