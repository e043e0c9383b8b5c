"""Read rules/techniques/<cloud>/*.yaml; every mistake is refused with its place."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlsec.core.content_paths import content_folder
from mlsec.core.errors import MlsecError
from mlsec.core.strict_yaml import Document, parse
from mlsec.core.suggestions import did_you_mean
from mlsec.graph.techniques.technique import (
    Gain,
    Needs,
    Question,
    Technique,
    TechniqueExample,
    Words,
    questions_in,
)

KEYS = ("title", "label", "gives", "sources", "target", "needs", "open", "closed", "references")
REQUIRED = ("title", "gives", "sources", "needs", "open", "closed")
# Keys of an example that is written out; those of a cloud's short form are beside them.
EXAMPLE_KEYS = ("resources", "because")
_Here = tuple[str | int, ...]


@functools.cache
def shipped_techniques(words: Words) -> tuple[Technique, ...]:
    """Read the techniques of a cloud that ship with mlsec, once a process.

    Raises:
        MlsecError: a mistake in a file.
    """
    return load_techniques(content_folder("rules") / "techniques" / words.cloud, words)


def load_techniques(folder: Path, words: Words) -> tuple[Technique, ...]:
    """Read every file of a folder, in the order of their names.

    Raises:
        MlsecError: the first mistake.
    """
    return tuple(_read_file(path, words) for path in sorted(folder.glob("*.yaml")))


def _read_file(path: Path, words: Words) -> Technique:
    document = parse(path.read_text("utf-8"), str(path))
    raw = _keys(document, (), document.value, KEYS, REQUIRED)
    target = str(raw.get("target", ""))
    if target and target not in words.targets:
        raise _mistake(document, ("target", "="), "kind of target", target, words.targets)
    needs = _needs(document, ("needs",), words)
    labels = [question.label for question in questions_in(needs) if question.label]
    return Technique(
        id=f"{words.cloud}/{path.stem}",
        title=_text(document, "title"),
        label=str(raw.get("label", "")) or " + ".join(dict.fromkeys(labels)),
        gives=_gain(document, raw["gives"]),
        sources=_sources(document, raw["sources"]),
        target=target,
        needs=needs,
        examples=(*_examples(document, "open", words), *_examples(document, "closed", words)),
        place=document.where(),
    )


def _needs(document: Document, here: _Here, words: Words) -> Needs:
    raw = _at(document, here)
    if isinstance(raw, list) and raw:
        parts = tuple(_need(document, (*here, n), words) for n in range(len(raw)))
        return Needs(is_any=False, parts=parts)
    part = _need(document, here, words)
    return part if isinstance(part, Needs) else Needs(is_any=False, parts=(part,))


def _need(document: Document, here: _Here, words: Words) -> Question | Needs:
    raw = _at(document, here)
    if not isinstance(raw, dict) or not raw:
        message = "a need is a mapping that begins with a question, all or any"
        raise MlsecError(message, location=document.where(*here))
    first = next(iter(raw))
    if first in ("all", "any"):
        _keys(document, here, raw, (first,), ())
        inner = _needs(document, (*here, first), words)
        return Needs(is_any=first == "any", parts=inner.parts)
    word = words.questions.get(first)
    if word is None:
        known = (*words.questions, "all", "any")
        raise _mistake(document, (*here, first), "question", first, known)
    _keys(document, here, raw, (first, *word.fields), (first, *word.required))
    for key, values in word.fields.items():
        if values and key in raw and raw[key] not in values:
            raise _mistake(document, (*here, key, "="), f'value of "{key}"', raw[key], values)
    try:
        return word.read(raw)
    except ValueError as error:
        raise MlsecError(str(error), location=document.where(*here, first, "=")) from None


def _examples(document: Document, kind: str, words: Words) -> tuple[TechniqueExample, ...]:
    raw = document.value[kind]
    if not isinstance(raw, list) or not raw:
        message = f"{kind} is a list of at least one example"
        raise MlsecError(message, location=document.where(kind))
    known = (*EXAMPLE_KEYS, *words.example_keys)
    for n, example in enumerate(raw):
        _keys(document, (kind, n), example, known, ())
    return tuple(
        TechniqueExample(document=example, is_open=kind == "open", place=document.where(kind, n))
        for n, example in enumerate(raw)
    )


def _sources(document: Document, raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(item, str) and ":" in item for item in raw):
        message = "sources is a list of ids in published lists, such as pathfinding:iam-001"
        raise MlsecError(message, location=document.where("sources"))
    return tuple(raw)


def _gain(document: Document, raw: Any) -> Gain:
    values = [gain.value for gain in Gain]
    if raw not in values:
        raise _mistake(document, ("gives", "="), "gain", raw, values)
    return Gain(raw)


def _text(document: Document, key: str) -> str:
    raw = document.value[key]
    if not isinstance(raw, str) or not raw:
        raise MlsecError(f"{key} is a text", location=document.where(key))
    return raw


def _keys(
    document: Document, here: _Here, raw: Any, known: Sequence[str], required: Sequence[str]
) -> Mapping[str, Any]:
    if not isinstance(raw, dict):
        raise MlsecError("a mapping was expected", location=document.where(*here))
    for key in raw:
        if key not in known:
            raise _mistake(document, (*here, key), "key", key, known)
    for key in required:
        if key not in raw:
            raise MlsecError(f'"{key}" is missing', location=document.where(*here))
    return raw


def _mistake(document: Document, here: _Here, what: str, word: object, known: Any) -> MlsecError:
    names = sorted(map(str, known))
    hint = "known: " + ", ".join(names) if len(names) <= 30 else ""
    message = f'unknown {what} "{word}"{did_you_mean(word, names)}'
    return MlsecError(message, hint=hint, location=document.where(*here))


def _at(document: Document, here: _Here) -> Any:
    value = document.value
    for step in here:
        value = value[step]
    return value
