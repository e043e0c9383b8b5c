"""Google's discovery documents: which requests an API answers, and what its documents may hold."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import googleapiclient
import msgspec

_FOLDER = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
# What the package does not carry, written down after Google's public reference.
_OURS = Path(__file__).parent / "documents"
_HOLE = re.compile(r"\{\+?([^}]+)\}")
_VERSION = re.compile(r"^(?:[a-z]+/)?(v\d+(?:(?:alpha|beta)\d*)?)/")
# What an answer has besides what its schema says: Google adds these to everything.
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "string": str, "boolean": bool, "integer": int, "number": (int, float), "array": list,
    "object": dict,
}  # fmt: skip


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """One method of an API; ``path`` is the whole path without a leading slash."""

    id: str
    verb: str
    path: str
    pattern: re.Pattern[str]
    parameters: Mapping[str, Any]
    response: str


class Api(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an API."""

    methods: tuple[Method, ...]
    schemas: Mapping[str, Any]

    def find(self, verb: str, path: str) -> Method | None:
        """Give the method of a request; of several the one that says most."""
        fitting = [m for m in self.methods if m.verb == verb and m.pattern.fullmatch(path)]
        return min(fitting, key=lambda m: (m.path.count("{"), -len(m.path)), default=None)

    def at(self, schema: str, path: str) -> Any:
        """Follow a dotted path (``a[].b``) into a schema; None when it leads nowhere."""
        found: Any = {"$ref": schema}
        for step in path.replace("[", ".[").split(".") if path not in ("", ".") else ():
            found = self._step(found, step)
            if found is None or step.startswith("~"):
                return found
        return self._resolved(found)

    def _step(self, found: Any, step: str) -> Any:
        found = self._resolved(found)
        if step.startswith("~"):
            return {"type": "any"}
        if step.startswith("["):
            return found if found.get("type") == "any" else found.get("items")
        if step in found.get("properties", {}):
            return found["properties"][step]
        if "additionalProperties" in found:
            return found["additionalProperties"]
        return found if found.get("type") == "any" else None

    def _resolved(self, found: Any) -> Any:
        while isinstance(found, dict) and "$ref" in found:
            found = self.schemas[found["$ref"]]
        return found

    def mistakes(self, value: Any, schema: Any, where: str = "") -> Iterator[str]:
        """Name every field of a document that its schema does not have, or of another kind."""
        schema = self._resolved(schema)
        kind = schema.get("type", "any")
        wanted = _KINDS.get(kind)
        is_number = isinstance(value, bool) and kind in ("integer", "number")
        if wanted is not None and (not isinstance(value, wanted) or is_number):
            yield f"{where}: {kind} expected, not {type(value).__name__}"
        elif isinstance(value, list):
            for at, each in enumerate(value):
                yield from self.mistakes(each, schema.get("items", {}), f"{where}[{at}]")
        elif isinstance(value, dict):
            yield from self._members(value, schema, where)
        elif "enum" in schema and value not in schema["enum"]:
            yield f'{where}: "{value}" is none of the enum'

    def _members(self, value: dict[str, Any], schema: Any, where: str) -> Iterator[str]:
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name, inner in value.items():
            below = known.get(name, others)
            if below is not None:
                yield from self.mistakes(inner, below, f"{where}.{name}")
            elif known or schema.get("type") == "object":
                yield f"{where}.{name}: there is no such field"


@functools.cache
def api(name: str) -> Api:
    """Load an API by its document's name: ``aiplatform.v1``.

    Raises:
        FileNotFoundError: there is no such document.
    """
    ours = _OURS / f"{name}.json"
    path = ours if ours.exists() else _FOLDER / ours.name
    document = msgspec.json.decode(path.read_bytes())
    base = document.get("servicePath", "")
    methods = tuple(_method(base, each) for each in _walk(document))
    return Api(methods=methods, schemas=document.get("schemas", {}))


def api_name(service: str, path: str) -> str:
    """Give the document's name of a request: the version stands in the path."""
    found = _VERSION.match(path)
    return f"{service}.{found[1]}" if found else service


def _walk(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from document.get("methods", {}).values()
    for resource in document.get("resources", {}).values():
        yield from _walk(resource)


def _method(base: str, raw: Mapping[str, Any]) -> Method:
    path = base + raw.get("flatPath", raw["path"])
    pattern, at = "", 0
    for hole in _HOLE.finditer(path):
        pattern += re.escape(path[at : hole.start()])
        pattern += ".+" if hole[0].startswith("{+") else "[^/]+?"
        at = hole.end()
    return Method(
        id=raw["id"],
        verb=raw["httpMethod"],
        path=path,
        pattern=re.compile(pattern + re.escape(path[at:])),
        parameters=raw.get("parameters", {}),
        response=raw.get("response", {}).get("$ref", ""),
    )
