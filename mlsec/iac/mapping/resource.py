"""From the answers that a declaration stands for to a Resource, as the vocabulary says."""

from __future__ import annotations

import functools
from typing import Any

import msgspec

from mlsec.collect.code.code_file import CodeFile
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.walk.mapping import Shapes, WrongKindError
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Gap, Origin, Resource
from mlsec.iac.mapping.declaration import Called, Declaration
from mlsec.iac.mapping.path_lookup import PathLookup
from mlsec.iac.mapping.values import MappedValue, ValueMapper
from mlsec.vocabulary.iac_mapping import ONLY_ALLOWS, DeclaredType
from mlsec.vocabulary.types import Kind, NoDefault, Property, Type

# In a table: what the service, or the provider, then does has changed from version to version.
NOT_KNOWN = "?"
_SAYS_NOT = "is not known by code: only what runs has it"
# Why no code says it at all; of the other reasons, other code of the same target may.
_BY_NOBODY = (
    "cannot be written", "is known", "are known", "is not known", "is not written",
    "is not declared in code", "is set by the service", "is a setting of the account",
    "is counted", "are found when", "are put there", "is the account that", "is where the",
)  # fmt: skip


class PendingResource(msgspec.Struct, kw_only=True):
    """A declaration while its answers are put together; what is joined to it is added."""

    declaration: Declaration
    entry: DeclaredType
    called: Called
    body: Node
    digger: PathLookup
    parts: dict[str, Node] = msgspec.field(default_factory=dict)
    # Operations that so far say only what is said where nothing joined answers.
    bare: set[str] = msgspec.field(default_factory=set)
    # Operations that were joined to, and by which types of declarations.
    joined: set[tuple[str, str]] = msgspec.field(default_factory=set)
    # Operations of which nothing is known, and why.
    clouded: dict[str, UnknownValue] = msgspec.field(default_factory=dict)
    # Operations with what may be said here, by something that is not known to belong here.
    doubts: list[tuple[str, Node]] = msgspec.field(default_factory=list)


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A resource and the gaps that its ``unread`` refers to."""

    resource: Resource
    gaps: tuple[Gap, ...] = ()


def place(
    standing: PendingResource, owner: Type, shapes: Shapes, scope: str, provider: str
) -> Placed:
    """Map all properties of one declared thing."""
    made = _Made(standing, owner, scope)
    mapper = ValueMapper(
        shapes, standing.digger, followed_fields(owner), standing.entry,
        standing.declaration.why_open,
    )  # fmt: skip
    for wanted in owner.properties.values():
        if wanted.is_constant:
            made.properties[wanted.name] = wanted.absent
        elif not wanted.derived and "api" in wanted.sources:
            made.add(wanted, mapper)
    declaration = standing.declaration
    tags = made.properties.get("tags")
    resource = Resource(
        id=_id(standing),
        type=owner.name,
        provider=provider,
        scope=scope,
        name=standing.called.name,
        properties=made.properties,
        unread=made.unread,
        tags={str(k): str(v) for k, v in tags.items()} if isinstance(tags, dict) else {},
        origin=Origin(
            kind="iac",
            file=declaration.file.shown,
            line=max(1, (standing.body.line if standing.entry.each else 0) or declaration.line),
            column=(standing.body.column if standing.entry.each else 0) or declaration.column,
            stack=declaration.applied,
            scenario=declaration.scenario,
        ),
        known_as=standing.called.id,
        account=declaration.account if provider == "aws" else "",
        places=made.places,
    )
    return Placed(resource=resource, gaps=tuple(made.gaps.values()))


def _id(standing: PendingResource) -> str:
    """One declaration may be several things; each has its own id."""
    suffix = standing.called.name if standing.entry.each else ""
    return f"{standing.declaration.id}/{suffix}" if suffix else standing.declaration.id


@functools.lru_cache(maxsize=1024)
def _followed(relations: tuple[str, ...]) -> frozenset[str]:
    return frozenset(path for path in relations if "[]." in path)


def followed_fields(owner: Type) -> frozenset[str]:
    """Give the ``list[].field`` paths by which relations of a type find their targets."""
    return _followed(tuple(relation.by for relation in owner.relations.values() if relation.by))


class _Made:
    """What one declaration says, property by property."""

    def __init__(self, standing: PendingResource, owner: Type, scope: str) -> None:
        self._standing, self._owner, self._scope = standing, owner, scope
        self._file: CodeFile = standing.declaration.file
        self.properties: dict[str, Any] = {}
        self.unread: dict[str, tuple[str, ...]] = {}
        self.places: dict[str, str] = {}
        self.gaps: dict[str, Gap] = {}

    def add(self, wanted: Property, mapper: ValueMapper) -> None:
        """Read one property."""
        entry = self._standing.entry
        if wanted.name in entry.becomes:
            self.properties[wanted.name] = entry.becomes[wanted.name]
            return
        why = entry.never.get(wanted.name)
        if why is None and wanted.kind is Kind.DATE and wanted.name not in entry.paths:
            why = _SAYS_NOT
        if why is not None:
            self._never(wanted.name, why)
            return
        result = self._find(wanted)
        if isinstance(result, str):
            self._never(wanted.name, result)
        elif isinstance(result, Gap):
            self._hide(wanted.name, result)
        elif isinstance(result, Node):
            self._put(wanted, result, mapper)
        else:
            self._put_default(wanted)

    def _find(self, wanted: Property) -> Node | Gap | str | None:
        """Give where it stands; why code never says it; or None when it is not written."""
        standing = self._standing
        own_paths = standing.entry.paths.get(wanted.name)
        if own_paths is not None:
            return self._first(standing.body, own_paths)
        reason, is_answered = "", False
        for source in wanted.sources["api"]:
            operation, _, path = source.partition(":")
            part = standing.parts.get(operation)
            if operation in standing.clouded:
                return self._gap_of(wanted.name, standing.clouded[operation])
            if part is None:
                reason = reason or standing.entry.never.get(operation, "")
                continue
            is_answered = True
            result = standing.digger.dig(part, path)
            if result is not None:
                return result
        return None if is_answered else reason or _SAYS_NOT

    def _first(self, body: Node, paths: tuple[str, ...]) -> Node | None:
        for path in paths:
            result = self._standing.digger.dig(body, path)
            if result is not None:
                return result
        return None

    def _put(self, wanted: Property, node: Node, mapper: ValueMapper) -> None:
        name = wanted.name
        try:
            mapped = mapper.map_value(wanted, node)
        except WrongKindError as error:
            self._hide(name, self._gap(name, str(error), GapReason.MALFORMED))
            return
        where = self._where(node)
        if where:
            self.places[name] = where
        if mapped.hidden is not None:
            self._hide(name, self._gap_of(name, mapped.hidden))
            if mapped.value is not None:
                self.properties[name] = mapped.value
            return
        self.properties[name] = mapped.value
        self._put_parts(name, mapped)

    def _put_parts(self, name: str, mapped: MappedValue) -> None:
        for below, hidden in mapped.partly.items():
            # Each field says for itself what hides it.
            field = "" if below in ("[]", "[].*", ONLY_ALLOWS) else below.rstrip("~")
            self._hide(f"{name}{below}", self._gap_of(f"{name}{field}", hidden))
        for below, node in mapped.places.items():
            where = self._where(node)
            if where:
                self.places[f"{name}{below}"] = where

    def _put_default(self, wanted: Property) -> None:
        assumed = self._standing.entry.assumed.get(wanted.name, wanted.absent)
        why_open = self._standing.declaration.why_open
        if why_open is not None:
            self._hide(wanted.name, self._gap_of(wanted.name, why_open))
        elif assumed is NoDefault.UNKNOWN or assumed == NOT_KNOWN:
            why = "it is not written, and what the service then does is not known"
            self._hide(wanted.name, self._gap(wanted.name, why, GapReason.UNRESOLVED))
        else:
            self.properties[wanted.name] = assumed

    def _never(self, name: str, why: str) -> None:
        """What code of the kind does not say: one gap for all of the type where no code does."""
        gap = make_gap(
            scope=self._scope,
            subject=self._owner.name if why.startswith(_BY_NOBODY) else _id(self._standing),
            wanted=name,
            reason=GapReason.UNRESOLVED,
            detail=f"{name} {why}",
        )
        self._hide(name, gap)

    def _gap_of(self, name: str, hidden: UnknownValue) -> Gap:
        reason = GapReason.OVER_LIMIT if hidden.is_over_limit else GapReason.UNRESOLVED
        return self._gap(name, hidden.why, reason)

    def _gap(self, name: str, why: str, reason: GapReason) -> Gap:
        return make_gap(
            scope=self._scope,
            subject=_id(self._standing),
            wanted=name,
            reason=reason,
            detail=f"{name}: {why}",
        )

    def _hide(self, name: str, gap: Gap) -> None:
        self.gaps[gap.id] = gap
        self.unread[name] = (gap.id,)

    def _where(self, node: Node) -> str:
        if not node.line:
            return ""
        return f"{node.file or self._file.shown}:{node.line}:{max(1, node.column)}"
