"""Every bomb ends within two seconds and 150 MiB, and is told."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.inspect.inspect import inspect
from tests.artifacts.builders.bombs import BOMBS

MOST_S, MOST_MIB = 2.0, 150


@pytest.mark.parametrize("name", BOMBS)
def test_every_bomb_ends_soon_in_little_memory_and_is_told(name: str, tmp_path: Path) -> None:
    file_name, build = BOMBS[name]
    (tmp_path / file_name).write_bytes(build())
    command = [
        sys.executable,
        "-m",
        "tests.artifacts.measured_inspection",
        str(tmp_path / file_name),
    ]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)  # noqa: S603 - ours
    result = json.loads(done.stdout)
    assert result["told"] or result["gaps"]
    assert result["took_s"] < MOST_S
    assert result["peak_mib"] < MOST_MIB


HONEST = {
    "a long list": [None] * 200_000,
    "a list of lists": [[] for _ in range(200_000)],
    "a tuple of tuples": tuple(() for _ in range(200_000)),
    "one text many times": ["same"] * 200_000,
    "bytes that are marks": b"(" * 500_000,
    "text that is digits": "7" * 500_000,
    "numbers of cryptography": [1 << 4096] * 100,
    "depth of a tree": [[[[[[[[[[[[]]]]]]]]]]]],
}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", HONEST)
def test_values_that_picklers_write_are_no_bomb(name: str, protocol: int) -> None:
    data = pickle.dumps(HONEST[name], protocol)
    assert FactKind.BOMB not in {fact.kind for fact in inspect(Window.of(data, "m.pkl")).facts}
