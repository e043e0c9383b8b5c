"""Tensor files, templates and repository files: techniques by name, honest files stay quiet."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind, Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.limits import Budget, Limits
from mlsec.artifacts.recorder import Ledger, Recorder
from mlsec.artifacts.templates.judge import judge_template
from mlsec.core.enums import Severity
from tests.artifacts.builders import (
    ggufs,
    repository_files,
    safetensors_files,
    template_texts,
    tree_models,
)
from tests.loops import for_each

MODULES = (safetensors_files, ggufs, template_texts, repository_files, tree_models)
HOSTILE = {name: build for module in MODULES for name, build in module.HOSTILE.items()}
BENIGN = {name: build for module in MODULES for name, build in module.BENIGN.items()}

TECHNIQUES: tuple[tuple[str, str, FactKind], ...] = (
    ("safetensors appended data", "safetensors/appended", FactKind.UNACCOUNTED_BYTES),
    ("safetensors hole", "safetensors/hole", FactKind.UNACCOUNTED_BYTES),
    ("safetensors overlap", "safetensors/overlap", FactKind.TWO_READINGS),
    ("safetensors duplicate name", "safetensors/duplicate-name", FactKind.TWO_READINGS),
    ("safetensors beyond the file", "safetensors/beyond-file", FactKind.BROKEN),
    ("safetensors deep header", "safetensors/very-deep", FactKind.BOMB),
    ("safetensors name slip", "safetensors/name-slip", FactKind.UNSAFE_MEMBER_NAME),
    ("safetensors code in a key", "safetensors/metadata-code-key", FactKind.EMBEDDED_CODE),
    ("safetensors pickle as text", "safetensors/metadata-pickle", FactKind.DENIED_CALL),
    ("GGUF template", "gguf/template", FactKind.TEMPLATE_CODE),
    ("GGUF named template", "gguf/template-named", FactKind.TEMPLATE_CODE),
    ("GGUF array of templates", "gguf/template-in-array", FactKind.TEMPLATE_CODE),
    ("GGUF late template", "gguf/template-late", FactKind.TEMPLATE_CODE),
    ("GGUF template twice", "gguf/template-twice", FactKind.TEMPLATE_CODE),
    ("GGUF big-endian", "gguf/template-big-endian", FactKind.TEMPLATE_CODE),
    ("GGUF version 1", "gguf/template-version-1", FactKind.TEMPLATE_CODE),
    ("GGUF duplicate key", "gguf/duplicate-key", FactKind.TWO_READINGS),
    ("GGUF appended data", "gguf/appended", FactKind.UNACCOUNTED_BYTES),
    ("XGBoost appended data", "xgboost/appended", FactKind.UNACCOUNTED_BYTES),
    ("LightGBM appended data", "lightgbm/appended", FactKind.UNACCOUNTED_BYTES),
    ("CatBoost appended data", "catboost/appended", FactKind.UNACCOUNTED_BYTES),
    ("repository: auto_map", "hub/auto-map", FactKind.CUSTOM_CODE),
    ("repository: auto_map elsewhere", "hub/auto-map-elsewhere", FactKind.REMOTE_CODE_TRUSTED),
    ("repository: trust_remote_code", "hub/trust-remote-code", FactKind.REMOTE_CODE_TRUSTED),
    ("repository: custom pipeline", "hub/custom-pipeline", FactKind.CUSTOM_CODE),
    ("repository: template in JSON", "hub/template", FactKind.TEMPLATE_CODE),
    ("repository: index slip", "hub/index-slip", FactKind.OUTSIDE_REFERENCE),
    ("repository: module types", "hub/modules", FactKind.CUSTOM_CODE),
    ("repository: loader module", "mlflow/loader-module", FactKind.CUSTOM_CODE),
    ("repository: YAML tag", "yaml/tag-apply", FactKind.YAML_TAG),
    ("repository: YAML tag by handle", "yaml/tag-handle", FactKind.YAML_TAG),
    ("repository: YAML aliases", "yaml/alias-bomb", FactKind.BOMB),
    ("repository: Python code", "python/import-time", FactKind.DENIED_CALL),
    ("repository: hidden Python code", "python/getattr", FactKind.DENIED_CALL),
    ("PMML entity", "xml/pmml-entity", FactKind.XML_ENTITY),
    ("OpenVINO entity", "xml/openvino-entity", FactKind.XML_ENTITY),
    *(
        (f"template: {name}", f"template/{name}", FactKind.TEMPLATE_CODE)
        for name in template_texts.ATTACKS
        if not name.startswith(("poison", "huge", "deep"))
    ),
    *(
        (f"template: {name}", f"template/{name}", FactKind.TEMPLATE_POISON)
        for name in template_texts.ATTACKS
        if name.startswith("poison")
    ),
    *(
        (f"template: {name}", f"template/{name}", FactKind.BOMB)
        for name in template_texts.ATTACKS
        if name.startswith(("huge", "deep"))
    ),
)


def look(table: Mapping[str, Callable[[], bytes]], name: str) -> Inspection:
    return inspect(Window.of(table[name]()))


@for_each("name", sorted(HOSTILE))
def test_a_hostile_file_is_flagged(name: str) -> None:
    assert any(fact.danger.rank <= Severity.MEDIUM.rank for fact in look(HOSTILE, name).facts)


@for_each("name", sorted(BENIGN))
def test_an_honest_file_is_not_flagged(name: str) -> None:
    seen = look(BENIGN, name)
    assert [fact for fact in seen.facts if fact.danger.rank <= Severity.MEDIUM.rank] == []


@for_each(("technique", "name", "kind"), TECHNIQUES)
def test_a_technique_is_called_by_its_name(technique: str, name: str, kind: FactKind) -> None:
    assert kind in {fact.kind for fact in look(HOSTILE, name).facts}


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(sorted(HOSTILE | BENIGN)), data=st.data())
def test_a_changed_file_never_breaks_the_reader(name: str, data: st.DataObject) -> None:
    content = bytearray((HOSTILE | BENIGN)[name]())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    seen = inspect(Window.of(bytes(content[:cut] if data.draw(st.booleans()) else content)))
    assert seen.size_bytes >= 0


WORDS = (
    "{{ }} {% %} x '_' '%s' ~ | [ ] ( ) . attr join format map set a = if endif for endfor in "
    "* ** 99 % : { } , '{0.a}' range"
)
PIECES = st.sampled_from(WORDS.split())


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=30).map(" ".join))
def test_any_text_can_be_judged_as_a_template(text: str) -> None:
    record = Recorder(Budget(Limits()), Ledger(), lambda *_: None)
    judge_template("{{ x." + text, record, "fuzzed")
    judge_template(text, record, "fuzzed")
    assert all(fact.detail for fact in record.ledger.facts)


def test_tensors_of_a_large_file_are_not_read() -> None:
    big = safetensors_files.file(4 << 20, a=safetensors_files.tensor(0, 4 << 20))
    source = Counting(big)
    inspect(Window.over(source))
    assert source.bytes_read <= 64 << 10


class Counting:
    """Bytes that count how many of them were asked for."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size_bytes = len(data)
        self.bytes_read = 0

    def read_at(self, offset: int, length: int) -> bytes:
        part = self.data[offset : offset + length]
        self.bytes_read += len(part)
        return part


@pytest.mark.parametrize("name", ["tensorrt/engine", "executorch/program"])
def test_a_compiled_engine_is_a_gap_and_not_a_pass(name: str) -> None:
    assert look(BENIGN, name).gaps
