"""What is fuzzed: every reader has a target of its own, and each takes what it starts from."""

from __future__ import annotations

from itertools import islice

import pytest

from mlsec.artifacts.readers import READERS
from tests.fuzz.targets import TARGETS


def test_every_reader_and_every_parser_has_a_target_of_its_own() -> None:
    readers = [name for name in TARGETS if name.startswith("reader-")]
    assert len(readers) == len(READERS)


@pytest.mark.parametrize("name", TARGETS)
def test_target_takes_its_seeds_and_no_bytes_at_all(name: str) -> None:
    target = TARGETS[name]
    seeds = list(islice(target.seeds(), 12))
    assert seeds
    for data in (*seeds, b"", b"\x00", seeds[0][: len(seeds[0]) // 2]):
        target.try_one(data)
