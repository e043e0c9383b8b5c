"""A control has evidence only for what was tested whole, applied to something and held."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from mlsec.core.assessment import ControlResult, Observed, StatusCounts
from mlsec.core.catalogue import ControlLink
from mlsec.core.enums import (
    Automation,
    Consequence,
    ControlStatus,
    Effort,
    Exposure,
    FrameworkKind,
    Profile,
)
from mlsec.core.framework import Control, Framework
from mlsec.engine.assessment.control_results import control_results
from mlsec.engine.model.controls import Frameworks
from mlsec.engine.model.objectives import Objective
from mlsec.engine.model.rule import RuleSet
from tests.engine.small import load_texts, rule_text

PASSED, FAILED, UNREAD = (
    StatusCounts(passed=2),
    StatusCounts(passed=1, failed=2),
    StatusCounts(passed=1, not_assessed=1),
)
NOTHING_TO_JUDGE = StatusCounts(not_applicable=3)
FRAMEWORKS = {
    "cat": Framework(
        id="cat",
        title="Catalogue",
        kind=FrameworkKind.CATALOGUE,
        controls={
            "private": Control(needed=("one",)),
            "private-and-logged": Control(title="Both"),
            "doors": Control(),
            "judged-by-people": Control(automation=Automation.MANUAL),
        },
    ),
    "bench": Framework(
        id="bench",
        title="Benchmark",
        kind=FrameworkKind.BENCHMARK,
        providers=("cloud",),
        controls={"1.1": Control()},
    ),
}


def objective(name: str, *controls: str) -> Objective:
    return Objective(
        name=name,
        tests="It holds.",
        exposure=Exposure.INSIDE,
        consequence=Consequence.DATA,
        effort=Effort.DIRECT,
        profile=Profile.RECOMMENDED,
        controls=tuple(
            ControlLink(id=f"cat/{control}", because="it says so") for control in controls
        ),
    )


OBJECTIVES = (
    objective("one", "private", "private-and-logged", "judged-by-people"),
    objective("two", "private", "private-and-logged"),
)
BENCH = (ControlLink(id="bench/1.1", because="the same setting"),)


@pytest.fixture
def ruleset(tmp_path: Path) -> RuleSet:
    """Objective one: thing/a of cloud and thing/b of both clouds; two: thing/c."""
    tests = "{pass: [{tags: {a: b}}], fail: [{}], not_assessed: [{unread: [tags]}]}"
    must = "{tags.a: {exists: true}}"
    loaded = load_texts(
        tmp_path,
        rule_text("thing/a", resource="cloud.bucket", must=must, tests=tests),
        rule_text("thing/b", resource="bucket", must=must, tests=tests),
        rule_text("thing/c", resource="cloud.bucket", must=must, tests=tests),
        rule_text("thing/other", resource="other.bucket", must=must, tests=tests),
    )
    of = {"thing/a": ("one", BENCH), "thing/b": ("one", BENCH), "thing/c": ("two", ())}
    return msgspec.structs.replace(
        loaded,
        rules=tuple(
            msgspec.structs.replace(
                rule,
                objective=of.get(rule.id, ("two", ()))[0],
                controls=of.get(rule.id, ("two", ()))[1],
            )
            for rule in loaded.rules
        ),
        frameworks=Frameworks(
            frameworks=FRAMEWORKS, objectives={item.name: item for item in OBJECTIVES}
        ),
    )


def judged(
    ruleset: RuleSet,
    counts: Mapping[str, StatusCounts],
    provider: str = "cloud",
    observed: Mapping[str, tuple[Observed, ...]] = {},
) -> dict[str, ControlResult]:
    made = control_results(ruleset, counts, {provider}, observed)
    return {f"{item.framework}/{item.id}": item for item in made.controls}


def without(ruleset: RuleSet, rule_id: str) -> RuleSet:
    kept = tuple(rule for rule in ruleset.rules if rule.id != rule_id)
    left_out = tuple(rule for rule in ruleset.rules if rule.id == rule_id)
    return msgspec.structs.replace(ruleset, rules=kept, left_out=left_out)


def test_one_pass_is_no_evidence_for_a_control_that_needs_more(ruleset) -> None:
    result = judged(ruleset, {"thing/a": PASSED})["cat/private-and-logged"]
    assert (result.result, result.missing) == (ControlStatus.NO_EVIDENCE, ("two",))


@pytest.mark.parametrize(
    ("values", "result"),
    [
        ({"items": ()}, ControlStatus.NO_EVIDENCE),
        ({"items": (), "others": []}, ControlStatus.NO_EVIDENCE),
        ({"items": ("one",)}, ControlStatus.TESTED_PART),
        ({"items": (), "is_public": False}, ControlStatus.TESTED_PART),
        ({}, ControlStatus.TESTED_PART),
    ],
)
def test_passes_on_empty_lists_alone_are_evidence_for_nothing(
    ruleset: RuleSet, values: dict[str, object], result: ControlStatus
) -> None:
    positions = tuple(range(PASSED.passed))
    observed = {"thing/c": (Observed(values=values, resources=positions),)}
    results = judged(ruleset, {"thing/a": PASSED, "thing/c": PASSED}, observed=observed)
    assert results["cat/private-and-logged"].result is result


def test_one_pass_on_something_beside_passes_on_nothing_is_evidence(ruleset: RuleSet) -> None:
    groups = (
        Observed(values={"i": ()}, resources=(0,)),
        Observed(values={"i": (1,)}, resources=(1,)),
    )
    results = judged(ruleset, {"thing/a": PASSED, "thing/c": PASSED}, observed={"thing/c": groups})
    assert results["cat/private-and-logged"].result is ControlStatus.TESTED_PART


def test_all_that_is_needed_holds_and_is_evidence_for_the_tested_part(ruleset) -> None:
    results = judged(ruleset, {"thing/a": PASSED, "thing/c": PASSED})
    both = results["cat/private-and-logged"]
    assert (both.result, both.rules) == (ControlStatus.TESTED_PART, ("thing/a", "thing/c"))
    assert both.counts.passed == 4


def test_an_objective_that_is_not_needed_may_have_nothing_to_judge(ruleset) -> None:
    results = judged(ruleset, {"thing/a": PASSED, "thing/c": NOTHING_TO_JUDGE})
    assert results["cat/private"].result is ControlStatus.TESTED_PART


@pytest.mark.parametrize(
    ("counts", "expected"),
    [(FAILED, ControlStatus.AGAINST), (UNREAD, ControlStatus.NOT_ASSESSED)],
)
def test_any_linked_rule_that_fails_or_is_not_read_decides(ruleset, counts, expected) -> None:
    results = judged(ruleset, {"thing/a": PASSED, "thing/c": counts})
    assert results["cat/private"].result is expected


def test_a_waived_failure_is_evidence_against(ruleset) -> None:
    results = judged(ruleset, {"thing/a": StatusCounts(passed=4, failed=1, waived=1)})
    assert results["cat/private"].result is ControlStatus.AGAINST


def test_a_rule_that_was_left_out_is_missing_where_its_objective_is_needed(ruleset) -> None:
    result = judged(without(ruleset, "thing/b"), {"thing/a": PASSED})["cat/private"]
    assert (result.result, result.missing) == (ControlStatus.NO_EVIDENCE, ("one",))


def test_a_control_of_a_benchmark_needs_every_rule_that_links_to_it(ruleset) -> None:
    one = judged(ruleset, {"thing/a": PASSED})["bench/1.1"]
    assert (one.result, one.missing) == (ControlStatus.NO_EVIDENCE, ("thing/b",))
    both = judged(ruleset, {"thing/a": PASSED, "thing/b": PASSED})["bench/1.1"]
    assert both.result is ControlStatus.TESTED_PART


def test_rules_of_a_provider_that_was_not_scanned_do_not_appear(ruleset) -> None:
    results = judged(ruleset, {"thing/b": PASSED, "thing/other": PASSED}, provider="other")
    assert results["cat/private-and-logged"].rules == ("thing/b", "thing/other")
    assert "bench/1.1" not in results
    on_cloud = judged(ruleset, {"thing/other": FAILED, "thing/a": PASSED})
    assert on_cloud["cat/private"].result is ControlStatus.TESTED_PART


def test_every_control_is_counted_and_what_people_judge_stays_manual(ruleset) -> None:
    made = control_results(ruleset, {"thing/a": PASSED}, {"cloud"}, {})
    by_id = {item.id: item for item in made.frameworks}
    assert (by_id["cat"].controls, by_id["cat"].with_evidence) == (4, 1)
    assert by_id["cat"].results == {
        ControlStatus.NO_EVIDENCE.value: 1,
        ControlStatus.TESTED_PART.value: 1,
        ControlStatus.MANUAL.value: 2,
    }
    assert by_id["bench"].results == {ControlStatus.NO_EVIDENCE.value: 1}


def test_nothing_judged_is_no_evidence(ruleset) -> None:
    made = control_results(ruleset, {"thing/a": NOTHING_TO_JUDGE}, {"cloud"}, {})
    assert made.controls == ()
    assert sum(item.with_evidence for item in made.frameworks) == 0
