"""Read rules/mappings/<kind>/**/*.yaml into tables; every mistake is refused with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mlsec.core.errors import MlsecError
from mlsec.core.strict_yaml import Document, parse
from mlsec.core.suggestions import did_you_mean
from mlsec.vocabulary.iac_mapping import DeclaredType, Join, Tables
from mlsec.vocabulary.types import Type

_KEYS = (
    "type", "where", "each", "name", "prefix", "id", "ref", "attributes", "keys", "verbatim",
    "answers", "without", "never", "becomes", "tags", "paths", "assumed", "joins",
)  # fmt: skip
_JOIN_KEYS = ("to", "by", "answers")


def mapping_files(folder: Path) -> list[Path]:
    """Give every table below ``folder``, sorted."""
    return sorted(folder.rglob("*.yaml")) if folder.is_dir() else []


def load_tables(folder: Path, types: Mapping[str, Type]) -> Tables:
    """Load every table below ``folder``; the first folder of its path is the kind of code.

    Raises:
        MlsecError: not strict YAML, an unknown key, type, property or operation, a type twice.
    """
    tables: dict[str, dict[str, tuple[DeclaredType, ...]]] = {}
    for path in mapping_files(folder):
        kind = path.relative_to(folder).parts[0]
        document = parse(path.read_text("utf-8"), str(path))
        of_kind = tables.setdefault(kind, {})
        for name, raw in (document.value or {}).items():
            if name in of_kind:
                raise MlsecError(f'"{name}" is mapped twice', location=document.where(name))
            several = raw if isinstance(raw, list) else None
            of_kind[name] = tuple(
                _entry(document, (name, n) if several else (name,), kind, name, entry, types)
                for n, entry in enumerate(several or [raw])
            )
    return tables


def _entry(
    document: Document,
    here: tuple[str | int, ...],
    kind: str,
    name: str,
    raw: Any,
    types: Mapping[str, Type],
) -> DeclaredType:
    if not isinstance(raw, dict):
        raise MlsecError("expected a mapping", location=document.where(*here))
    _known_only(document, here, raw, _KEYS, "key")
    owner = _type(document, (*here, "type"), raw.get("type", ""), types)
    if owner is not None:
        _check_names(document, here, raw, owner)
    elif not raw.get("joins") and not raw.get("id"):
        raise MlsecError('needs "type", "joins" or "id"', location=document.where(*here))
    where = {str(k): tuple(v) if isinstance(v, list) else (v,) for k, v in _map(raw, "where")}
    return DeclaredType(
        kind=kind,
        name=name,
        type=owner.name if owner else "",
        where=where,
        each=str(raw.get("each", "")),
        naming=_texts(raw.get("name", [])),
        prefix=str(raw.get("prefix", "")),
        id=str(raw.get("id", "")),
        ref=str(raw.get("ref", "{name}")),
        attributes={str(k): str(v) for k, v in _map(raw, "attributes")},
        keys=str(raw.get("keys", "")),
        verbatim=_texts(raw.get("verbatim", [])),
        answers=raw.get("answers", {}),
        without=raw.get("without", {}),
        never={str(k): str(v) for k, v in _map(raw, "never")},
        becomes=raw.get("becomes", {}),
        tags=str(raw.get("tags", "")),
        paths={str(k): _texts(v) for k, v in _map(raw, "paths")},
        assumed=raw.get("assumed", {}),
        joins=tuple(
            join
            for n, join_raw in enumerate(raw.get("joins", ()))
            for join in _joins(document, (*here, "joins", n), join_raw, types)
        ),
        place=document.where(*here),
    )


def _joins(
    document: Document, here: tuple[str | int, ...], raw: Any, types: Mapping[str, Type]
) -> Iterator[Join]:
    """Give a join to each type that it names: ``to`` is one or a list of those that it fits."""
    if not isinstance(raw, dict) or not all(key in raw for key in _JOIN_KEYS):
        raise MlsecError('a join needs "to", "by", "answers"', location=document.where(*here))
    _known_only(document, here, raw, (*_JOIN_KEYS, "below", "also"), "key")
    for name in raw["to"] if isinstance(raw["to"], list) else [raw["to"]]:
        owner = _type(document, (*here, "to"), name, types)
        if owner is None:
            raise MlsecError('a join needs "to"', location=document.where(*here))
        _known_only(document, (*here, "answers"), raw["answers"], operations_of(owner), "operation")
        yield Join(
            to=owner.name,
            by=str(raw["by"]),
            below=str(raw.get("below", "")),
            also=str(raw.get("also", "")),
            answers=raw["answers"],
        )


def operations_of(owner: Type) -> set[str]:
    """Give the operations whose answers a type's properties are read from."""
    sources = [s for prop in owner.properties.values() for s in prop.sources.get("api", ())]
    return {source.partition(":")[0] for source in sources}


def _check_names(
    document: Document, here: tuple[str | int, ...], raw: Mapping[str, Any], owner: Type
) -> None:
    operations = operations_of(owner)
    for key in ("answers", "without"):
        _known_only(document, (*here, key), raw.get(key, {}), operations, "operation")
    known = [*operations, *owner.properties]
    fields = {
        f"{prop.name}[].{field}" for prop in owner.properties.values() for field in prop.items
    }
    known += [*fields]
    _known_only(document, (*here, "never"), raw.get("never", {}), known, "operation or property")
    for key, allowed in (
        ("paths", {*owner.properties, *fields}),
        ("assumed", owner.properties),
        ("becomes", owner.properties),
    ):
        _known_only(document, (*here, key), raw.get(key, {}), allowed, "property")
    if not raw.get("id"):
        raise MlsecError('needs "id"', location=document.where(*here))


def _type(
    document: Document, here: tuple[str | int, ...], name: Any, types: Mapping[str, Type]
) -> Type | None:
    if not name:
        return None
    if name not in types or types[name].is_concept:
        raise MlsecError(
            f'unknown type "{name}"{did_you_mean(str(name), types)}',
            location=document.where(*here, "="),
        )
    return types[name]


def _known_only(
    document: Document,
    here: tuple[str | int, ...],
    raw: Any,
    allowed: Iterable[str],
    what: str,
) -> None:
    if not isinstance(raw, dict):
        raise MlsecError("expected a mapping", location=document.where(*here))
    for key in raw:
        if key not in allowed:
            raise MlsecError(
                f'unknown {what} "{key}"{did_you_mean(key, allowed)}',
                location=document.where(*here, key),
            )


def _map(raw: Mapping[str, Any], key: str) -> list[tuple[Any, Any]]:
    mapping = raw.get(key) or {}
    return list(mapping.items()) if isinstance(mapping, dict) else []


def _texts(raw: Any) -> tuple[str, ...]:
    return tuple(str(text) for text in raw) if isinstance(raw, list) else (str(raw),)
