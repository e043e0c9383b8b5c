"""The mutation test of honesty: what could not be seen is never called pass or fail."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from mlsec import pipeline
from mlsec.cli import exits
from mlsec.cli.main import main
from mlsec.collect.aws.reader import plans
from mlsec.collect.aws.tables import LIST_ACCOUNTS, table_of
from mlsec.core.closed_sets import GapReason
from mlsec.core.resource import Inventory, Resource
from mlsec.engine.rule import RuleSet
from mlsec.snapshot.store import Snapshot
from tests.e2e import runs
from tests.e2e.conftest import STAND_INS, Whole
from tests.estate.faults import Fault, Kind
from tests.estate.serve import RunningAws

# Asked only when the organisation is walked.
_TABLE = {k: v for k, v in sorted(table_of(plans()).items()) if k != LIST_ACCOUNTS.label}
# Never made in a complete scan, because another call already gave the answer.
_SPARED = {"ec2:DescribeRegions"}
# Set it to break every operation in every way, one at a time (four times as many collections).
EVERY_FAILURE = "MLSEC_EVERY_FAILURE"
_REPORTS = ("report.html", "report.txt", "results.sarif")


class Denied(msgspec.Struct, frozen=True, kw_only=True):
    """The collection in which one operation was refused wherever it was asked."""

    label: str
    snapshot: Path
    outline: object
    was_asked: bool


@pytest.fixture(scope="module", params=_TABLE)
def denied(
    request: pytest.FixtureRequest,
    zoo: RunningAws,
    whole: Whole,
    ruleset: RuleSet,
    tmp_path_factory: pytest.TempPathFactory,
) -> Denied:
    label: str = request.param
    folder = tmp_path_factory.mktemp("denied")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in zoo.environment().items():
            patch.setenv(name, value)
        path = broken(zoo, whole, ruleset, folder, Fault(kind=Kind.DENY, operation=label))
    outline = _outline(_seen(path, ruleset))
    return Denied(label=label, snapshot=path, outline=outline, was_asked=bool(zoo.struck()))


def broken(aws: RunningAws, whole: Whole, ruleset: RuleSet, folder: Path, fault: Fault) -> Path:
    """Collect again with every answer known but those of one operation, which is broken."""
    path = folder / "broken.mlsnap"
    runs.forget(whole.snapshot, path, (fault.operation,))
    aws.set_faults(fault)
    runs.collect(path, ruleset, resume=True)
    return path


def test_complete_scan_makes_every_call_of_the_table(whole: Whole) -> None:
    assert set(_TABLE) - set(whole.asked) == _SPARED


def test_denied_call_moves_verdicts_to_not_assessed_only(
    denied: Denied, whole: Whole, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("scan", str(denied.snapshot), "-o", str(tmp_path), "-f", "json,text,html,sarif")
    code = main((*words, "--fail-on", "none"))
    said = capsys.readouterr()
    assessment = runs.load_assessment(tmp_path)
    after, before = runs.verdicts(assessment), whole.verdicts

    assert not after.passed - before.passed, "passes what the whole scan did not"
    assert not after.failed - before.failed, "fails what the whole scan did not"
    silent = (before.passed | before.failed) - after.passed - after.failed - after.unknown
    vanished = {pair for pair in silent if not _is_accounted(pair, after, whole.resources)}
    assert not vanished, "verdicts vanished without a word"

    if denied.label in STAND_INS or denied.label in _SPARED:
        assert after == before
        return
    right = _TABLE[denied.label].right
    assert code == exits.INCOMPLETE, said.err
    assert "(exit 11)" in said.err
    assert right in {gap.missing_right for gap in assessment.gaps}
    shown = {name: (tmp_path / name).read_text("utf-8") for name in _REPORTS} | {"": said.out}
    assert [name for name, text in shown.items() if right not in text] == []


def test_any_other_failure_hides_exactly_what_a_denial_hides(
    denied: Denied, aws: RunningAws, whole: Whole, ruleset: RuleSet, tmp_path: Path
) -> None:
    known = {gap.id for gap in whole.inventory.gaps}
    for kind in _kinds(denied.label):
        folder = tmp_path / kind.value
        folder.mkdir()
        fault = Fault(kind=kind, operation=denied.label)
        seen = _seen(broken(aws, whole, ruleset, folder, fault), ruleset)
        assert bool(aws.struck()) is denied.was_asked
        assert _outline(seen) == denied.outline, kind
        fresh = {gap.reason for gap in seen.gaps if gap.id not in known}
        assert GapReason.DENIED not in fresh, kind


def _kinds(label: str) -> tuple[Kind, ...]:
    """Give the other ways to break an operation: one in turn, or all when that is asked for."""
    kinds = (Kind.THROTTLE, Kind.CUT, Kind.GARBAGE, Kind.HANG_UP)
    turn = list(_TABLE).index(label) % len(kinds)
    return kinds if os.environ.get(EVERY_FAILURE) else kinds[turn : turn + 1]


def _seen(path: Path, ruleset: RuleSet) -> Inventory:
    with Snapshot.open(path) as snapshot:
        return pipeline.read(snapshot, ruleset)


def _outline(inventory: Inventory) -> object:
    """Everything that a rule could read, without why something was not read."""
    resources = sorted(
        (r.id, r.type, repr(sorted(r.properties.items())), sorted(r.unread))
        for r in inventory.resources
    )
    coverage = sorted(
        (c.type, c.scope, c.region, c.enumerated, c.errored, c.excluded, c.is_complete)
        for c in inventory.coverage
    )
    return resources, coverage, sorted({gap.subject for gap in inventory.gaps})


def _is_accounted(
    pair: tuple[str, str], after: runs.Verdicts, resources: Mapping[str, Resource]
) -> bool:
    """Whether one not_assessed finding stands for all of the resource's type in its place."""
    rule, resource_id = pair
    resource = resources[resource_id]
    places = (f"{resource.scope}/{region}/{resource.type}" for region in (resource.region, ""))
    return any((rule, place) in after.unknown for place in places)
