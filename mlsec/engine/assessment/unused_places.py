"""Failures of settings where nothing uses them: one finding stands for all of a rule and scope.

A property of the vocabulary says by ``used_by`` which relations of its type lead to what uses it. A
setting that fails in regions without any of that is one finding for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mlsec.core.enums import Status
from mlsec.core.finding import Finding
from mlsec.core.resource import Resource
from mlsec.engine.causes.facts import plain_path
from mlsec.engine.evaluation.property_reader import Relations
from mlsec.vocabulary.types import Property, Vocabulary


class UnusedPlaces:
    """Holds back the failures in unused places, and gives one for all of them."""

    def __init__(self, vocabulary: Vocabulary, graph: Relations, titles: Mapping[str, str]) -> None:
        self._vocabulary = vocabulary
        self._graph = graph
        self._titles = titles
        self._held: dict[tuple[str, str], list[Finding]] = {}

    def holds(self, finding: Finding, resource: Resource) -> bool:
        """Take a failure over whose settings nothing uses; what is not known is used."""
        if finding.status is not Status.FAIL or not self._is_unused(finding, resource):
            return False
        self._held.setdefault((finding.rule, resource.scope), []).append(finding)
        return True

    def findings(self) -> list[Finding]:
        """Give one failure for each rule and scope, that of the first place."""
        return [self._one_of(group) for group in self._held.values()]

    def _is_unused(self, finding: Finding, resource: Resource) -> bool:
        owner = self._vocabulary.types.get(resource.type)
        if owner is None or not finding.evidence:
            return False
        relations: set[str] = set()
        for item in finding.evidence:
            own = _property(owner.properties, plain_path(item.path))
            if item.resource != resource.id or own is None or not own.used_by:
                return False
            relations.update(own.used_by)
        reached = [self._graph.targets(resource, relation) for relation in sorted(relations)]
        return not any(targets.resources or targets.gaps for targets in reached)

    def _one_of(self, group: list[Finding]) -> Finding:
        group.sort(key=lambda finding: finding.resource.id)
        first, count = group[0], len(group)
        places = "1 unused region" if count == 1 else f"{count:,} unused regions"
        return msgspec.structs.replace(
            first,
            message=f"{self._titles[first.rule]}, in {places}",
            stands_for=tuple(finding.resource.id for finding in group),
        )


def _property(properties: Mapping[str, Property], path: str) -> Property | None:
    while path and path not in properties:
        path = path.rpartition(".")[0]
    return properties.get(path)
