"""Chat templates: every class of road out of them, growth without end, and honest ones."""

from __future__ import annotations

import json

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import GapReason
from tests.artifacts.test_python_roads import blocks, is_flagged

HOSTILE = blocks("template_hostile.txt")
HONEST = {
    "messages": (
        "{% for m in messages %}<|{{ m.role }}|>{{ m['content'] | trim }}{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>{% endif %}"
    ),
    "grows-by-parts": (
        "{% set ns = namespace(text='') %}{% for m in messages %}"
        "{% set ns.text = ns.text ~ m.content %}{% endfor %}{{ ns.text }}"
    ),
    "macro-over-parts": (
        "{% macro show(spec) %}{% for p in spec.items %}{{ show(p) }}{% endfor %}{% endmacro %}"
        "{% for m in messages %}{{ show(m) }}{% endfor %}"
    ),
    "other-list": (
        "{% set kept = [] %}{% for m in messages %}{{ kept.append(m) or '' }}{% endfor %}"
        "{% for m in kept %}{{ m.content }}{% endfor %}"
    ),
    "one-setting": "{% for m in messages %}{{ m.content }}{{ config.suffix }}{% endfor %}",
    "joined": "{% for m in messages %}{{ [m.role, m.content] | join(': ') }}{% endfor %}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_leads_out_of_a_template_is_found(name: str) -> None:
    settings = json.dumps({"chat_template": HOSTILE[name]}).encode()
    assert is_flagged(inspect(Window.of(settings, "tokenizer_config.json")))
    assert is_flagged(inspect(Window.of(HOSTILE[name].encode(), "chat_template.jinja")))


DECOYS = "".join(f"{{% set x = 'a{number}' %}}" for number in range(64))
TANGLED = "".join(f"{{% set a{one} = a{one + 1} ~ a{one + 1} ~ a{one + 1} %}}" for one in range(20))
BEYOND = {
    "a-name-set-often": DECOYS + "{% set x = '__class__' %}{{ messages[x] }}",
    "texts-of-texts": TANGLED + "{% set a20 = 'x' %}{{ messages[a0] }}",
}


@pytest.mark.parametrize("name", BEYOND)
def test_texts_that_are_not_worked_out_are_told(name: str) -> None:
    found = inspect(Window.of(BEYOND[name].encode(), "chat_template.jinja"))
    assert [gap.reason for gap in found.gaps] == [GapReason.OVER_LIMIT]


@pytest.mark.parametrize("name", HONEST)
def test_honest_templates_are_not_flagged(name: str) -> None:
    settings = json.dumps({"chat_template": HONEST[name]}).encode()
    found = inspect(Window.of(settings, "tokenizer_config.json"))
    assert (is_flagged(found), found.gaps) == (False, ())
