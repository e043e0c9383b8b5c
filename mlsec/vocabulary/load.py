"""Read rules/vocabulary/**/*.yaml into a Vocabulary; every mistake is refused with its place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.strict_yaml import Document, parse
from mlsec.core.suggestions import did_you_mean
from mlsec.vocabulary.check import check_concepts
from mlsec.vocabulary.iac_mapping_load import load_tables, mapping_files
from mlsec.vocabulary.module_adapters import adapter_files, load_adapters
from mlsec.vocabulary.types import Kind, NoDefault, Property, RelationKind, Type, Vocabulary

_TYPE_KEYS = (
    "is", "like", "title", "concept", "id", "name", "terraform", "cloudformation", "properties",
    "relations", "lacks", "neighbour", "about",
)  # fmt: skip
_PROPERTY_KEYS = (
    "type", "from", "shape", "absent", "items", "derived", "reads", "fulfils", "as",
    "setting", "used_by", "about",
)  # fmt: skip
_RELATION_KEYS = (
    "to", "by", "match", "within", "reverse", "path", "every", "derived", "reads", "about",
)  # fmt: skip
_SOURCES = ("api", "terraform", "cloudformation", "kubernetes", "arm", "file")


def load_vocabulary(folder: Path) -> Vocabulary:
    """Load every file below ``folder``, and what is known of code: ``mappings``, ``modules``.

    Raises:
        MlsecError: a file that is not strict YAML, an unknown key, kind, type or relation.
    """
    files = sorted(folder.rglob("*.yaml"))
    mappings, modules = folder.parent / "mappings", folder.parent / "modules"
    documents = [parse(path.read_text("utf-8"), str(path)) for path in files]
    types: dict[str, Type] = {}
    for document in documents:
        for name in _mapping(document, ()):
            if name in types:
                raise MlsecError(f'type "{name}" is defined twice', location=document.where(name))
            types[name] = _read_type(document, name)
    for document in documents:
        _lay_over(document, types)
    for document in documents:
        _check_references(document, types)
    for document in documents:
        check_concepts(document, types)
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    # What techniques say decides derived properties, as the tables decide those that are read.
    techniques = sorted((folder.parent / "techniques").rglob("*.yaml"))
    for path in (*mapping_files(mappings), *adapter_files(modules), *techniques):
        name = path.relative_to(folder.parent).as_posix()
        digest.update(name.encode() + b"\0" + path.read_bytes())
    return Vocabulary(
        types=types,
        digest=digest.hexdigest(),
        declared=load_tables(mappings, types),
        adapters=load_adapters(modules),
    )


def _read_type(document: Document, name: str) -> Type:
    raw = _mapping(document, (name,))
    _refuse_unknown(document, (name,), raw, _TYPE_KEYS)
    properties = {
        key: _read_property(document, (name, "properties"), key, raw["properties"][key])
        for key in _mapping(document, (name, "properties"), optional=True)
    }
    relations = {
        key: _read_relation(document, (name, "relations"), key, raw["relations"][key])
        for key in _mapping(document, (name, "relations"), optional=True)
    }
    code: dict[str, tuple[str, ...]] = {
        key: _texts(raw[key]) for key in ("terraform", "cloudformation") if key in raw
    }
    return Type(
        name=name,
        title=str(raw.get("title", name)),
        concepts=_texts(raw["is"]) if "is" in raw else (),
        is_concept=bool(raw.get("concept", False)),
        identity=_sources(document, (name, "id"), raw.get("id", {})),
        naming=_sources(document, (name, "name"), raw.get("name", {})),
        code_types=code,
        properties=properties,
        relations=relations,
        lacks={str(k): str(v) for k, v in raw.get("lacks", {}).items()},
        is_neighbour=bool(raw.get("neighbour", False)),
        about=str(raw.get("about", "")),
    )


def _lay_over(document: Document, types: dict[str, Type]) -> None:
    """Give the types of a file that are ``like`` another what that one has and they lack not.

    A type comes after the one that it is like: in the same file, or in one that sorts before.
    """
    for name in _mapping(document, ()):
        wanted = document.value[name].get("like")
        if wanted is None:
            continue
        below, own = types.get(str(wanted)), types[name]
        if below is None or below.is_concept:
            raise MlsecError(
                f'"{wanted}" is not a type{did_you_mean(str(wanted), types)}',
                location=document.where(name, "like", "="),
            )
        kept = {key: prop for key, prop in below.properties.items() if key not in own.lacks}
        types[name] = msgspec.structs.replace(
            own,
            concepts=own.concepts or below.concepts,
            identity=own.identity or below.identity,
            naming=own.naming or below.naming,
            properties={**kept, **own.properties},
            relations={
                **{
                    key: relation
                    for key, relation in below.relations.items()
                    if key not in own.lacks
                },
                **own.relations,
            },
            lacks={
                **{key: why for key, why in below.lacks.items() if key not in own.properties},
                **own.lacks,
            },
        )


def _read_property(document: Document, above: tuple[str, ...], name: str, raw: Any) -> Property:
    here = (*above, name)
    if not isinstance(raw, dict):
        raise MlsecError(f'property "{name}" must be a mapping', location=document.where(*here))
    _refuse_unknown(document, here, raw, _PROPERTY_KEYS)
    kind, members = _read_kind(document, here, raw.get("type"))
    items = {
        key: _read_property(document, (*here, "items"), key, child)
        for key, child in raw.get("items", {}).items()
    }
    return Property(
        name=name,
        kind=kind,
        enum=members,
        items=items,
        sources=_sources(document, (*here, "from"), raw.get("from", {})),
        shape=str(raw.get("shape", "")),
        absent=raw.get("absent", NoDefault.UNKNOWN),
        derived=str(raw.get("derived", "")),
        reads=_texts(raw.get("reads", [])),
        fulfils=_read_fulfils(raw),
        setting=str(raw.get("setting", "")),
        used_by=_texts(raw.get("used_by", [])),
        about=str(raw.get("about", "")),
    )


def _read_fulfils(raw: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    values = {str(key): value for key, value in raw.get("as", {}).items()}
    return dict.fromkeys(_texts(raw.get("fulfils", [])), values)


def _read_kind(document: Document, here: tuple[str, ...], raw: Any) -> tuple[Kind, tuple[str, ...]]:
    text = str(raw)
    if text.startswith("enum [") and text.endswith("]"):
        return Kind.ENUM, tuple(part.strip() for part in text[6:-1].split(","))
    for kind in Kind:
        if kind.value == text and kind is not Kind.ENUM:
            return kind, ()
    names = [kind.value for kind in Kind]
    raise MlsecError(
        f'unknown property type "{text}"{did_you_mean(text, names)}',
        location=document.where(*here, "type", "="),
        hint="one of " + ", ".join(names) + " (enum as: enum [A, B])",
    )


def _read_relation(document: Document, above: tuple[str, ...], name: str, raw: Any) -> RelationKind:
    here = (*above, name)
    if not isinstance(raw, dict) or "to" not in raw:
        raise MlsecError(f'relation "{name}" needs "to"', location=document.where(*here))
    _refuse_unknown(document, here, raw, _RELATION_KEYS)
    ways = [key for key in ("by", "reverse", "path", "every", "derived") if raw.get(key)]
    is_abstract = not ways
    if len(ways) > 1 or (is_abstract and not _is_concept(document, here[0])):
        raise MlsecError(
            f'relation "{name}" needs exactly one of by, reverse, path, every, derived',
            location=document.where(*here),
        )
    within = str(raw.get("within", "region" if raw.get("every") else "any"))
    if within not in ("region", "scope", "any"):
        raise MlsecError("within is one of region, scope, any", location=document.where(*here))
    return RelationKind(
        name=name,
        to=str(raw["to"]),
        by=str(raw.get("by", "")),
        match=str(raw.get("match", "id")),
        within=within,
        reverse=str(raw.get("reverse", "")),
        path=str(raw.get("path", "")),
        every=bool(raw.get("every", False)),
        derived=str(raw.get("derived", "")),
        reads=_texts(raw.get("reads", [])),
        about=str(raw.get("about", "")),
    )


def _is_concept(document: Document, name: str) -> bool:
    return bool(document.value[name].get("concept", False))


def _check_references(document: Document, types: Mapping[str, Type]) -> None:
    for name in document.value or {}:
        owner = types[name]
        for concept in owner.concepts:
            if concept not in types or not types[concept].is_concept:
                raise MlsecError(
                    f'"{concept}" is not a concept{did_you_mean(concept, types)}',
                    location=document.where(name, "is", "="),
                )
        for relation in owner.relations.values():
            if relation.to not in types:
                raise MlsecError(
                    f'relation goes to unknown type "{relation.to}"'
                    f"{did_you_mean(relation.to, types)}",
                    location=document.where(name, "relations", relation.name, "to", "="),
                )


def _sources(document: Document, here: tuple[str, ...], raw: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(raw, dict):
        raise MlsecError(
            f"expected a mapping of {', '.join(_SOURCES)}", location=document.where(*here)
        )
    _refuse_unknown(document, here, raw, _SOURCES)
    return {str(key): _texts(value) for key, value in raw.items()}


def _mapping(
    document: Document, path: tuple[str, ...], *, optional: bool = False
) -> dict[str, Any]:
    value = document.value
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    if value is None and (optional or not path):
        return {}
    if not isinstance(value, dict):
        raise MlsecError("expected a mapping", location=document.where(*path))
    return value


def _texts(raw: Any) -> tuple[str, ...]:
    return tuple(str(item) for item in raw) if isinstance(raw, list) else (str(raw),)


def _refuse_unknown(
    document: Document, here: tuple[str, ...], raw: Mapping[str, Any], allowed: Iterable[str]
) -> None:
    for key in raw:
        if key not in allowed:
            raise MlsecError(
                f'unknown key "{key}"{did_you_mean(key, allowed)}',
                location=document.where(*here, key),
            )
