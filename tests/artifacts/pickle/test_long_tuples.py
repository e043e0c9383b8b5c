"""A tuple of millions of values is not held whole, and a call of it does not pass in silence."""

from __future__ import annotations

import tracemalloc

import pytest

from mlsec.artifacts.bytes.window import BLOCK_BYTES, Window
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.inspect.inspect import inspect
from tests.artifacts.builders import pickles as make

LISTED = make.stacked("collections", "OrderedDict") + b"\x940"
COUNTED = make.text("builtins") + make.text("len") + b"\x93\x940"
# More than one block of the shortest calls, and of numbers.
MANY = 600_000
VALUES = {"calls": b"h\x00)R", "objects": b"h\x00)\x81\x94"}


@pytest.mark.parametrize("kind", VALUES)
def test_memory_does_not_grow_with_a_tuple(kind: str) -> None:
    def peak(count: int) -> int:
        data = make.stream(LISTED + b"(" + VALUES[kind] * count + b"t")
        tracemalloc.start()
        try:
            assert not inspect(Window.of(data)).facts
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few = 2 * BLOCK_BYTES // len(VALUES[kind])
    assert peak(3 * few) < 2 * peak(few)


@pytest.mark.parametrize(
    "call",
    [
        LISTED + COUNTED + b"h\x01(" + b"h\x00)R" * MANY + b"tR",
        LISTED + COUNTED + b"h\x00(" + b"K\x01" * MANY + b"t\x81",
        LISTED + COUNTED + b"(h\x01" + b"h\x00)R" * MANY + b"o",
        LISTED + b"(" + b"h\x00)R" * MANY + b"ibuiltins\nlen\n",
    ],
    ids=["REDUCE", "NEWOBJ", "OBJ", "INST"],
)
def test_a_call_with_more_than_is_read_is_told(call: bytes) -> None:
    found = inspect(Window.of(make.stream(call)))
    assert FactKind.HIDDEN_NAME in {fact.kind for fact in found.facts}


def test_a_hostile_call_in_a_long_tuple_is_seen() -> None:
    hostile = make.call("os", "system", make.COMMAND)
    data = make.stream(LISTED + b"(" + b"h\x00)R" * MANY + hostile + b"h\x00)R" * MANY + b"t")
    assert FactKind.DENIED_CALL in {fact.kind for fact in inspect(Window.of(data)).facts}
