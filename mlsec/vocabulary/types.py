"""The contract between collectors and rules: types, properties, relations and their sources."""

from __future__ import annotations

import enum
import functools
from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.vocabulary.iac_mapping import Tables
from mlsec.vocabulary.module_adapters import ModuleAdapter


class Kind(enum.Enum):
    """What shape a property's value has."""

    STRING = "string"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    DATE = "date"
    ENUM = "enum"
    STRINGS = "list of string"
    LIST = "list"
    MAP = "map"


class NoDefault(enum.Enum):
    """No ``absent:`` line: a missing value is unknown, not a default."""

    UNKNOWN = "unknown"


class Property(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One property of a type or of a list's items.

    ``sources`` maps ``api``, ``terraform``, ``cloudformation`` to where the value is read. For
    ``api`` it is one or more ``Operation:dotted.path`` (first that was collected wins); inside
    ``items`` it is a path relative to the list element.
    ``shape`` names a function of the provider that turns the raw value into this one.
    ``absent`` is the value when the source answered without the key; UNKNOWN when not declared.
    Without a source and a function it is the value always: the provider has no such switch.
    ``derived`` names a function in graph/ that computes it; ``reads`` what that function needs.
    ``fulfils`` maps a concept's property to a value map ({} = same value).
    ``setting`` names what one change sets: findings on properties of one setting of a resource have
    one cause. "" means that the property is its own.
    ``used_by`` names relations of the type to what uses the setting of a region: where none leads
    anywhere, its failures are folded into one.
    """

    name: str
    kind: Kind
    enum: tuple[str, ...] = ()
    items: Mapping[str, Property] = msgspec.field(default_factory=dict)
    sources: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    shape: str = ""
    absent: Any = NoDefault.UNKNOWN
    derived: str = ""
    reads: tuple[str, ...] = ()
    fulfils: Mapping[str, Mapping[str, Any]] = msgspec.field(default_factory=dict)
    setting: str = ""
    used_by: tuple[str, ...] = ()
    about: str = ""

    @property
    def is_constant(self) -> bool:
        """Whether nothing is read for it: the value is always that of ``absent``."""
        return self.has_default and not self.sources and not self.derived

    @property
    def has_default(self) -> bool:
        """Whether a missing value has a declared meaning."""
        return self.absent is not NoDefault.UNKNOWN


class RelationKind(msgspec.Struct, frozen=True, kw_only=True):
    """One named way from a type to others. Exactly one of by, reverse, path, every, derived is set.

    by: property (path) holding the reference; ``match`` is the target's property it equals
        (``id``, ``name`` or a property). reverse: name of the target type's relation that points
        here. path: dotted chain of relations. every: all of the target type in the same ``within``.
        derived: function in graph/ that finds them.
    within: ``region``, ``scope`` or ``any``: where targets are looked for.
    """

    name: str
    to: str
    by: str = ""
    match: str = "id"
    within: str = "any"
    reverse: str = ""
    path: str = ""
    every: bool = False
    derived: str = ""
    reads: tuple[str, ...] = ()
    about: str = ""


class Type(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One kind of resource, or (``is_concept``) what types of several providers have in common.

    ``identity`` and ``naming`` map a source to where the canonical id and the name are read.
    ``concepts`` are those that it is one of. ``lacks`` maps a concept's property or relation that
    this provider does not offer to the reason; of a concept, a provider that has no such thing.
    """

    name: str
    title: str
    concepts: tuple[str, ...] = ()
    is_concept: bool = False
    identity: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    naming: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    code_types: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    properties: Mapping[str, Property] = msgspec.field(default_factory=dict)
    relations: Mapping[str, RelationKind] = msgspec.field(default_factory=dict)
    lacks: Mapping[str, str] = msgspec.field(default_factory=dict)
    is_neighbour: bool = False
    about: str = ""

    @functools.cached_property
    def given(self) -> tuple[Property, ...]:
        """The properties that a provider's API answers, and those that always have one value."""
        return tuple(
            own
            for own in self.properties.values()
            if own.is_constant or ("api" in own.sources and not own.derived)
        )


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """All types and concepts by name, how code declares them, and the digest of the files."""

    types: Mapping[str, Type]
    digest: str
    declared: Tables = msgspec.field(default_factory=dict)
    # address of a Terraform module -> what it declares, by ranges of releases
    adapters: Mapping[str, tuple[ModuleAdapter, ...]] = msgspec.field(default_factory=dict)

    def concrete(self, name: str) -> tuple[Type, ...]:
        """Give the type itself, or every type that is this concept, sorted by name."""
        kind = self.types[name]
        if not kind.is_concept:
            return (kind,)
        return self._members.get(name, ())

    @functools.cached_property
    def _members(self) -> Mapping[str, tuple[Type, ...]]:
        """The types of each concept; a scan asks for them once for every resource and relation."""
        members: dict[str, tuple[Type, ...]] = {}
        for _, kind in sorted(self.types.items()):
            for concept in kind.concepts:
                members[concept] = (*members.get(concept, ()), kind)
        return members

    def may_lead_to(self, relation: RelationKind, name: str) -> bool:
        """Whether a relation can have targets of this type, or of this concept."""
        kind = self.types.get(name)
        names = (name, *kind.concepts) if kind is not None else (name,)
        return relation.to in names or name in self.types[relation.to].concepts
