"""Numbers are not taken for pickles, and pickles put in place of numbers are not taken for them."""

from __future__ import annotations

import pickle
import random
import struct
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.pickle.files.loadable import HEAD_BYTES, is_loadable, may_be_loadable
from tests.artifacts.builders import HOSTILE
from tests.artifacts.builders.payloads import EVIL_PICKLE, EVIL_PICKLE_2, elf
from tests.artifacts.builders.pickles import call, dumped, named, stream
from tests.artifacts.builders.torch_zips import torch
from tests.artifacts.builders.zips import Entry

LONG = b"B" + struct.pack("<I", 100_000) + bytes(100_000) + b"0"
HIDDEN: Mapping[str, bytes] = {
    **{f"protocol {n}": stream(call("os", "system", "x"), protocol=n) for n in range(6)},
    "protocol 2, written by hand": EVIL_PICKLE_2,
    "no protocol": EVIL_PICKLE,
    "no protocol, behind a mark": b"(" + EVIL_PICKLE[:-1] + b"l.",
    "no protocol, a long module": named("importlib.metadata._meta", "x") + b"(tR.",
    "behind a long literal": stream(LONG, call("os", "system", "x"), protocol=2),
    "behind a harmless stream": stream(b"N", protocol=2) + EVIL_PICKLE_2,
    "broken behind the call": EVIL_PICKLE_2[:-1] + b"\xff\xff",
    "extension": b"\x80\x02\x82\x01.",
    "frame": dumped([1.5] * 20, protocol=4),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_a_pickle_in_place_of_numbers_is_seen(name: str) -> None:
    assert may_be_loadable(HIDDEN[name][:HEAD_BYTES])
    assert is_loadable(Window.of(HIDDEN[name]))


def test_a_pickle_as_a_storage_of_torch_is_read_as_one() -> None:
    for data in (HIDDEN["behind a long literal"], EVIL_PICKLE, EVIL_PICKLE_2.ljust(4096, b"\0")):
        found = inspect(Window.of(torch(Entry(name=b"archive/data/7", data=data))))
        places = {fact.place for fact in found.facts if fact.kind is FactKind.DENIED_CALL}
        assert places == {"archive/data/7"}


@pytest.mark.parametrize("name", [name for name in HOSTILE if name.endswith("-as-storage")])
def test_a_sample_put_in_as_a_storage_is_flagged_there(name: str) -> None:
    assert any("data/7" in fact.place or "storages" in fact.place
               for fact in inspect(Window.of(HOSTILE[name]())).facts)  # fmt: skip


@pytest.mark.parametrize("layout", ["<f", "<e", "<d", ">f"])
def test_honest_numbers_are_never_taken_for_a_pickle(layout: str) -> None:
    numbers = random.Random(layout)  # noqa: S311
    width = struct.calcsize(layout)
    data = b"".join(struct.pack(layout, numbers.gauss(0, 0.05)) for _ in range(100_000))
    starts = range(0, len(data) - 512, width)
    assert not [at for at in starts if is_loadable(Window.of(data[at : at + 512]))]


def test_random_bytes_behind_a_protocol_are_hardly_ever_taken_for_a_pickle() -> None:
    numbers = random.Random(7)  # noqa: S311
    taken = sum(
        is_loadable(Window.of(bytes([0x80, 2 + n % 4]) + numbers.randbytes(510)))
        for n in range(50_000)
    )
    assert taken <= 25  # one in 2,000; a protocol comes once in 16,000 random starts


def test_random_bytes_are_never_taken_for_a_pickle() -> None:
    data = random.Random(3).randbytes(400_000)  # noqa: S311
    assert not [at for at in range(len(data) - 512) if is_loadable(Window.of(data[at : at + 512]))]


@pytest.mark.parametrize(
    "data",
    [b"cat\ndog\n" * 8, b"(c) 2024 somebody\n" * 4, b"c" * 64, b"MZ" + bytes(100), bytes(64)],
)
def test_text_and_filling_are_not_taken_for_a_pickle(data: bytes) -> None:
    assert not is_loadable(Window.of(data))


def test_a_program_is_loadable() -> None:
    assert is_loadable(Window.of(elf()))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, min_size=1) | st.tuples(inner, inner),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(VALUES, st.integers(2, 5))
def test_what_python_pickles_before_a_call_hides_nothing(value: object, protocol: int) -> None:
    before = pickle.dumps(value, protocol)[2:-1]
    data = stream(before, b"0", call("os", "system", "x"), protocol=protocol)
    assert is_loadable(Window.of(data))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_answered(data: bytes) -> None:
    assert is_loadable(Window.of(b"\x80\x02" + data)) in {True, False}
    is_loadable(Window.of(data))
