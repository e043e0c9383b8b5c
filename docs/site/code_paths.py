"""Where infrastructure code sets a property: the declared type and the argument in its body."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mlsec.iac.mapping.resources import specs_of
from mlsec.vocabulary.iac_mapping import DeclaredType
from mlsec.vocabulary.types import Property, Type, Vocabulary

KINDS = {"terraform": "Terraform", "cloudformation": "CloudFormation", "arm": "ARM template"}
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class CodePath(msgspec.Struct, frozen=True, kw_only=True):
    """One place in code: ``kind`` as ``KINDS`` has it; ``why`` is set where code cannot say it."""

    kind: str
    declared: str
    argument: str = ""
    why: str = ""


def declarations(vocabulary: Vocabulary, owner: Type) -> Iterator[DeclaredType]:
    """Yield what declares a type, by kind of code and name."""
    for kind in KINDS:
        for _, entries in sorted(vocabulary.declared.get(kind, {}).items()):
            yield from (entry for entry in entries if entry.type == owner.name)


def code_paths(vocabulary: Vocabulary, owner: Type, wanted: Property) -> Iterator[CodePath]:
    """Yield each place in code that sets the property."""
    for entry in declarations(vocabulary, owner):
        why = _never(entry, wanted)
        if why:
            yield CodePath(kind=entry.kind, declared=entry.name, why=why)
            continue
        paths = entry.paths.get(wanted.name) or tuple(_by_answer(entry, owner, wanted))
        base = f"{entry.each}." if entry.each else ""
        for path in dict.fromkeys(paths):
            whole = path[1:] if path.startswith("^") else f"{base}{path}"
            yield CodePath(kind=entry.kind, declared=entry.name, argument=whole)


def _never(entry: DeclaredType, wanted: Property) -> str:
    operations = {source.partition(":")[0] for source in wanted.sources.get("api", ())}
    own = entry.never.get(wanted.name, "")
    return own or next((entry.never[name] for name in operations if name in entry.never), "")


def _by_answer(entry: DeclaredType, owner: Type, wanted: Property) -> Iterator[str]:
    """Follow the property's path in the API's answer to what the table makes the answer of."""
    if wanted.name in entry.becomes:
        return
    specs = specs_of(entry, owner)
    for source in wanted.sources.get("api", ()):
        operation, _, path = source.partition(":")
        if operation in specs and path:
            for argument in _follow(specs[operation], [*filter(None, path.split("."))]):
                yield _snake(argument) if entry.kind == "terraform" else argument


def _follow(spec: Any, steps: list[str]) -> Iterator[str]:
    if isinstance(spec, str):
        if not spec.startswith("$"):
            yield ".".join([*([] if spec == "." else [spec]), *steps])
    elif isinstance(spec, list):
        for part in spec:
            yield from _follow(part, steps)
    elif isinstance(spec, Mapping):
        yield from _in_mapping(spec, steps)


def _in_mapping(spec: Mapping[str, Any], steps: list[str]) -> Iterator[str]:
    step = steps[0].removesuffix("[]") if steps else ""
    for word in ("each", "keyed"):
        if word in spec and steps:
            for inner in _follow(
                spec.get(step, spec.get(".", [])), steps[1:] if step in spec else steps
            ):
                yield f"{spec[word]}[].{inner}"
            return
    for word in ("of", "has", "last", "text", "number", "json", "pairs", "where", "if"):
        if isinstance(spec.get(word), str):
            yield spec[word]
            return
    if step in spec:
        yield from _follow(spec[step], steps[1:])
    elif "." in spec:
        yield from _follow(spec["."], steps)


def _snake(path: str) -> str:
    return ".".join(_WORD.sub("_", step).lower() for step in path.split("."))
