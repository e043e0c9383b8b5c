"""Settings with values of other types than anyone expects, and aliases that multiply."""

from __future__ import annotations

import copy
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.inspect.inspect import inspect
from tests.fuzz.documents import STRANGE
from tests.fuzz.samples import named_samples

LEVELS = "a0: &a0 [x, x]\n" + "".join(
    f"a{n + 1}: &a{n + 1} [" + ", ".join([f"*a{n}"] * 10) + "]\n" for n in range(9)
)
BOMBS = {
    "levels": LEVELS,
    "holds itself": "a: &a [*a]\n",
    "holds itself many times": "a: &a [" + ", ".join(["*a"] * 3000) + "]\n",
    "in a mapping": "a: &a {b: *a, c: *a}\n",
    "as a key": LEVELS + "? *a9\n: x\n",
    "in a key": LEVELS + "? [*a9, *a9]\n: x\n",
}


@pytest.mark.parametrize("name", BOMBS)
def test_aliases_that_multiply_are_told_and_cost_little(name: str) -> None:
    data = BOMBS[name].encode()
    inspect(Window.of(b"a: [b]\n", "x.yaml"))  # what is loaded for the first one does not count
    tracemalloc.start()
    try:
        found = inspect(Window.of(data, "x.yaml"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert FactKind.BOMB in {fact.kind for fact in found.facts}
    assert found.gaps
    assert peak < 16 << 20


def test_aliases_of_honest_settings_are_no_bomb() -> None:
    text = "base: &base {lr: 0.1, layers: [1, 2]}\n" + "".join(
        f"run{n}: [*base, *base]\n" for n in range(200)
    )
    found = inspect(Window.of(text.encode(), "config.yaml"))
    assert (found.facts, found.gaps) == ((), ())


def documents() -> Iterator[tuple[str, Any]]:
    for name, data in named_samples():
        if data[:1] in b"{[" and b"\0" not in data and len(data) < 4000:
            try:
                yield name, json.loads(data)
            except ValueError:
                continue
        elif name.endswith((".yaml", ".yml", "MLproject", "MLmodel")):
            try:
                yield name, yaml.safe_load(data)
            except yaml.YAMLError:
                continue


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a document, as what holds it and its key."""
    found, level = list[tuple[Any, Any]](), [value]
    while level:
        current = level.pop()
        keys = list(current) if isinstance(current, dict) else range(len(current))
        found += [(current, key) for key in keys]
        level += [current[key] for key in keys if isinstance(current[key], dict | list)]
    return found


@pytest.mark.parametrize("strange", STRANGE, ids=repr)
def test_a_value_of_any_other_type_is_read_to_an_answer(strange: object) -> None:
    tried = 0
    for name, document in documents():
        if not isinstance(document, dict | list):
            continue
        for holder, key in places(document)[:15]:
            before, holder[key] = holder[key], copy.deepcopy(strange)
            data = json.dumps(document, default=str).encode()
            assert inspect(Window.of(data, name)).size_bytes == len(data)
            holder[key] = before
            tried += 1
    assert tried > 500
