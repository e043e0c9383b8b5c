"""All that the code of one target declares, joined and mapped; all of it is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from mlsec.collect.code.code_file import CodeScope, Declared
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.walk.mapping import Shapes
from mlsec.collect.walk.plan import Referred
from mlsec.core.resource import Resource
from mlsec.iac.mapping.api_answers import Builder, doubted, merged, stamped
from mlsec.iac.mapping.declaration import Declaration, called, text_of
from mlsec.iac.mapping.groups import call_members, called_by
from mlsec.iac.mapping.neighbours import NOT_REFERRED, split
from mlsec.iac.mapping.owners import NOTHING_OFFERED, Offers, Owners
from mlsec.iac.mapping.path_lookup import PathLookup, camel
from mlsec.iac.mapping.resource import PendingResource, place
from mlsec.vocabulary.iac_mapping import DeclaredType, Join
from mlsec.vocabulary.iac_mapping_load import operations_of
from mlsec.vocabulary.types import Type, Vocabulary

# provider -> its shapes
ShapesOf = Callable[[str], Shapes]
# provider -> the types that a live scan reads only where another resource refers to them
ReferredOf = Callable[[str], Referred]
_NOT_READ = "no rule reads it"
_NOT_HERE = "what it belongs to is not declared in this code"
_TAGS = "GetResources"
# Terraform's own way to apply what other tools write; nothing here reads it in this form.
_APPLIED_ELSEWHERE = {
    "kubernetes_": "scan the cluster, kubernetes://CONTEXT",
    "kubectl_": "scan the cluster, kubernetes://CONTEXT",
}
# So many settings of one kind without a known owner are distinguished; more than anybody writes.
_MOST_DOUBTS = 40


def entries_for(
    declaration: Declaration, tables: Mapping[str, tuple[DeclaredType, ...]], digger: PathLookup
) -> tuple[DeclaredType, ...]:
    """Give the entries that a declaration fits; none for a type that no table has."""
    table = tables.get(declaration.type, ())
    return tuple(entry for entry in table if _fits(entry, declaration.body, digger))


def declare(
    scope: CodeScope,
    vocabulary: Vocabulary,
    declarations: Iterable[Declaration],
    shapes_of: ShapesOf,
    referred_of: ReferredOf = lambda _: Referred(),
    offers: Offers = NOTHING_OFFERED,
) -> Declared:
    """Turn declarations into resources and count every one of them.

    ``referred_of`` names the types that are only counted where nothing of ML refers to them;
    ``offers`` are the names under which each stack exports what it has.
    """
    gathering = _Gathering(scope, vocabulary, offers)
    for declaration in declarations:
        gathering.add(declaration)
    gathering.join()
    made = list(gathering.resources(shapes_of))
    referred = [referred_of(name) for name in sorted({resource.provider for resource in made})]
    judged, left = split(made, referred, vocabulary)
    for resource in judged:
        scope.tally.add((resource.type, scope.name, ""), assessed=1)
    for resource in left:
        scope.tally.exclude((resource.type, scope.name, ""), NOT_REFERRED)
    return Declared(resources=tuple(judged))


def specs_of(entry: DeclaredType, owner: Type) -> dict[str, Any]:
    """Say how each operation is answered; one that nothing is said of, by the body as it is."""
    specs: dict[str, Any] = {
        name: _answered_by(name) for name in operations_of(owner) if name not in entry.never
    }
    if _TAGS in specs and entry.tags:
        specs[_TAGS] = {"Tags": entry.tags}
    return {**specs, **entry.without, **entry.answers}


def _answered_by(operation: str) -> str:
    """What is said of a parent stands in the parent, where a reader says it."""
    above = operation.count("parent.")
    return ".".join(["parent"] * above) or "."


def _fits(entry: DeclaredType, body: Node, digger: PathLookup) -> bool:
    for path, allowed in entry.where.items():
        result = digger.dig(body, path)
        if "*" in allowed:
            if result is None:
                return False
            continue
        value = None if result is None or isinstance(result.value, UnknownValue) else result.value
        if value not in allowed:
            return False
    return True


class _Gathering:
    """Every declaration of a target: first alone, then with what is joined to it."""

    def __init__(self, scope: CodeScope, vocabulary: Vocabulary, offers: Offers) -> None:
        self._scope = scope
        self._vocabulary = vocabulary
        self._standing: list[PendingResource] = []
        self._joining: list[tuple[Declaration, DeclaredType, PathLookup]] = []
        self._owners = Owners(offers)
        # How many settings of a kind in a stack may be about anything there.
        self._loose: dict[tuple[str, str, str, str], int] = {}

    def add(self, declaration: Declaration) -> None:
        """Take one declaration in."""
        tables = self._vocabulary.declared.get(declaration.kind, {})
        digger = PathLookup()
        entries = entries_for(declaration, tables, digger)
        if not any(entry.type or entry.joins for entry in entries):
            place_of = (declaration.type, self._scope.name, "")
            self._scope.tally.exclude(place_of, _NOT_READ)
            self._tell_elsewhere(declaration)
        for entry in entries:
            if entry.joins:
                self._joining.append((declaration, entry, digger))
            for body, given in _bodies(entry, declaration, digger) if entry.type else ():
                self._stand(declaration, entry, body, given, digger)

    def _stand(
        self,
        declaration: Declaration,
        entry: DeclaredType,
        body: Node,
        given: str,
        digger: PathLookup,
    ) -> None:
        provider = entry.type.partition(".")[0]
        names = called(
            entry, lambda path: digger.dig(body, path), given, provider, declaration.account
        )
        if entry.keys == "camel":
            body = camel(body, entry.verbatim)
        why_open = declaration.why_open
        builder = Builder(names, digger, why_open)
        standing = PendingResource(
            declaration=declaration, entry=entry, called=names, body=body, digger=digger,
            bare=set(entry.without) - set(entry.answers),
            clouded=dict.fromkeys(entry.without, why_open) if why_open is not None else {},
        )  # fmt: skip
        owner = self._vocabulary.types[entry.type]
        for operation, spec in specs_of(entry, owner).items():
            made = builder.build(spec, body)
            standing.parts[operation] = made if made is not None else Node({})
        self._standing.append(standing)
        self._owners.add(standing)

    def _tell_elsewhere(self, declaration: Declaration) -> None:
        """Note what is declared for a cluster, which no rule reads in this form."""
        for start, instead in _APPLIED_ELSEWHERE.items():
            if declaration.type.startswith(start):
                detail = f"{declaration.type} is not read: {instead}"
                self._scope.unread_part(declaration.file, detail, declaration.line)

    def join(self) -> None:
        """Add every declaration that is a part of others to those that it names; count it once."""
        call_members(self._joining, self._owners)
        for declaration, entry, digger in self._joining:
            belongs = [self._join(declaration, join, entry, digger) for join in entry.joins]
            place_of = (declaration.type, self._scope.name, "")
            if any(belongs) or entry.type:
                self._scope.tally.add(place_of, assessed=1)
            else:
                self._scope.tally.exclude(place_of, _NOT_HERE)
        for standing in self._standing:
            for operation, doubt in standing.doubts:
                standing.parts[operation] = merged(standing.parts.get(operation), doubt)

    def _join(
        self, declaration: Declaration, join: Join, entry: DeclaredType, digger: PathLookup
    ) -> bool:
        """Say whether it belongs, or may belong, to something of this code."""
        named = digger.dig(declaration.body, join.by)
        if named is None:
            return False
        body = declaration.body
        if entry.keys == "camel":
            body = camel(body, entry.verbatim)
        names = called_by(declaration, entry, join, digger)
        builder = Builder(names, digger, declaration.why_open)
        belongs = False
        for item in named.value if isinstance(named.value, tuple) else (named,):
            name = text_of(item)
            if join.below and name.lower().endswith(join.below):
                name = name[: -len(join.below)]
            elif join.below and not isinstance(item.value, UnknownValue):
                continue
            owners = self._owners.named(declaration.applied, join.to, name)
            may_be = [] if owners else self._possible(declaration, join, item)
            for operation, spec in join.answers.items() if owners or may_be else ():
                made = builder.build(spec, body)
                if made is None:
                    continue
                for owner in owners:
                    _add(owner, operation, _as_sure(made, owner, declaration), declaration)
                for owner, hidden in may_be:
                    doubt = doubted(made, f"{declaration.address} may be about this", hidden)
                    owner.doubts.append((operation, doubt))
            is_unknown = isinstance(item.value, UnknownValue)
            belongs = belongs or bool(owners) or bool(may_be) or is_unknown
        return belongs

    def _possible(
        self, declaration: Declaration, join: Join, named: Node
    ) -> list[tuple[PendingResource, UnknownValue]]:
        """Give what a name may mean; of very many names all that they may set is in doubt."""
        result = self._owners.possible(declaration.applied, join.to, named)
        if len(result) < 2:
            return result
        key = (declaration.applied, declaration.type, join.to, join.by)
        self._loose[key] = self._loose.get(key, 0) + 1
        if self._loose[key] <= _MOST_DOUBTS:
            return result
        for owner, hidden in result if self._loose[key] == _MOST_DOUBTS + 1 else ():
            why = msgspec.structs.replace(
                hidden.worded(), why=f"many {declaration.type} may set it: {hidden.why}"
            )
            for operation in join.answers:
                owner.clouded.setdefault(operation, why)
        return []

    def resources(self, shapes_of: ShapesOf) -> Iterator[Resource]:
        """Map what was gathered; of two with one address each is its own."""
        seen: set[str] = set()
        for standing in self._standing:
            owner = self._vocabulary.types[standing.entry.type]
            provider = owner.name.partition(".")[0]
            placed = place(standing, owner, shapes_of(provider), self._scope.name, provider)
            first = f"{self._scope.prefix}{placed.resource.id}"
            own, count = first, 1
            while own in seen:
                count += 1
                own = f"{first}~{count}"
            seen.add(own)
            self._scope.tally.gaps.update((gap.id, gap) for gap in placed.gaps)
            yield msgspec.structs.replace(placed.resource, id=own)


def _bodies(
    entry: DeclaredType, declaration: Declaration, digger: PathLookup
) -> Iterator[tuple[Node, str]]:
    """Give each body that an entry stands for, and the name it goes by without one of its own."""
    given = declaration.given or declaration.address
    if not entry.each:
        yield declaration.body, given
        return
    result = digger.dig(declaration.body, entry.each)
    if result is None or not isinstance(result.value, tuple):
        return
    for index, element in enumerate(result.value):
        if isinstance(element.value, Mapping):
            outer = {f"^{key}": value for key, value in declaration.body.pairs().items()}
            yield Node({**element.value, **outer}, element.line, element.column), f"{given}-{index}"


def _as_sure(made: Node, owner: PendingResource, declaration: Declaration) -> Node:
    """What may or may not be there says nothing for sure of what is there in any case."""
    hidden = declaration.why_unknown
    if hidden is None or hidden == owner.declaration.why_unknown:
        return made
    return doubted(made, f"{declaration.address} may be there or not", hidden)


def _add(owner: PendingResource, operation: str, made: Node, declaration: Declaration) -> None:
    if declaration.file.shown != owner.declaration.file.shown:
        made = stamped(made, declaration.file.shown)
    # What is said where nothing is joined holds no longer once something is.
    is_bare = operation in owner.bare
    owner.bare.discard(operation)
    by = (operation, declaration.type)
    rival = f"more than one {declaration.type} defines it" if by in owner.joined else ""
    owner.joined.add(by)
    before = None if is_bare else owner.parts.get(operation)
    owner.parts[operation] = merged(before, made, rival=rival)
