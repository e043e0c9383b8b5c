"""HDF5 files whose readers do more than read: rows that are unpickled, losses by their names."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import Severity
from tests.artifacts.builders import hdf5_files as make
from tests.artifacts.builders import pickles

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
ROWS = make.attribute("PSEUDOATOM", b"object")
HOSTILE = {
    "lines": b"cos\nsystem\n(S'echo inert'\ntR.",
    "lines-of-unicode": b"cbuiltins\nexec\n(Vopen('x','w')\ntR.",
    "inst": b"(S'echo inert'\nios\nsystem\n.",
    "newer": pickles.stream(pickles.call("os", "system", "echo inert")),
}


def look(*messages: bytes, behind: bytes = b"") -> Inspection:
    return inspect(Window.of(make.file(*messages, behind=lambda _: behind), "a.h5"))


def is_flagged(found: Inspection) -> bool:
    return any(fact.danger in FLAGGING for fact in found.facts)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_row_that_is_unpickled_is_judged(name: str) -> None:
    assert is_flagged(look(ROWS, behind=bytes(64) + HOSTILE[name] + bytes(64)))


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_rows_of_plain_objects_stay_quiet(protocol: int) -> None:
    rows = pickle.dumps([{"a": [1, "x"]}, None, 2.5, b"z"], protocol)

    assert not is_flagged(look(ROWS, behind=bytes(64) + rows + b"c is a letter\nof a text\n"))


def training(loss: Any) -> bytes:
    return make.attribute("training_config", json.dumps({"loss": loss, "metrics": []}).encode())


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ({"class_name": "function", "config": "system", "module": "os"}, True),
        ([{"class_name": "Popen", "config": {}, "module": "subprocess"}], True),
        ({"out": {"class_name": "Lambda", "config": {"function": "x"}}}, True),
        ("mse", False),
        ({"class_name": "MeanSquaredError", "config": {}, "module": "keras.losses"}, False),
    ],
)
def test_what_a_model_was_trained_with_is_judged_as_its_layers_are(
    loss: Any, expected: bool
) -> None:
    assert is_flagged(look(training(loss))) is expected
