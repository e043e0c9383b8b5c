"""The mutation test of honesty: what could not be seen is never called pass or fail."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import pytest
from _pytest.mark import ParameterSet

from mlsec.cli import exits
from mlsec.cli.main import main
from mlsec.core.assessment import Assessment
from mlsec.core.enums import GapReason
from mlsec.core.resource import Inventory
from mlsec.engine.assessment.gate import Gate, gate
from mlsec.engine.model.rule import RuleSet
from mlsec.snapshot.store import Snapshot
from mlsec.targets.reading import read_inventory
from tests.coverage_rows import every_row
from tests.e2e import runs
from tests.e2e.clouds import CLOUDS, OPERATIONS, Cloud, Running
from tests.e2e.conftest import Whole
from tests.estate.faults import Fault, Kind

_Operations = Sequence[tuple[str, str]]
_TOLD_IN = ("report.txt", "report.html", "results.sarif")
_NO_DENIAL = (Kind.THROTTLE, Kind.CUT, Kind.GARBAGE, Kind.HANG_UP)


def _of_each_kind() -> _Operations:
    """Give one operation for each kind of read."""
    firsts: dict[object, tuple[str, str]] = {}
    for name, label in OPERATIONS:
        firsts.setdefault(_kind_of_read(CLOUDS[name], label), (name, label))
    return list(firsts.values())


def _kind_of_read(cloud: Cloud, label: str) -> object:
    """Give what decides how a failure of an operation is taken: where the walk asks it, and when.

    An operation that no plan has finds what there is to walk, or stands for many others.
    """
    asked = set()
    for plan in cloud.plans():
        place = (plan.is_below, plan.per, plan.is_referred)
        asked |= {("read", *place) for read in plan.reads if read.label == label}
        for role, operation in (
            ("list", plan.listing),
            ("bulk", plan.bulk and plan.bulk.operation),
        ):
            if operation is not None and operation.label == label:
                asked.add((role, *place))
    operation = cloud.table()[label]
    when = (bool(operation.not_set), bool(operation.only_if or operation.unless))
    told = (label in cloud.stand_ins, label in cloud.spared)
    return cloud.name, type(operation), frozenset(asked), when, operation.is_global, told


def _cases(by_day: _Operations, by_night: _Operations) -> list[ParameterSet]:
    """Give operations as cases, those that are not asked for by day marked so."""
    day = {*by_day}
    return [
        pytest.param(each, id="/".join(each), marks=() if each in day else pytest.mark.nightly)
        for each in by_night
    ]


def _of_each_cloud() -> _Operations:
    """Give one operation of each cloud: how a right is told depends on no operation."""
    return [next(each for each in _hiding() if each[0] == name) for name in CLOUDS]


def _hiding() -> _Operations:
    """Give the operations whose refusal hides something."""
    return [
        (name, label)
        for name, label in OPERATIONS
        if label not in {*CLOUDS[name].stand_ins, *CLOUDS[name].spared}
    ]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line said of evidence, and the text of every report that it wrote."""

    code: int
    errors: str
    texts: Mapping[str, str]


class Denied(msgspec.Struct, frozen=True, kw_only=True):
    """The collection in which one operation of a cloud was refused wherever it was asked."""

    cloud: Cloud
    label: str
    whole: Whole
    evidence: Path
    assessment: Assessment
    outline: object
    was_asked: bool


@pytest.fixture(scope="module", params=_cases(_of_each_kind(), OPERATIONS))
def denied(
    request: pytest.FixtureRequest,
    zoos: Callable[[str], Running],
    wholes: Callable[[str], Whole],
    ruleset: RuleSet,
    tmp_path_factory: pytest.TempPathFactory,
) -> Denied:
    name, label = request.param
    whole, zoo = wholes(name), zoos(name)
    path = tmp_path_factory.mktemp("denied") / "broken.mlsnap"
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in zoo.environment().items():
            patch.setenv(variable, value)
        break_one(zoo, whole, ruleset, path, Fault(kind=Kind.DENY, operation=label), name)
    was_asked = bool(zoo.struck())
    return Denied(
        cloud=CLOUDS[name],
        label=label,
        whole=whole,
        evidence=path,
        assessment=runs.judge(path, ruleset),
        outline=_outline(_seen(path, ruleset)),
        was_asked=was_asked,
    )


def break_one(
    server: Running, whole: Whole, ruleset: RuleSet, path: Path, fault: Fault, target: str
) -> None:
    """Collect again with every answer known but those of one operation, which is broken."""
    runs.forget(whole.snapshot, path, (fault.operation,))
    server.set_faults(fault)
    runs.collect(path, ruleset, target=target, resume=True)


def test_complete_scan_makes_every_call_of_the_table(cloud: Cloud, complete: Whole) -> None:
    assert set(cloud.table()) - set(complete.asked) == cloud.spared


def test_denied_call_moves_verdicts_to_not_assessed_only(denied: Denied) -> None:
    cloud, whole = denied.cloud, denied.whole
    assessment = denied.assessment
    after, before = runs.verdicts(assessment), whole.verdicts

    # What passes besides did not apply before; now that is not known, but what is asked holds.
    assert not after.passed & (before.failed | before.unknown), "passes what did not pass before"
    assert not after.failed - before.failed, "fails what the whole scan did not"
    silent = (before.passed | before.failed) - after.passed - after.failed - after.unknown
    vanished = {pair for pair in silent if not _is_accounted(pair, after, denied)}
    assert not vanished, "verdicts vanished without a word"

    if denied.label in cloud.stand_ins or denied.label in cloud.spared:
        assert after == before
        return
    assert gate(assessment, "none", 100.0) is Gate.INCOMPLETE
    rights = {gap.missing_right for gap in assessment.gaps}
    assert cloud.table()[denied.label].right in rights


def tell(evidence: Path) -> Told:
    """Judge evidence as a user does."""
    folder, said, errors = evidence.parent / "told", io.StringIO(), io.StringIO()
    words = ["scan", str(evidence), "-o", str(folder), "-f", "text,html,sarif"]
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(errors):
        code = main([*words, "--profile", "strict", "--fail-on", "none"])
    texts = {name: (folder / name).read_text("utf-8") for name in _TOLD_IN}
    return Told(code=code, errors=errors.getvalue(), texts={**texts, "": said.getvalue()})


@pytest.mark.parametrize("denied", _cases(_of_each_cloud(), _hiding()), indirect=True)
def test_report_of_a_denied_call_names_the_right_and_the_exit_code_says_incomplete(
    denied: Denied,
) -> None:
    told = tell(denied.evidence)
    assert told.code == exits.INCOMPLETE, told.errors
    assert "incomplete (exit 11)" in told.errors
    names = set(told.texts)
    if runs.verdicts(denied.assessment) == denied.whole.verdicts:
        names.discard("results.sarif")  # SARIF tells of rules, and none reads what was hidden
    right = denied.cloud.table()[denied.label].right
    assert [name for name in names if right not in told.texts[name]] == []


def test_another_failure_hides_exactly_what_a_denial_hides(
    denied: Denied, zoos: Callable[[str], Running], ruleset: RuleSet, tmp_path: Path
) -> None:
    turn = list(denied.cloud.table()).index(denied.label) % len(_NO_DENIAL)
    hides_the_same(_NO_DENIAL[turn], denied, zoos, ruleset, tmp_path)


@pytest.mark.nightly
def test_any_other_failure_hides_exactly_what_a_denial_hides(
    denied: Denied, zoos: Callable[[str], Running], ruleset: RuleSet, tmp_path: Path
) -> None:
    for kind in _NO_DENIAL:
        hides_the_same(kind, denied, zoos, ruleset, tmp_path)


def hides_the_same(
    kind: Kind, denied: Denied, zoos: Callable[[str], Running], ruleset: RuleSet, folder: Path
) -> None:
    server, name = zoos(denied.cloud.name), denied.cloud.name
    known = {gap.id for gap in denied.whole.inventory.gaps}
    path = folder / f"{kind.value}.mlsnap"
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in server.environment().items():
            patch.setenv(variable, value)
        fault = Fault(kind=kind, operation=denied.label)
        break_one(server, denied.whole, ruleset, path, fault, name)
    seen = _seen(path, ruleset)
    assert bool(server.struck()) is denied.was_asked
    assert _outline(seen) == denied.outline, kind
    fresh = {gap.reason for gap in seen.gaps if gap.id not in known}
    assert GapReason.DENIED not in fresh, kind


def _seen(path: Path, ruleset: RuleSet) -> Inventory:
    with Snapshot.open(path) as snapshot:
        return read_inventory(snapshot, ruleset.vocabulary)


def _outline(inventory: Inventory) -> object:
    """Everything that a rule could read, without why something was not read."""
    resources = sorted(
        (r.id, r.type, repr(sorted(r.properties.items())), sorted(r.unread))
        for r in inventory.resources
    )
    coverage = sorted(
        (c.type, c.scope, c.region, c.enumerated, c.errored, c.excluded, c.is_complete)
        for c in every_row(inventory.coverage)
    )
    return resources, coverage, sorted({gap.subject for gap in inventory.gaps})


def _is_accounted(pair: tuple[str, str], after: runs.Verdicts, denied: Denied) -> bool:
    """Whether one not_assessed finding stands for all of the resource's type in its place."""
    rule, resource_id = pair
    resource = denied.whole.resources[resource_id]
    places = [f"{resource.scope}/{region}/{resource.type}" for region in (resource.region, "")]
    places += denied.cloud.places(resource)
    return any((rule, place) in after.unknown for place in places)
