"""The files of one model, judged together."""

from __future__ import annotations

import json

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.model_folder import RepositoryFile, repository_facts
from mlsec.core.enums import Severity
from tests.artifacts.builders import BENIGN, HOSTILE
from tests.artifacts.builders.payloads import GOOD_PICKLE

SAFE = BENIGN["safetensors/plain"]()
AUTO_MAP = b'{"auto_map": {"AutoModel": "modeling_x.Model"}}'
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%b\nsize 100\n" % (b"a" * 64)


def facts(**files: bytes) -> list[tuple[FactKind, Severity, str]]:
    """Keyword names stand for paths: ``__`` for a dot."""
    read = [
        RepositoryFile(path=path, inspection=inspect(Window.of(data, path)))
        for path, data in ((name.replace("__", "."), data) for name, data in files.items())
    ]
    return [(fact.kind, fact.danger, fact.place) for fact in repository_facts(read)]


def test_code_that_is_named_and_there_is_told() -> None:
    found = facts(config__json=AUTO_MAP, modeling_x__py=BENIGN["python/model"]())
    assert found == [(FactKind.CUSTOM_CODE, Severity.MEDIUM, "modeling_x.py")]


def test_code_that_is_named_and_dangerous_is_worse() -> None:
    found = facts(config__json=AUTO_MAP, modeling_x__py=HOSTILE["python/import-time"]())
    assert found == [(FactKind.CUSTOM_CODE, Severity.HIGH, "modeling_x.py")]


def test_code_that_is_named_and_missing_is_told() -> None:
    found = facts(config__json=AUTO_MAP)
    assert found == [(FactKind.OUTSIDE_REFERENCE, Severity.MEDIUM, "config.json")]


@pytest.mark.parametrize("name", ["model__safetensors", "model__gguf", "model__onnx", "model__h5"])
def test_a_pickle_under_a_harmless_name_is_told(name: str) -> None:
    found = facts(**{name: GOOD_PICKLE})
    assert found == [(FactKind.TWO_READINGS, Severity.HIGH, name.replace("__", "."))]


def test_a_pickle_beside_safetensors_is_told_quietly() -> None:
    found = facts(model__safetensors=SAFE, pytorch_model__bin=GOOD_PICKLE)
    assert found == [(FactKind.TWO_READINGS, Severity.LOW, "pytorch_model.bin")]


def test_a_shard_that_is_not_there_is_told() -> None:
    found = facts(index__json=b'{"weight_map": {"w": "a.safetensors"}}')
    assert found == [(FactKind.NOT_FULLY_READ, Severity.LOW, "index.json")]


def test_of_very_many_shards_the_missing_ones_are_told_and_counted() -> None:
    names = [f"model-{number:03}.safetensors" for number in range(163)]
    index = json.dumps({"weight_map": {f"w{name}": name for name in names}}).encode()
    there = {name.replace(".", "__"): SAFE for name in names}
    assert facts(index__json=index, **there) == []
    del there["model-162__safetensors"]
    assert facts(index__json=index, **there) == [
        (FactKind.NOT_FULLY_READ, Severity.LOW, "index.json")
    ]
    read = [RepositoryFile(path="i.json", inspection=inspect(Window.of(index, "i.json")))]
    told = [fact.detail for fact in repository_facts(read)]
    assert len(told) == 51
    assert told[-1] == "i.json names 113 more files that are not here"


def test_code_is_told_however_many_files_of_it_are_named() -> None:
    named = {f"Auto{number:03}": f"modeling_{number:03}.Model" for number in range(60)}
    config = json.dumps({"auto_map": named}).encode()
    found = facts(config__json=config, modeling_059__py=HOSTILE["python/import-time"]())
    assert (FactKind.CUSTOM_CODE, Severity.HIGH, "modeling_059.py") in found


@pytest.mark.parametrize("shard", ["[1]", "{}", "[[]]", "null", "3"])
def test_a_shard_that_is_no_name_costs_no_other_fact(shard: str) -> None:
    index = b'{"weight_map": {"a": %b, "b": "b.safetensors"}}' % shard.encode()
    assert facts(index__json=index) == [(FactKind.NOT_FULLY_READ, Severity.LOW, "index.json")]


def test_an_honest_model_says_nothing() -> None:
    assert facts(config__json=BENIGN["hub/config"](), model__safetensors=SAFE) == []


def test_a_pointer_in_place_of_a_file_is_a_gap() -> None:
    seen = inspect(Window.of(POINTER, "model.safetensors"))
    assert [gap.size_bytes for gap in seen.gaps] == [100]
