"""A tuple of millions of values is not held whole, and a call of it does not pass in silence."""

from __future__ import annotations

import tracemalloc

import pytest

from mlsec.artifacts.bytes.window import BLOCK_BYTES, Window
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.pickle import runs
from tests.artifacts.builders import pickles as make

LISTED = make.stacked("collections", "OrderedDict") + b"\x940"
COUNTED = make.text("builtins") + make.text("len") + b"\x93\x940"
MANY = 30_000
VALUES = {"calls": b"h\x00)R", "objects": b"h\x00)\x81\x94"}


@pytest.mark.parametrize("kind", VALUES)
def test_memory_does_not_grow_with_a_tuple(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "LONG_TUPLE_BYTES", 1 << 10)

    def peak(count: int) -> int:
        data = make.stream(LISTED + b"(" + VALUES[kind] * count + b"t")
        tracemalloc.start()
        try:
            assert not inspect(Window.of(data)).facts
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # One block is read again for the first values; no more than that.
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
def test_a_call_with_more_than_is_read_is_told(
    call: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "LONG_TUPLE_BYTES", 1 << 10)
    found = inspect(Window.of(make.stream(call)))
    assert FactKind.HIDDEN_NAME in {fact.kind for fact in found.facts}


def test_a_hostile_call_in_a_long_tuple_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "LONG_TUPLE_BYTES", 1 << 10)
    hostile = make.call("os", "system", make.COMMAND)
    data = make.stream(LISTED + b"(" + b"h\x00)R" * MANY + hostile + b"h\x00)R" * MANY + b"t")
    assert FactKind.DENIED_CALL in {fact.kind for fact in inspect(Window.of(data)).facts}
