"""The files of one model, judged together."""

from __future__ import annotations

import pytest

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.inspect import inspect
from mlsec.artifacts.repository.together import RepositoryFile, repository_facts
from mlsec.artifacts.window import Window
from mlsec.core.closed_sets import Severity
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


def test_an_honest_model_says_nothing() -> None:
    assert facts(config__json=BENIGN["hub/config"](), model__safetensors=SAFE) == []


def test_a_pointer_in_place_of_a_file_is_a_hole() -> None:
    seen = inspect(Window.of(POINTER, "model.safetensors"))
    assert [hole.size_bytes for hole in seen.holes] == [100]
