"""Numbers that loaders use as places in memory or as names to call, where they lead elsewhere."""

from __future__ import annotations

import json
import pickle
import struct
from pathlib import Path
from typing import Any

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind, Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import Severity
from tests.artifacts.builders import onnx_models
from tests.artifacts.builders.torch_zips import torch
from tests.model_files.test_source_beside import read

TREE = """tree
version=v4
num_class=1
num_tree_per_iteration=1
max_feature_idx=2
feature_names=a b c
feature_infos=[0:1] [0:1] [0:1]

Tree=0
num_leaves={leaves}
num_cat={groups}
split_feature={features}
threshold={thresholds}
decision_type={kinds}
left_child={left}
right_child={right}
leaf_value=0.1 0.2 0.3
{more}

end of trees
"""
HONEST: dict[str, Any] = {
    "leaves": 3, "groups": 0, "features": "0 2", "thresholds": "0.5 1.5", "kinds": "2 2",
    "left": "1 -1", "right": "-2 -3", "more": "",
}  # fmt: skip
CATEGORIES = {
    "groups": 1, "kinds": "1 2", "thresholds": "0 1.5",
    "more": "cat_boundaries=0 1\ncat_threshold=6",
}  # fmt: skip


def tree(**changed: Any) -> Inspection:
    return inspect(Window.of(TREE.format(**{**HONEST, **changed}).encode(), "m.txt"))


def broken(found: Inspection) -> list[Severity]:
    return [fact.danger for fact in found.facts if fact.kind is FactKind.BROKEN]


@pytest.mark.parametrize("changed", [{}, CATEGORIES])
def test_an_honest_tree_of_lightgbm_is_no_finding(changed: dict[str, Any]) -> None:
    assert broken(tree(**changed)) == []


OUT_OF_RANGE: dict[str, dict[str, Any]] = {
    "child beyond the nodes": {"left": "2 -1"},
    "child far beyond the nodes": {"left": "1 1000000"},
    "child beyond the leaves": {"right": "-2 -4"},
    "child at the lowest number": {"right": "-2 -2147483648"},
    "node is its own child": {"left": "1 1"},
    "root is a child": {"left": "1 0"},
    "too few children": {"left": "1"},
    "no leaves": {"leaves": -1},
    "leaves without end": {"leaves": 2147483647},
    "more leaves than values": {"leaves": 4, "left": "1 -1 2", "right": "-2 -3 -4"},
    "feature beyond the last": {"features": "0 3"},
    "feature below the first": {"features": "0 -1"},
    "group of categories beyond the last": {**CATEGORIES, "thresholds": "7 1.5"},
    "words of categories beyond the last": {
        **CATEGORIES, "more": "cat_boundaries=0 9\ncat_threshold=6"
    },
}  # fmt: skip


@pytest.mark.parametrize("name", OUT_OF_RANGE)
def test_an_index_of_lightgbm_out_of_range_is_high(name: str) -> None:
    assert Severity.HIGH in broken(tree(**OUT_OF_RANGE[name]))


def safetensors(metadata: dict[str, str]) -> Inspection:
    head = json.dumps(
        {"__metadata__": metadata, "w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    ).encode()
    return inspect(Window.of(struct.pack("<Q", len(head)) + head + bytes(4), "m.safetensors"))


CALLS = {
    "json": json.dumps({"_target_": "builtins.eval", "_args_": ["1"]}),
    "nested": json.dumps({"model": {"net": {"_target_": "os.system", "command": "true"}}}),
    "literal": "{'_target_': 'subprocess.run', 'args': 'true'}",
    "yaml": "model:\n  _target_: os.system\n",
    "escaped": json.dumps({"config": json.dumps({"_target_": "os.system"})}),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_target_in_the_metadata_that_runs_code_is_found(name: str) -> None:
    found = safetensors({"config": CALLS[name]})
    assert FactKind.DENIED_CALL in {fact.kind for fact in found.facts}


def test_a_target_of_the_own_library_in_the_metadata_is_low() -> None:
    found = safetensors({"config": json.dumps({"_target_": "flextok.model.FlexTok"})})
    assert {fact.danger for fact in found.facts} == {Severity.LOW}


class Key:
    """Written as a persistent id."""

    def __init__(self, elements: int) -> None:
        self.elements = elements


def torch_file(
    offset: int, size: tuple[int, ...], stride: tuple[int, ...], have: int
) -> Inspection:
    def number(value: int) -> bytes:
        return pickle.dumps(value, 2)[2:-1]

    def several(values: tuple[int, ...]) -> bytes:
        return b"(" + b"".join(map(number, values)) + b"t"

    storage = b"(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0" + b"0X\3\0\0\0cpu"
    storage += number(have) + b"tQ"
    made = b"(" + storage + number(offset) + several(size) + several(stride)
    body = b"\x80\2ctorch._utils\n_rebuild_tensor_v2\n" + made
    body += b"\x89ccollections\nOrderedDict\n)RtR."
    return inspect(Window.of(torch(pickle=body), "m.pt"))


def test_a_tensor_of_torch_within_its_storage_is_no_finding() -> None:
    assert broken(torch_file(1, (2, 3), (3, 1), 7)) == []
    assert broken(torch_file(0, (0,), (1,), 0)) == []


@pytest.mark.parametrize(
    ("offset", "size", "stride"),
    [(2, (2, 3), (3, 1)), (0, (8,), (1,)), (0, (2,), (7,)), (-1, (1,), (1,)), (0, (2,), (-1,))],
)
def test_a_tensor_of_torch_beyond_its_storage_is_told(
    offset: int, size: tuple[int, ...], stride: tuple[int, ...]
) -> None:
    assert Severity.MEDIUM in broken(torch_file(offset, size, stride, 7))


@pytest.mark.parametrize("through", ["weights.bin", "data/weights.bin"])
def test_external_data_through_a_link_out_of_the_folder_is_high(
    through: str, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "weights.bin").write_bytes(bytes(8))
    model = tmp_path / "repo" / "m"
    model.mkdir(parents=True)
    link = model / through.partition("/")[0]
    link.symlink_to(tmp_path / "elsewhere" / ("" if "/" in through else "weights.bin"))
    found = read(tmp_path, {"m/model.onnx": onnx_models.external(through)})
    (folder,) = [each for each in found.resources if each.type == "files.folder"]
    assert ("outside_reference", "high") in {
        (item["kind"], item["severity"]) for item in folder.properties["detections"]
    }
