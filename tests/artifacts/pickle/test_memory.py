"""How much memory a large pickle takes to be judged."""

from __future__ import annotations

import pickle
import tracemalloc

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.inspect.inspect import inspect

SHARED = {"unit": 1}
MANY = {f"w{n}": {"a": n, "b": n / 7} for n in range(60_000)}
VALUES = {
    "dictionaries": [{"id": n, "name": f"item {n}"} for n in range(90_000)],
    "dictionaries that share one": [{"id": n, "unit": SHARED} for n in range(90_000)],
    "dictionaries taken twice": [MANY, MANY],
    "lists of pairs": [[(n, SHARED), (n / 7, "x")] for n in range(60_000)],
}


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("name", VALUES)
def test_plain_containers_take_less_than_a_few_times_the_file(name: str, protocol: int) -> None:
    data = pickle.dumps(VALUES[name], protocol)
    inspect(Window.of(data[:1000]))  # what is read once for all files
    tracemalloc.start()
    try:
        inspect(Window.of(data, "model.pkl"))
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 3 * len(data) + (4 << 20)
