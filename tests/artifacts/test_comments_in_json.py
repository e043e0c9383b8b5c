"""Settings of editors and compilers are JSON with comments; no loader of models takes such."""

from __future__ import annotations

import json

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind, Inspection
from mlsec.artifacts.inspect.inspect import inspect

SETTINGS = b"""{
  "compilerOptions": {  // What is compiled.
    /* Bundler mode */
    "paths": {"@/*": ["./*"]}, "url": "https://x.example.invalid", "said": "\\\\\\"//",
  },
}
"""
LAMBDA = {"class_name": "Lambda", "config": {"function": "x"}}


def look(data: bytes, name: str = "tsconfig.json") -> Inspection:
    return inspect(Window.of(data, name=name))


def test_comments_and_last_commas_are_no_damage() -> None:
    found = look(SETTINGS)
    assert not found.facts
    assert not found.gaps


@pytest.mark.parametrize("ending", [b"", b"/* never ended", b'"never ended', b"{"])
def test_what_is_broken_beside_its_comments_is_damaged(ending: bytes) -> None:
    found = look(SETTINGS.rstrip()[:-1] + ending)
    assert any(fact.kind is FactKind.BROKEN for fact in found.facts)


def test_what_stands_between_comments_is_judged() -> None:
    body = b"// model\n" + json.dumps(LAMBDA).encode()[:-1] + b",}"
    found = look(b"{" + b'"model_config": ' + body + b"}", "config.json")
    assert any(fact.kind is FactKind.CUSTOM_CODE for fact in found.facts)


def test_a_text_of_an_older_encoding_is_text() -> None:
    card = "---\ntitle: Modèles\n---\nRückdäschel\n".encode("latin-1")
    assert not look(card, "card.md").facts
    assert any(
        fact.kind is FactKind.UNACCOUNTED_BYTES for fact in look(card + b"\0\1", "card.md").facts
    )
