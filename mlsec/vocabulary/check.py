"""The checks of types against their concepts: what is fulfilled and lacked must be there to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlsec.core.errors import MlsecError
from mlsec.core.strict_yaml import Document
from mlsec.vocabulary.types import Property, RelationKind, Type


def check_concepts(document: Document, types: Mapping[str, Type]) -> None:
    """Check every type of one file.

    Raises:
        MlsecError: something is fulfilled or lacked that no concept of the type has, or a
            relation of a concept's name leads to types that are not what it leads to there.
    """
    for name in document.value or {}:
        owner = types[name]
        if owner.is_concept:
            continue
        concepts = [types[concept] for concept in owner.concepts]
        here = (name, "properties")
        for own, meant in _fulfilled(owner):
            if not any(meant in concept.properties for concept in concepts):
                what = ", ".join(owner.concepts) or "no concept"
                raise MlsecError(
                    f'"{own.name}" fulfils "{meant}", which {name} ({what}) does not have',
                    location=document.where(*here, own.name, "fulfils", "="),
                )
        for own, user in _users(owner):
            if user not in owner.relations:
                raise MlsecError(
                    f'"{own.name}" is used by "{user}", which is no relation of {name}',
                    location=document.where(*here, own.name, "used_by", "="),
                )
        for lacked in owner.lacks:
            if not any(lacked in (*c.properties, *c.relations) for c in concepts):
                raise MlsecError(
                    f'"{lacked}" is nothing that {name} could lack',
                    location=document.where(name, "lacks", lacked),
                )
        for concept in concepts:
            for relation in concept.relations.values():
                own_way = owner.relations.get(relation.name)
                if own_way is not None and not _leads_there(own_way, relation, types):
                    raise MlsecError(
                        f'relation "{relation.name}" must lead to "{relation.to}", as that of'
                        f" {concept.name} does, and {own_way.to} is none",
                        location=document.where(name, "relations", relation.name, "to", "="),
                    )


def _fulfilled(owner: Type) -> Iterator[tuple[Property, str]]:
    for own in owner.properties.values():
        for meant in own.fulfils:
            yield own, meant


def _users(owner: Type) -> Iterator[tuple[Property, str]]:
    for own in owner.properties.values():
        for relation in own.used_by:
            yield own, relation


def _leads_there(own: RelationKind, meant: RelationKind, types: Mapping[str, Type]) -> bool:
    return own.to == meant.to or meant.to in types[own.to].concepts
