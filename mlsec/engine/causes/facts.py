"""Which facts decided a failure: the resources and their settings that its evidence was read from.

Two clauses read the same fact when they read the same property of the same resource, or two that
the vocabulary declares to be one ``setting``. The fields of a list's items are one fact for each
set of fields that decided, whichever items they are. Where a rule wants at least one of something,
what is missing is a fact of that rule alone: what is there is not what has to change.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.core.cause import Fact
from mlsec.core.finding import Evidence, Finding
from mlsec.core.regex import regex
from mlsec.engine.model.rule import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Not,
    Quantifier,
    Quantity,
    Rule,
)
from mlsec.vocabulary.types import Property, Vocabulary

_INDEX = regex(r"\[\d+\]")


def plain_path(path: str) -> str:
    """Give a path without the indices of its items."""
    return _INDEX.sub("", path) if "[" in path else path


class DecidingFacts:
    """The facts of one failure, in the order of its evidence."""

    def __init__(self, finding: Finding, rule: Rule, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._judged = finding.resource.id
        self._missing = f"rule {rule.id}"
        self._wanted = frozenset(_wanted_of(rule.must, is_wanted=True))
        self._types = {finding.resource.id: finding.resource.type}
        self._reached: dict[str, set[str]] = {}
        if finding.path is not None:
            self._types.update((node.id, node.type) for node in finding.path.nodes)
            for edge in finding.path.edges:
                target = finding.path.nodes[edge.target].id
                self._reached.setdefault(target, set()).add(edge.relation)
        fields = _fields_of(finding.evidence)
        self._by_place: dict[tuple[str, str], Fact] = {}
        for item in finding.evidence:
            place = (item.resource, plain_path(item.path))
            self._by_place[place] = self._fact(item, fields)
        self.facts = tuple(dict.fromkeys(self._by_place.values()))

    def of(self, resource: str, path: str) -> Fact | None:
        """Give the fact that a clause on this path reads, None when it decided nothing."""
        return self._by_place.get((resource, plain_path(path)))

    def _fact(self, item: Evidence, fields: dict[tuple[str, str], list[str]]) -> Fact:
        root = item.path.partition("[")[0]
        if not self._wanted.isdisjoint(self._reached.get(item.resource, ())):
            return Fact(self._judged, self._missing)
        if root in self._wanted:
            return Fact(item.resource, self._missing)
        return Fact(item.resource, self._setting(item, fields))

    def _setting(self, item: Evidence, fields: dict[tuple[str, str], list[str]]) -> str:
        root, bracket, _ = item.path.partition("[")
        own = self._property(item.resource, root)
        if own is not None and own.setting:
            return own.setting
        if bracket:
            return f"{root}: {', '.join(fields[item.resource, root])}"
        relations = self._reached.get(item.resource)
        if item.path == "id" and relations:
            # That it is there at all: the way to it is what can be taken away.
            return f"reached by {', '.join(sorted(relations))}"
        return item.path

    def _property(self, resource: str, path: str) -> Property | None:
        owner = self._vocabulary.types.get(self._types.get(resource, ""))
        if owner is None:
            return None
        while path:
            if path in owner.properties:
                return owner.properties[path]
            path = path.rpartition(".")[0]
        return None


def _wanted_of(condition: Condition, *, is_wanted: bool) -> Iterator[str]:
    """Name the lists and relations of which a condition wants at least one element."""
    match condition:
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from _wanted_of(part, is_wanted=is_wanted)
        case Not(part=part):
            yield from _wanted_of(part, is_wanted=not is_wanted)
        case Quantifier(quantity=quantity):
            if (quantity is Quantity.SOME) is is_wanted:
                yield condition.path.rpartition(".")[2] if condition.is_relation else condition.path
            inner = is_wanted if quantity is not Quantity.NONE else not is_wanted
            for inside in (condition.where, condition.that):
                if inside is not None:
                    yield from _wanted_of(inside, is_wanted=inner)
        case Compare():
            return


def _fields_of(evidence: tuple[Evidence, ...]) -> dict[tuple[str, str], list[str]]:
    fields: dict[tuple[str, str], set[str]] = {}
    for item in evidence:
        root, bracket, _ = item.path.partition("[")
        if bracket:
            field = plain_path(item.path)[len(root) :].strip(".") or "value"
            fields.setdefault((item.resource, root), set()).add(field)
    return {key: sorted(names) for key, names in fields.items()}
