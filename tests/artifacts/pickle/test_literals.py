"""What a pickle keeps as data: every mark of what can be loaded is found wherever it stands."""

from __future__ import annotations

import pickle
import random
import time

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.embedded import pickle_literals
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.limits import Limits
from mlsec.core.enums import GapReason

# The same as plain texts, searched one by one.
FAR = (
    *(b"\x80%c%c" % (version, after) for version in range(2, 6) for after in b"\x95}]c(\x8c"),
    *(b"gA%c%c" % (first, after) for first in b"SW" for after in b"VM"),
    *(b"gA%c%c" % (first, after) for first in b"JN" for after in b"9dj"),
    *(b"800%c%s" % (version, after) for version in b"45" for after in (b"95", b"8c")),
    *(b"800%c%s" % (version, after) for version in b"23" for after in (b"7d", b"63", b"5d")),
    b"PK\3\4", b"\x7fELF",
)  # fmt: skip
NEAR = (
    *FAR, b"\x1f\x8b\x08", b"\xfd7zXZ\0", b"BZh", b"\x28\xb5\x2f\xfd", b"\xe3\0\0\0\0",
    b"c\0\0\0\0", b"x\x9c", b"x\xda", b"UEsDB", b"f0VMR", b"H4sI", b"4wAAAA", b"YwAAAA", b"eJ",
    b"Y29", b"Y3Bv", b"KGN", b"KGl", b"fC", b"J-",
)  # fmt: skip
FILLS = (b"\0", b"\x8c\x0akey-123456\x94", bytes(range(256)), b"aGVsbG8gd29ybGQh800", b"\xff")


def _one_by_one(block: bytes, marks: tuple[bytes, ...]) -> set[int]:
    return {at for mark in marks for at in range(len(block)) if block.startswith(mark, at)}


@pytest.mark.parametrize("is_near", [True, False])
@pytest.mark.parametrize("mark", NEAR)
def test_a_mark_is_found_alone_among_any_data(mark: bytes, is_near: bool) -> None:
    marks = NEAR if is_near else FAR
    for fill in FILLS:
        for block in (mark, fill + mark, mark + fill, fill + mark + mark + fill):
            found = set(pickle_literals._starts(block, is_near=is_near))
            assert found == _one_by_one(block, marks)


@pytest.mark.parametrize("is_near", [True, False])
def test_marks_are_found_wherever_they_stand(is_near: bool) -> None:
    dice = random.Random(11)  # noqa: S311 - any order does
    for _ in range(40):
        parts = [dice.choice([*NEAR, *FILLS, dice.randbytes(9)]) for _ in range(60)]
        block = b"".join(part[: dice.randrange(1, 20)] for part in parts)
        found = list(pickle_literals._starts(block, is_near=is_near))
        assert len(found) == len(set(found))
        assert set(found) == _one_by_one(block, NEAR if is_near else FAR)


def test_many_short_streams_are_not_searched_once_for_each_of_them() -> None:
    # Each of them is read with the megabyte that follows it, and that was searched again and again.
    last = pickle.dumps(["word " * 200_000], 4)
    began = time.process_time()
    found = inspect(Window.of(pickle.dumps(1, 4) * 4_000 + last))
    assert (found.facts, found.gaps) == ((), ())
    assert time.process_time() - began < 15  # it takes a part of a second, and took half a minute


def test_streams_without_end_are_read_no_longer_than_a_file_may_take() -> None:
    found = inspect(Window.of(pickle.dumps(1, 4) * 4_000), Limits(cpu_s=0))
    assert [gap.reason for gap in found.gaps] == [GapReason.OVER_LIMIT]


def test_what_a_later_stream_keeps_is_still_found() -> None:
    kept = pickle.dumps([b"\x80\x04cos\nsystem\n(\x8c\x04inertR."], 4)
    found = inspect(Window.of(pickle.dumps(1, 4) * 4_000 + kept))
    assert FactKind.DENIED_CALL in {fact.kind for fact in found.facts}
