"""Long settings: they are searched quickly, and what poses as a schema in them hides nothing."""

from __future__ import annotations

import time

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content import program_text
from mlsec.artifacts.facts import Fact
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.settings import yaml_text
from mlsec.artifacts.text import text_files
from mlsec.core.long_data import LONG_BYTES, search_long
from tests.artifacts.test_python_roads import blocks

HOSTILE = {
    name: text
    for name, text in blocks("settings_hostile.txt").items()
    if name.endswith((".yaml", ".yml"))
}
HEAD = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a}\n"
FIELDS = "      a:\n        description: What it is.\n        type: string\n"
MANY = FIELDS * (LONG_BYTES // len(FIELDS) + 1)
SEARCHED = {
    "shell": program_text.SHELL,
    "line": program_text.ON_A_LINE,
    "worth": yaml_text._WORTH,
    "code": yaml_text._CODE,
    "resolved": yaml_text._RESOLVED,
    "schema": yaml_text._IN_NO_SCHEMA,
    "anchors": yaml_text._READS_ON,
    "template": text_files._MAYBE_SUSPECT,
}


def facts_of(text: str, name: str = "config.yaml") -> set[tuple[str, str]]:
    def said(fact: Fact) -> tuple[str, str]:
        return fact.kind.value, fact.subject

    return {said(fact) for fact in inspect(Window.of(text.encode(), name)).facts}


@pytest.mark.parametrize("name", sorted(HOSTILE))
@pytest.mark.parametrize("padding", ["", MANY], ids=["short", "long"])
def test_settings_that_pose_as_a_definition_are_judged_as_settings(name: str, padding: str) -> None:
    inner = "".join(f"      {line}\n" for line in HOSTILE[name].splitlines())
    posing = f"{HEAD}spec:\n  versions:\n  - schema:\n{inner}{padding}"
    honest = posing.replace("apiextensions.k8s.io/v1", "example.com/v1")
    assert facts_of(posing) == facts_of(honest)


@pytest.mark.parametrize(
    "text",
    [
        "_target_:\n        os.system\n",
        "class_path:\n        'os.system'\n",
        '"_target_": os.system\n',
        "? _target_\n      : os.system\n",
        "target: os.system\n      params: {}\n",
        "target:\n        os.system\n      params: {}\n",
        "template: '{{ cycler.__init__.__globals__ }}'\n",
        "template: |\n        {% for a in b %}{{ cycler.__init__.__globals__.os }}{% endfor %}\n",
        "x: !!python/object/apply:os.system [id]\n",
        "x: !new:os.system {}\n",
    ],
)
def test_value_under_a_key_of_settings_is_found_in_a_definition(text: str) -> None:
    assert facts_of(f"{HEAD}spec:\n  versions:\n  - schema:\n      {text}{FIELDS}")


def test_schema_is_no_settings() -> None:
    schema = (
        "      template:\n        properties:\n          command:\n            items:\n"
        "              type: string\n          target:\n            description: '!a *not* b'\n"
        "            type: string\n"
    )
    text = f"{HEAD}spec:\n  group: a\n  versions:\n  - schema:\n{schema}"
    assert b"template" not in yaml_text._without_schemas(text.encode())


@pytest.mark.parametrize("pattern", sorted(SEARCHED))
def test_long_search_gives_what_the_pattern_gives(pattern: str) -> None:
    for name, text in blocks("settings_hostile.txt").items():
        for blank in (" ", "\v", "\t"):
            data = (MANY + text.replace(" ", blank)).encode()
            one, other = SEARCHED[pattern].search(data), search_long(SEARCHED[pattern], data)
            assert (one and one.span()) == (other and other.span()), name


def test_time_grows_with_the_length() -> None:
    def taken_s(count: int) -> float:
        window = Window.of(
            (f"{HEAD}spec:\n  versions:\n  - schema:\n" + MANY * count).encode(), "a.yaml"
        )
        started = time.process_time()
        inspect(window)
        return time.process_time() - started

    taken_s(1)
    assert taken_s(16) < 16 * 4 * max(taken_s(4) / 4, 0.002)
