"""As grave as the reader of a file says a fact is, so grave is the finding: no more, no less."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


Facts = Sequence[tuple[FactKind, Severity]]


class Shelf(ExampleGraph):
    """Resources of one type, and nothing beside them."""

    def __init__(self, resources: tuple[Resource, ...]) -> None:
        super().__init__()
        self.resources = resources
        self.coverage = Coverage()

    def of_type(self, name: str) -> tuple[Resource, ...]:
        return self.resources if name == self.resources[0].type else ()


def reported(type_name: str, found: Mapping[str, Facts]) -> Mapping[str, dict[str, Severity]]:
    """What the shipped rules say of files or folders in which these facts were found, by name."""
    resources = tuple(
        Resource(
            id=name, type=type_name, provider="files", scope="files//m",
            properties={
                "is_recognised": True,
                "detections": [
                    {"kind": kind.value, "severity": danger.value, "what": "x"}
                    for kind, danger in facts
                ],
            },
        )
        for name, facts in found.items()
    )  # fmt: skip
    ruleset = msgspec.structs.replace(shipped_rules(), rules=rules_of_facts())
    said: dict[str, dict[str, Severity]] = {name: {} for name in found}
    for one in assess(ruleset, Shelf(resources), clock=NOW).findings:
        if one.status is Status.FAIL:
            said[one.resource.id][one.rule] = one.severity
    return said


def one_fact_each() -> dict[str, Facts]:
    """Each fact as grave as it can be, alone."""
    return {
        f"{kind.value} {danger.value}": [(kind, danger)] for kind in FactKind for danger in Severity
    }


def test_a_fact_of_a_file_is_reported_as_grave_as_it_is() -> None:
    cases = one_fact_each()
    said = reported("files.artifact", cases)
    wrong = {
        name: said[name]
        for name, [(_, danger)] in cases.items()
        if not set(said[name].values()) <= {danger} or (danger in TOLD and not said[name])
    }
    assert wrong == {}


def test_a_fact_of_a_folder_is_reported_as_grave_as_it_is() -> None:
    cases = one_fact_each()
    said = reported("files.folder", cases)
    assert any(said.values())
    wrong = {
        name: said[name]
        for name, [(_, danger)] in cases.items()
        if not set(said[name].values()) <= {danger}
    }
    assert wrong == {}


def test_of_many_facts_the_gravest_counts_however_far_down_it_stands() -> None:
    cases = {}
    for kind in FactKind:
        mild = [(kind, Severity.MEDIUM)] * 100
        cases[kind.value] = [*mild, (kind, Severity.CRITICAL), *mild]
    said = reported("files.artifact", cases)
    wrong = {name: said[name] for name in cases if {*said[name].values()} != {Severity.CRITICAL}}
    assert wrong == {}


@for_each("rule", rules_of_facts, called=lambda rule: rule.id)
def test_a_rule_of_facts_takes_its_severity_from_them(rule: Rule) -> None:
    assert rule.graded_by == ("" if rule.id in WORSE_IN_SERVICE else "severity")


def test_a_rule_is_listed_as_grave_as_the_gravest_fact_that_a_reader_makes() -> None:
    """What a rule is listed with is what the user must expect, and what is not assessed counts."""
    gravest = {kind.value: min(given(kind), key=lambda one: one.rank) for kind in FactKind}
    said = reported(
        "files.artifact", {kind.value: [(kind, gravest[kind.value])] for kind in FactKind}
    )
    listed = {
        name: {
            rule.severity for rule in rules_of_facts() if rule.graded_by and rule.id in said[name]
        }
        for name in gravest
    }
    assert listed == {name: {danger} for name, danger in gravest.items()}


@for_each("place", places, called=lambda one: one.where)
def test_what_a_place_says_of_a_fact_can_be_told_from_its_source(place: Place) -> None:
    """Where this fails a new place chooses a danger in a way that the tests above do not see."""
    file = file_of(place)
    is_mild = place.dangers and not place.dangers & TOLD
    is_others = place.is_passed_on and not place.dangers
    assert place.kinds or is_mild or is_others or file in MAKE or file in PASS_ON
    assert place.dangers or place.is_passed_on or file in PASS_ON
