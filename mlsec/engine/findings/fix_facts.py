"""What a rule's fix command names of a resource, read when the rule has failed on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from mlsec.core.catalogue import Fix
from mlsec.core.enums import Status
from mlsec.core.finding import Finding
from mlsec.core.fix_template import ITEM, fact_holes, is_of_subject, subject_value
from mlsec.core.regex import regex
from mlsec.core.resource import Resource
from mlsec.engine.evaluation.property_reader import Reader, Relations
from mlsec.engine.findings.subject import subject_of
from mlsec.engine.model.property_resolution import find_reading
from mlsec.engine.model.rule import Rule
from mlsec.vocabulary.types import Vocabulary

MAX_VALUES = 20
_INDEX = regex(r"(.+?)\[(\d+)\]")


class FixFacts:
    """Fills in the facts of findings; reads nothing for a rule whose fix names none."""

    def __init__(self, vocabulary: Vocabulary, graph: Relations, rules: Iterable[Rule]) -> None:
        self._reader = Reader(vocabulary)
        self._graph = graph
        self._fixes = {rule.id: rule.fix for rule in rules if _names_facts(rule.fix)}

    def complete(self, finding: Finding, resource: Resource) -> Finding:
        """Give the finding with the values of the holes that its fix has on this provider."""
        fix = self._fixes.get(finding.rule)
        if fix is None or finding.status is not Status.FAIL:
            return finding
        facts = {
            hole: values
            for hole in fact_holes(commands_of(fix.on(resource.provider)))
            if (values := tuple(self._values(hole, resource, finding)))
        }
        return msgspec.structs.replace(finding, facts=facts) if facts else finding

    def _values(self, hole: str, resource: Resource, finding: Finding) -> Iterator[str]:
        listed, _, field = hole.partition(ITEM)
        if field:
            yield from self._of_items(listed, field, resource, finding)
            return
        reading = find_reading(self._reader.vocabulary, self._owner(resource), hole)
        if reading is not None:
            yield from _texts(self._reader.read(self._reader.view(resource), hole).known)
            return
        relation, _, rest = hole.partition(".")
        if rest and relation in self._owner(resource).relations:
            for target in self._targets(resource, relation, finding):
                yield from self._of_target(rest, target, finding)

    def _owner(self, resource: Resource) -> Any:
        return self._reader.vocabulary.types[resource.type]

    def _of_items(
        self, listed: str, field: str, resource: Resource, finding: Finding
    ) -> Iterator[str]:
        items = self._reader.read(self._reader.view(resource), listed).known
        if not isinstance(items, list | tuple):
            return
        failed = _failed_items(listed, resource, finding)
        for index, item in enumerate(items):
            if failed and index not in failed:
                continue
            value = item.get(field) if isinstance(item, Mapping) else item
            yield next(_texts(value), "")

    def _targets(self, resource: Resource, relation: str, finding: Finding) -> list[Resource]:
        """Give where a relation leads: of several targets those that decided, if any did."""
        targets = self._graph.targets(resource, relation).resources[:MAX_VALUES]
        decided = {evidence.resource for evidence in finding.evidence}
        return [target for target in targets if target.id in decided] or list(targets)

    def _of_target(self, hole: str, target: Resource, finding: Finding) -> Iterator[str]:
        if is_of_subject(hole):
            value = subject_value(hole, subject_of(target))
            yield from (value,) if value else ()
        else:
            yield from self._values(hole, target, finding)


def commands_of(fix: Fix) -> str:
    """Give all commands of a fix as one text."""
    return "\n".join((fix.cli, fix.keep or ""))


def _names_facts(fix: Fix) -> bool:
    return any(fact_holes(commands_of(part)) for part in (fix, *fix.parts.values()))


def _failed_items(listed: str, resource: Resource, finding: Finding) -> set[int]:
    """Give the items of a list of the resource that the evidence names."""
    named = (
        _INDEX.match(evidence.path)
        for evidence in finding.evidence
        if evidence.resource == resource.id
    )
    return {int(match[2]) for match in named if match and match[1] == listed}


def _texts(value: Any) -> Iterator[str]:
    """Give a scalar, or the scalars of a list, as a command line takes them."""
    match value:
        case bool():
            yield "true" if value else "false"
        case str() | int() | float():
            yield str(value)
        case list() | tuple():
            for item in value[:MAX_VALUES]:
                if isinstance(item, str | int | float):
                    yield from _texts(item)
