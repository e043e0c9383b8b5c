"""How much memory it takes to tell how large a pickle grows: by what it shares, not by its size."""

from __future__ import annotations

import pickle
import tracemalloc

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.limits import Budget, Limits
from mlsec.artifacts.pickle.vm.growth import Growth

SHARED = {"unit": 1}
MANY = {f"w{n}": {"a": n, "b": n / 7} for n in range(20_000)}
VALUES = {
    "dictionaries": [{"id": n, "name": f"item {n}"} for n in range(30_000)],
    "dictionaries that share one": [{"id": n, "unit": SHARED} for n in range(30_000)],
    "dictionaries taken twice": [MANY, MANY],
    "pairs": [[(n, SHARED), (n / 7, "x")] for n in range(20_000)],
}


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("name", VALUES)
def test_containers_that_are_not_shared_are_not_remembered(name: str, protocol: int) -> None:
    data = pickle.dumps(VALUES[name], protocol)
    growth = Growth(Window.of(data), Budget(Limits()))
    growth.follow([(0, 1000)])  # what is read once for all streams
    growth = Growth(Window.of(data), Budget(Limits()))
    tracemalloc.start()
    try:
        growth.follow([(0, len(data))])
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 5 << 20
    assert growth.largest(1 << 40) > 40_000
