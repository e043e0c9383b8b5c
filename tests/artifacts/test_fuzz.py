"""Damaged samples of every format: reading them ends, raises nothing, and is never silent."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.inspect.attempt import attempt
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.inspect.readers import READERS, SNIFF_BYTES
from mlsec.artifacts.limits import Limits
from tests.artifacts.builders import safetensors_files as safetensors
from tests.artifacts.mutations import mutate, small_samples

# Small, so that running into them is part of the play.
LIMITS = Limits(inflated_bytes=4 << 20, held_bytes=1 << 18, members=200, cpu_s=20, facts=300)
NUMBERS = st.integers(0, 1 << 20)
# Deferred, so that the samples are not built by whoever only collects the tests.
NAMES = st.deferred(lambda: st.sampled_from(sorted(small_samples())))
CHANGES = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=4)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(NAMES, NAMES, CHANGES)
def test_damaged_sample_is_read_to_an_answer(
    name: str, other: str, changes: list[tuple[int, int, int]]
) -> None:
    data = small_samples()[name]
    for kind, at, length in changes:
        data = mutate(data, kind, at, length, small_samples()[other])
    found = inspect(Window.of(data, name), LIMITS)
    assert found.size_bytes == len(data)
    assert found.members_read <= found.members
    assert found.facts or found.gaps or found.formats
    assert msgspec.msgpack.encode(found)  # or the reading process could not pass it on


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_are_read_to_an_answer(data: bytes) -> None:
    inspect(Window.of(data), LIMITS)


@pytest.mark.parametrize(
    "again", [b"\n", b" ", b"\t", b"# \n", b" \n", b"-", b"a", b"a.", b"[", b"{"]
)
def test_sniffing_repeated_bytes_takes_no_exponential_time(again: bytes) -> None:
    # 120 newlines before something that is not YAML once took longer than anyone could wait.
    data = again * (SNIFF_BYTES // len(again)) + b"\x01"
    assert all(reader.sniff(data, Window.of(data)) in (True, False) for reader in READERS)


LENGTHY = {
    "names after a broken pickle": b"\x80\x04N0\xff" + b"U" * 300_000,
    "spaces in metadata": safetensors.file(4, {"a": " " * 32_000 + "!"}),
    "spaces.prototxt": b"layer {\n python_param" + b" " * 300_000 + b"!",
    "spaces in a text graph": b"node" + b"\n" * 4_000 + b"!",
    "spaces.pbtxt": b"# a\nnode" + b" " * 4_000 + b"!",
    "words.yaml": b"a: " + b"a" * 300_000 + b"\n",
    "evaluated.yaml": b"a: ${eval:" + b"e" * 300_000 + b"\n",
    "dots in braces.jinja": ("{{ '{" + "." * 300_000 + "'.format(a) }}").encode(),
    "braces.jinja": ("{{ '%{:" + "{" * 300_000 + "' % a }}").encode(),
    "packages": b"numpy==1\n" + b" " * 300_000 + b"!\n",
    "a picture": b"\xff\xd8\xff\xe0\x00\x10JFIF\0"
    + bytes(9)
    + b"\xff\xda\x00\x02"
    + b"\xff" * 300_000,
    "config.json": json.dumps({"auto_map": {"AutoModel": "-" * 300_000 + "!"}}).encode(),
}


@pytest.mark.parametrize("case", LENGTHY)
def test_a_lengthy_text_is_not_split_in_every_way(case: str) -> None:
    # Each took seconds to hours: an expression looks at no clock.
    assert inspect(Window.of(LENGTHY[case], case), LIMITS).size_bytes == len(LENGTHY[case])


def test_a_mistake_of_ours_becomes_a_gap() -> None:
    class Wrong:
        size_bytes = 4
        bytes_read = 0

        def read_at(self, offset: int, length: int) -> bytes:
            raise ZeroDivisionError("inert")

    found = attempt(Window.over(Wrong()), LIMITS)
    assert "ZeroDivisionError: inert" in found.gaps[0].detail
    assert found.facts
