"""One deployment four ways: running, as Terraform, as its plan, as CloudFormation: same results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from mlsec.core.enums import Status
from mlsec.core.resource import Gap, Resource, is_of_code
from mlsec.engine.model.rule import RuleSet
from mlsec.snapshot.store import Snapshot
from mlsec.targets.reading import read_inventory
from tests.e2e import runs
from tests.estate.serve import RunningAws, Settings
from tests.iac.terraform.planned import plan_of

WRITTEN = Path(__file__).parents[1] / "estate" / "written"
# The key has no name of its own, so that each way calls it after its address.
_NAMELESS = "aws.kms.key"
# Why code may leave open what a scan of the account decides, in the words that the user reads.
ELSEWHERE = "may be declared outside the scanned code"
RUNNING = (
    "is not known by code: only what runs has it",
    "is known only when it runs",
    "is counted by the account",
)
# What code is not asked: since when something runs or was used, and what it reports.
ASKED_OF_WHAT_RUNS = {
    "iam/ml-role-unused",
    "sagemaker/notebook-long-running",
    "cloudwatch/ml-alarm-without-data",
}
APPLIED = "is only known after the apply"
MAY_LEAVE_OPEN = {
    "terraform": (ELSEWHERE, *RUNNING),
    "cloudformation": (ELSEWHERE, *RUNNING),
    # It has no names of what does not exist yet: neither the image nor a policy with an ARN.
    "plan": (ELSEWHERE, *RUNNING, APPLIED),
}

Thing = tuple[str, str]  # type and name
Check = tuple[str, str, str]  # rule, type and name


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """What one scan knew and said; a check that did not apply has no verdict."""

    things: frozenset[Thing]
    verdicts: Mapping[Check, Status]
    gaps: Mapping[Check, tuple[Gap, ...]]

    def with_status(self, status: Status) -> set[Check]:
        return {check for check, found in self.verdicts.items() if found is status}


@pytest.fixture(scope="module")
def ways(ruleset: RuleSet, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Way]:
    terraform = (WRITTEN / "main.tf").read_text()
    written = {
        "terraform": ("main.tf", terraform),
        "plan": ("plan.json", plan_of({"main.tf": terraform})),
        "cloudformation": ("stack.yaml", (WRITTEN / "stack.yaml").read_text()),
    }
    made = {}
    for name in MAY_LEAVE_OPEN:
        folder, (file, text) = tmp_path_factory.mktemp(name), written[name]
        (folder / file).write_text(text)
        made[name] = scan(str(folder), folder.with_suffix(".mlsnap"), ruleset)
    with (
        RunningAws(Settings(deployments=0, is_written=True)) as aws,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in aws.environment().items():
            patch.setenv(name, value)
        made["live"] = scan("aws", tmp_path_factory.mktemp("live") / "live.mlsnap", ruleset)
        assert aws.mistakes() == []
    return made


def scan(target: str, evidence: Path, ruleset: RuleSet) -> Way:
    runs.collect(evidence, ruleset, target=target, **runs.THOROUGH)
    assessment = runs.judge(evidence, ruleset)
    with Snapshot.open(evidence) as snapshot:
        known = read_inventory(snapshot, ruleset.vocabulary).resources
    things = {each.id: thing_of(each) for each in known if each.provider == "aws"}
    verdicts = {
        (rule, *things[each]): Status.PASS
        for rule, ids in assessment.passed.items()
        for each in ids
        if each in things
    }
    gaps = {gap.id: gap for gap in assessment.gaps}
    open_for: dict[Check, tuple[Gap, ...]] = {}
    for found in assessment.findings:
        if found.resource.id in things:
            check = (found.rule, *things[found.resource.id])
            verdicts[check] = found.status
            open_for[check] = tuple(gaps[each] for each in found.gaps)
    return Way(things=frozenset(things.values()), verdicts=verdicts, gaps=open_for)


def thing_of(each: Resource) -> Thing:
    return each.type, "" if each.type == _NAMELESS else each.name


def test_the_deployment_fails_much_and_passes_much(ways: dict[str, Way]) -> None:
    failed = ways["terraform"].with_status(Status.FAIL)
    assert ("sagemaker/notebook-direct-internet", "aws.sagemaker.notebook", "lab") in failed
    assert len(failed) > 20
    assert len(ways["terraform"].with_status(Status.PASS)) > 20


def test_what_runs_has_all_that_code_declares_and_nothing_unread(ways: dict[str, Way]) -> None:
    assert {way: ways[way].things for way in MAY_LEAVE_OPEN} == dict.fromkeys(
        MAY_LEAVE_OPEN, ways["terraform"].things
    )
    assert ways["terraform"].things - ways["live"].things == set()
    assert ways["live"].with_status(Status.NOT_ASSESSED) == set()


def test_templates_of_two_languages_get_the_same_results(ways: dict[str, Way]) -> None:
    assert ways["cloudformation"].verdicts == ways["terraform"].verdicts


def test_a_plan_gets_the_same_results_but_for_what_the_apply_will_know(
    ways: dict[str, Way],
) -> None:
    plan = ways["plan"]
    waiting = {c for c, gaps in plan.gaps.items() if any(g.detail.endswith(APPLIED) for g in gaps)}
    assert waiting
    decided = {c: s for c, s in plan.verdicts.items() if c not in waiting}
    assert decided == {c: s for c, s in ways["terraform"].verdicts.items() if c not in waiting}
    assert {plan.verdicts[check] for check in waiting} == {Status.NOT_ASSESSED}


@pytest.mark.parametrize("code", MAY_LEAVE_OPEN)
def test_code_fails_exactly_what_fails_live_but_for_what_it_leaves_open(
    ways: dict[str, Way], code: str
) -> None:
    left_open = ways[code].with_status(Status.NOT_ASSESSED)
    live = {
        check
        for check in ways["live"].with_status(Status.FAIL)
        if check[1:] in ways[code].things and check not in left_open
    }
    assert ways[code].with_status(Status.FAIL) == live


@pytest.mark.parametrize("code", MAY_LEAVE_OPEN)
def test_no_verdict_on_code_differs_from_the_one_on_what_runs(
    ways: dict[str, Way], code: str
) -> None:
    said, live = ways[code], ways["live"]
    differing = {
        check: (said.verdicts.get(check), live.verdicts.get(check))
        for check in {*said.verdicts, *live.verdicts}
        if check[1:] in said.things and said.verdicts.get(check) != live.verdicts.get(check)
        if check[0] not in ASKED_OF_WHAT_RUNS or check in said.verdicts
    }
    assert {k: v for k, v in differing.items() if v[0] is not Status.NOT_ASSESSED} == {}


@pytest.mark.parametrize("code", MAY_LEAVE_OPEN)
def test_code_leaves_open_only_what_nothing_but_the_account_can_tell(
    ways: dict[str, Way], code: str
) -> None:
    left_open = ways[code].with_status(Status.NOT_ASSESSED)
    untold = {
        (check, gap.detail)
        for check in left_open
        for gap in ways[code].gaps[check]
        if not (is_of_code(gap) and gap.detail.endswith(MAY_LEAVE_OPEN[code]))
    }
    assert untold == set()
    assert [check for check in left_open if not ways[code].gaps[check]] == []
