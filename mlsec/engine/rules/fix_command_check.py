"""The check of a fix's commands: every hole is one that a finding can fill, and is marked."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.core.catalogue import Fix
from mlsec.core.fix_template import (
    ITEM,
    PLACE_HOLES,
    SUBJECT_HOLES,
    holes,
    is_of_subject,
)
from mlsec.core.suggestions import did_you_mean
from mlsec.engine.model.diagnostics import Diagnostics
from mlsec.engine.model.property_resolution import find_reading
from mlsec.vocabulary.types import Type, Vocabulary

_COMMANDS = ("cli", "keep")


def check_commands(fix: Fix, owner: Type, vocabulary: Vocabulary, mistakes: Diagnostics) -> None:
    """Record every hole of the commands that no finding of the rule could fill."""
    types = vocabulary.concrete(owner.name) or (owner,)
    check = _CommandCheck(vocabulary, mistakes)
    check.part(fix, tuple(t for t in types if _provider(t) not in fix.parts), ("fix",))
    for provider, part in fix.parts.items():
        own = tuple(t for t in types if _provider(t) == provider)
        check.part(part, own, ("fix", provider))


class _CommandCheck:
    def __init__(self, vocabulary: Vocabulary, mistakes: Diagnostics) -> None:
        self._vocabulary = vocabulary
        self._mistakes = mistakes

    def part(self, fix: Fix, types: tuple[Type, ...], here: tuple[str, ...]) -> None:
        if bool(fix.replaces) != bool(fix.keep):
            self._mistakes.add('"replaces" and "keep" belong together', *here)
        if fix.replaces and not fix.cli:
            self._mistakes.add('"replaces" speaks of the command, and there is no "cli"', *here)
        for key in _COMMANDS:
            text = getattr(fix, key) or ""
            place = (*here, key, "=")
            if "{{" in text:
                self._mistakes.add("a doubled brace is printed as it is: write one", *place)
            if "<<" in text:
                self._mistakes.add("no here-document: values cannot be quoted in one", *place)
            for hole in holes(text):
                self._hole(hole, types, place)

    def _hole(self, hole: str, types: tuple[Type, ...], place: tuple[str, ...]) -> None:
        of_place = PLACE_HOLES.get(hole)
        for type_ in types:
            if of_place is not None and of_place != _provider(type_):
                self._mistakes.add(f'"{{{hole}}}" is known on {of_place} only', *place)
                return
            if not self._is_known(hole, type_):
                hint = did_you_mean(hole, self._names(type_))
                self._mistakes.add(
                    f'unknown placeholder "{{{hole}}}" of {type_.name}{hint}',
                    *place,
                    hint=f"mlsec rules vocabulary {type_.name}",
                )
                return

    def _is_known(self, hole: str, type_: Type) -> bool:
        # Where the cloud has no such thing, what the rule asks of it does not fail either.
        if is_of_subject(hole) or hole.partition(".")[0] in type_.lacks:
            return True
        listed, _, field = hole.partition(ITEM)
        reading = find_reading(self._vocabulary, type_, listed)
        if field:
            if reading is None:
                return False
            return field in (reading.own.items or ("value",))
        if reading is not None:
            return True
        name, _, rest = hole.partition(".")
        relation = type_.relations.get(name)
        if relation is None or not rest:
            return False
        return any(self._is_known(rest, t) for t in self._vocabulary.concrete(relation.to))

    def _names(self, type_: Type) -> Iterator[str]:
        yield from SUBJECT_HOLES
        yield from (name for name, of in PLACE_HOLES.items() if of == _provider(type_))
        yield from type_.properties
        for name, own in type_.properties.items():
            yield from (f"{name}{ITEM}{field}" for field in own.items)
        for name, relation in type_.relations.items():
            yield from (f"{name}.{word}" for word in ("name", "id"))
            for target in self._vocabulary.concrete(relation.to):
                yield from (f"{name}.{field}" for field in target.properties)


def _provider(type_: Type) -> str:
    return type_.name.partition(".")[0]
