"""As grave as the reader of a file says a fact is, so grave is the finding: no more, no less."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from mlsec.artifacts.facts import FactKind
from mlsec.core.coverage import Coverage
from mlsec.core.enums import Severity, Status
from mlsec.core.resource import Resource
from mlsec.engine.assessment.assess import assess
from mlsec.engine.model.rule import Rule
from mlsec.engine.rules.documents import ExampleGraph
from tests.contracts.fact_places import MAKE, TOLD, Place, file_of, given, places
from tests.loops import for_each
from tests.shipped import rules_of_facts, shipped_rules

NOW = datetime(2026, 1, 1, tzinfo=UTC)
# That a model which serves traffic loads the file makes it worse than the file by itself.
WORSE_IN_SERVICE = {"artifact/deployed-dangerous"}
# Calls that give what another call chose to the recorder, whatever kind of fact it is.
PASS_ON = {
    "formats/tensorflow/keras/config.py", "formats/tensorflow/keras/names.py",
    "formats/tensorflow/shards.py", "model_folder.py", "pickle/policy/callable_lists.py",
    "pickle/policy/verdict.py", "python/notebooks.py", "recorder.py", "templates/walk.py",
}  # fmt: skip


class Shelf(ExampleGraph):
    """One resource, and nothing beside it."""

    def __init__(self, resource: Resource) -> None:
        super().__init__()
        self.resource = resource
        self.coverage = Coverage()

    def of_type(self, name: str) -> tuple[Resource, ...]:
        return (self.resource,) if name == self.resource.type else ()


def reported(type_name: str, *facts: tuple[FactKind, Severity]) -> dict[str, Severity]:
    """What the shipped rules say of a file or folder in which these facts were found."""
    listed = [{"kind": kind.value, "severity": danger.value, "what": "x"} for kind, danger in facts]
    resource = Resource(
        id="/m/a", type=type_name, provider="files", scope="files//m",
        properties={"is_recognised": True, "detections": listed},
    )  # fmt: skip
    ruleset = msgspec.structs.replace(shipped_rules(), rules=rules_of_facts())
    findings = assess(ruleset, Shelf(resource), clock=NOW).findings
    return {one.rule: one.severity for one in findings if one.status is Status.FAIL}


@for_each("danger", Severity, called=lambda one: one.value)
@for_each("kind", FactKind, called=lambda one: one.value)
def test_a_fact_of_a_file_is_reported_as_grave_as_it_is(kind: FactKind, danger: Severity) -> None:
    found = reported("files.artifact", (kind, danger))
    assert found or danger not in TOLD
    assert set(found.values()) <= {danger}


@for_each("danger", Severity, called=lambda one: one.value)
@for_each("kind", FactKind, called=lambda one: one.value)
def test_a_fact_of_a_folder_is_reported_as_grave_as_it_is(kind: FactKind, danger: Severity) -> None:
    assert set(reported("files.folder", (kind, danger)).values()) <= {danger}


@for_each("kind", FactKind, called=lambda one: one.value)
def test_of_many_facts_the_gravest_counts_however_far_down_it_stands(kind: FactKind) -> None:
    mild = [(kind, Severity.MEDIUM)] * 100
    found = reported("files.artifact", *mild, (kind, Severity.CRITICAL), *mild)
    assert set(found.values()) == {Severity.CRITICAL}


@for_each("rule", rules_of_facts, called=lambda rule: rule.id)
def test_a_rule_of_facts_takes_its_severity_from_them(rule: Rule) -> None:
    assert rule.graded_by == ("" if rule.id in WORSE_IN_SERVICE else "severity")


@for_each("kind", FactKind, called=lambda one: one.value)
def test_a_rule_is_listed_as_grave_as_the_gravest_fact_that_a_reader_makes(kind: FactKind) -> None:
    """What a rule is listed with is what the user must expect, and what is not assessed counts."""
    gravest = min(given(kind), key=lambda one: one.rank)
    (listed,) = {
        rule.severity
        for rule in rules_of_facts()
        if rule.graded_by and rule.id in reported("files.artifact", (kind, gravest))
    }
    assert listed is gravest


@for_each("place", places, called=lambda one: one.where)
def test_what_a_place_says_of_a_fact_can_be_told_from_its_source(place: Place) -> None:
    """Where this fails a new place chooses a danger in a way that the tests above do not see."""
    file = file_of(place)
    is_mild = place.dangers and not place.dangers & TOLD
    is_others = place.is_passed_on and not place.dangers
    assert place.kinds or is_mild or is_others or file in MAKE or file in PASS_ON
    assert place.dangers or place.is_passed_on or file in PASS_ON
