"""Calls of a module with which an adapter is held against it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mlsec.iac.terraform.syntax.parse import parse
from tests.shipped import shipped_vocabulary

VOCABULARY = shipped_vocabulary()
_UNKNOWN = "var.unknown"


class Source(msgspec.Struct, frozen=True):
    """A module's code at one release: the files below a folder of a repository."""

    address: str
    version: str
    files: Mapping[str, str]
    folder: str = ""

    @property
    def key(self) -> str:
        """The address that calls name, with the folder."""
        return f"{self.address}//{self.folder}" if self.folder else self.address


def tried_values(source: Source) -> Mapping[str, list[str]]:
    """Give a few values, as code, for each input of a module, by its default and type.

    One that the adapter ignores is only unknown.
    """
    adapters = VOCABULARY.adapters.get(source.key, ())
    used = {name for each in adapters for name in json.loads(each.code)["variable"]}
    result: dict[str, list[str]] = {}
    home = f"{source.folder}/" if source.folder else ""
    for path, text in source.files.items():
        if path.rpartition("/")[0] + ("/" if "/" in path else "") != home:
            continue
        for block in parse(text).body.of_kind("variable"):
            default = block.body.attributes.get("default")
            kind = block.body.attributes.get("type")
            value = getattr(default.value, "value", None) if default else None
            wanted = str(getattr(kind.value, "name", "")) if kind else ""
            form = type(getattr(default, "value", None)).__name__
            several = _values(value, wanted, form) if block.labels[0] in used else []
            result[block.labels[0]] = [*several, _UNKNOWN]
    return result


def _values(default: Any, wanted: str, form: str) -> list[str]:
    if isinstance(default, bool) or wanted == "bool":
        return ["true", "false"]
    if isinstance(default, (int, float)) or wanted == "number":
        return ["1", "30"]
    if wanted in ("list", "set") or form == "TupleOf":
        return ["[]", '["a"]']
    if wanted in ("map", "object") or form == "ObjectOf":
        return ["{}", '{ a = "b" }']
    return ['"a"', "null"]


def callers(
    source: Source, base: str, seed: int, count: int, *, has_single: bool = True
) -> Iterator[str]:
    """Yield calls of a module: the base, each input alone, and ``count`` mixtures.

    All inputs that the adapter ignores are unknown in one call: it hides what they decide.
    """
    head = 'variable "unknown" {}\nmodule "m" {\n'
    head += f'  source = "{source.key}"\n  version = "{source.version}"\n'
    given = {line.partition("=")[0].strip() for line in base.splitlines()}
    values = {name: v for name, v in tried_values(source).items() if name not in given}
    listed = {name for each in VOCABULARY.adapters[source.key] for name in each.inputs}
    ignored = [name for name, v in values.items() if v == [_UNKNOWN] and name in listed]
    yield f"{head}{base}\n}}\n"
    yield "\n".join((head + base, *(f"  {name} = {_UNKNOWN}" for name in ignored), "}\n"))
    values = {name: several for name, several in values.items() if name not in ignored}
    for name, several in values.items() if has_single else ():
        for value in several:
            yield f"{head}{base}\n  {name} = {value}\n}}\n"
    draw = random.Random(seed)  # noqa: S311 - a sample, and no secret
    for _ in range(count):
        chosen = draw.sample(sorted(values), min(len(values), draw.randint(2, 6)))
        lines = [f"  {name} = {draw.choice(values[name])}" for name in chosen]
        yield "\n".join((head + base, *lines, "}\n"))
