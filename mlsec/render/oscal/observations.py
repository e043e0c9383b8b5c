"""The observations: what each rule came to on each resource, with the values that decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlsec.core.assessment import Assessment, Observed
from mlsec.core.enums import Status
from mlsec.core.finding import Evidence, Finding, Subject
from mlsec.render.display import actual_text, expected_text, plural, telling, value_text
from mlsec.render.oscal.names import Uuids, line, name_of, prop, resource_uuid

TOOL = "tool"
# How an observation is named for the findings that rest on it.
FAILED, UNASSESSED, PASSED = "failed", "not_assessed", "passed"
_CODE = "code/"
_IN_CODE = "Judged in code; nothing deployed was read for it."


class Observations:
    """The observations of an assessment, and which of them a rule has.

    There is one for each rule and resource that failed or could not be assessed, and one for each
    rule that passed, with all the resources that passed it.
    """

    def __init__(self, assessment: Assessment, uuids: Uuids, collected: str) -> None:
        self._assessment = assessment
        self._uuids = uuids
        self._collected = collected
        self._titles = {rule.id: rule.title for rule in assessment.rules}
        self._of_rule: dict[str, list[str]] = {}
        scopes = assessment.coverage.scopes
        self._deployed_scopes = {scope for scope in scopes if not scope.startswith(_CODE)}
        self._has_code = scopes != self._deployed_scopes
        self._deployed_of: set[str] = set()
        self.all = tuple(self._observed())

    def of(self, rules: Sequence[str]) -> list[Mapping[str, str]]:
        """Refer to the observations of these rules."""
        return [
            {"observation-uuid": name} for rule in rules for name in self._of_rule.get(rule, ())
        ]

    def are_of_code(self, rules: Sequence[str]) -> bool:
        """Whether these rules judged something, and only what code declares."""
        return not self._deployed_of.intersection(rules) and any(map(self._of_rule.get, rules))

    def _observed(self) -> Iterator[Mapping[str, Any]]:
        for finding in self._assessment.findings:
            yield self._of_finding(finding)
        for rule, resources in sorted(self._assessment.passed.items()):
            if resources:
                yield self._of_pass(rule, resources)

    def _of_finding(self, finding: Finding) -> Mapping[str, Any]:
        status = FAILED if finding.status is Status.FAIL else UNASSESSED
        properties = [
            prop("rule", finding.rule),
            prop("status", status),
            prop("severity", finding.severity.value),
            prop("fingerprint", finding.fingerprint),
        ]
        if finding.waiver:
            properties.append(prop("waiver", _waiver(finding)))
        base = self._base(finding.rule, finding.fingerprint, properties)
        return {
            **base,
            "description": self._said(
                line(finding.message or base["title"]),
                finding.rule,
                is_of_code=finding.resource.scope.startswith(_CODE),
            ),
            "types": ["finding"] if finding.status is Status.FAIL else ["control-objective"],
            "subjects": [_subject(finding.resource.id)],
            **_evidence(finding),
            "collected": self._collected,
        }

    def _of_pass(self, rule: str, resources: Sequence[str]) -> Mapping[str, Any]:
        base = self._base(rule, PASSED, [prop("rule", rule), prop("status", PASSED)])
        said = f"{base['title']}: not so for {plural(len(resources), 'resource')}"
        is_of_code = all(map(self._is_in_code, resources))
        return {
            **base,
            "description": self._said(said, rule, is_of_code=is_of_code),
            "types": ["control-objective"],
            "subjects": [_subject(resource) for resource in resources],
            **self._values(rule),
            "collected": self._collected,
        }

    def _said(self, text: str, rule: str, *, is_of_code: bool) -> str:
        """Add to what an observation says that it is of code, and note what is deployed."""
        if not is_of_code:
            self._deployed_of.add(rule)
            return text
        return f"{text.rstrip('.')}. {_IN_CODE}"

    def _is_in_code(self, resource_id: str) -> bool:
        """Whether an id is one that code gives: ``place#address``, and no deployed scope's."""
        place, mark, _ = resource_id.partition("#")
        return self._has_code and bool(mark) and place not in self._deployed_scopes

    def _values(self, rule: str) -> Mapping[str, Any]:
        """Give the values that a rule passed on, once for all resources alike."""
        values = [
            {"description": line(_passed_on(item))}
            for item in self._assessment.observed.get(rule, ())
        ]
        return {"relevant-evidence": values} if values else {}

    def _base(self, rule: str, key: str, properties: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        name = self._uuids.of("observation", f"{rule}\x00{key}")
        self._of_rule.setdefault(rule, []).append(name)
        return {
            "uuid": name,
            "title": line(self._titles.get(rule) or rule),
            "props": list(properties),
            "methods": ["TEST"],
            "origins": [{"actors": [{"type": "tool", "actor-uuid": self._uuids.of(TOOL)}]}],
        }


def inventory(assessment: Assessment) -> list[Mapping[str, Any]]:
    """List every resource that an observation is about, sorted by id."""
    known: dict[str, Subject | None] = {}
    for resources in assessment.passed.values():
        known.update(dict.fromkeys(resources))
    known.update((finding.resource.id, finding.resource) for finding in assessment.findings)
    return [_item(resource_id, known[resource_id]) for resource_id in sorted(known)]


def _item(resource_id: str, subject: Subject | None) -> Mapping[str, Any]:
    properties: list[Mapping[str, str]] = [{"name": "asset-id", "value": name_of(resource_id)}]
    description = name_of(resource_id)
    if subject:
        properties.append({"name": "asset-type", "value": line(subject.type)})
        properties.append(prop("scope", subject.scope))
        if subject.region:
            properties.append(prop("region", subject.region))
        description = line(subject.name or resource_id)
    return {"uuid": resource_uuid(resource_id), "description": description, "props": properties}


def _subject(resource_id: str) -> Mapping[str, str]:
    return {"subject-uuid": resource_uuid(resource_id), "type": "inventory-item"}


def _evidence(finding: Finding) -> Mapping[str, Any]:
    clauses = [{"description": line(_clause(item))} for item in telling(finding.evidence)]
    return {"relevant-evidence": clauses} if clauses else {}


def _clause(item: Evidence) -> str:
    source = f" ({item.source})" if item.source else ""
    return f"{item.path}: {actual_text(item)}, {expected_text(item)}{source}"


def _passed_on(item: Observed) -> str:
    values = ", ".join(f"{path}: {value_text(value)}" for path, value in item.values.items())
    return f"{values} ({plural(len(item.resources), 'resource')})"


def _waiver(finding: Finding) -> str:
    waiver = finding.waiver
    return f"{waiver.id} until {waiver.expires}, {waiver.owner}: {waiver.reason}" if waiver else ""
