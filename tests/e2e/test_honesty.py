"""The mutation test of honesty: what could not be seen is never called pass or fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec import pipeline
from mlsec.collect.aws.reader import plans
from mlsec.collect.aws.tables import LIST_ACCOUNTS, operations_of, table_of
from mlsec.core.closed_sets import GapReason
from mlsec.core.resource import Inventory, Resource
from mlsec.engine.gate import Gate, gate
from mlsec.engine.rule import RuleSet
from mlsec.snapshot.store import Snapshot
from tests.e2e import runs
from tests.e2e.conftest import Whole
from tests.estate.faults import Fault, Kind
from tests.estate.serve import RunningAws

# Asked only when the organisation is walked.
_TABLE = {k: v for k, v in sorted(table_of(plans()).items()) if k != LIST_ACCOUNTS.label}
# What another call of the table stands in for: refused, it changes nothing that is known.
_STAND_INS = {
    "sagemaker:Search": "every model is described one by one",
    "account:ListRegions": "ec2:DescribeRegions says the same",
}
# Never made in a complete scan, because another call already gave the answer.
_SPARED = {"ec2:DescribeRegions"}


def _side_by_side() -> list[tuple[str, ...]]:
    """Part the table into groups in which no operation is needed to come to another.

    Within a group are the operations that stand at the same place of their plans, at the same
    depth below a listing, either of what is looked for itself or of what is only referred to.
    """
    by_type = {plan.type: plan for plan in plans()}
    places: dict[str, tuple[int, bool, int]] = {}
    for plan in by_type.values():
        depth, above = 0, plan
        while above.parent:
            depth, above = depth + 1, by_type[above.parent]
        for position, operation in enumerate(operations_of(plan)):
            place = (depth, plan.is_referred, position + (plan.listing is None))
            places[operation.label] = max(place, places.get(operation.label, place))
    groups: dict[tuple[int, bool, int], list[str]] = {}
    for label in _TABLE:
        groups.setdefault(places.get(label, (-1, False, 0)), []).append(label)
    return [tuple(labels) for _, labels in sorted(groups.items())]


def broken(
    aws: RunningAws,
    whole: Whole,
    ruleset: RuleSet,
    folder: Path,
    labels: tuple[str, ...],
    kind: Kind,
) -> Path:
    """Collect again with every answer known but those of some operations, which are broken."""
    path = folder / "broken.mlsnap"
    runs.forget(whole.snapshot, path, labels)
    aws.set_faults(*(Fault(kind=kind, operation=label) for label in labels))
    runs.collect(path, ruleset, resume=True)
    return path


def test_complete_scan_makes_every_call_of_the_table(whole: Whole) -> None:
    assert set(_TABLE) - set(whole.asked) == _SPARED


@pytest.mark.parametrize("label", _TABLE)
def test_denied_call_moves_verdicts_to_not_assessed_only(
    label: str, aws: RunningAws, whole: Whole, ruleset: RuleSet, tmp_path: Path
) -> None:
    path = broken(aws, whole, ruleset, tmp_path, (label,), Kind.DENY)
    assessment = runs.judge(path, ruleset)
    after = runs.verdicts(assessment)
    before = whole.verdicts

    assert not after.passed - before.passed, "passes what the whole scan did not"
    assert not after.failed - before.failed, "fails what the whole scan did not"
    silent = (before.passed | before.failed) - after.passed - after.failed - after.unknown
    vanished = {pair for pair in silent if not _is_accounted(pair, after, whole.resources)}
    assert not vanished, "verdicts vanished without a word"

    if label in _STAND_INS or label in _SPARED:
        assert after == before
        return
    assert _TABLE[label].right in {gap.missing_right for gap in assessment.gaps}
    assert gate(assessment, "none", 100.0) is Gate.INCOMPLETE


@pytest.mark.parametrize("labels", _side_by_side(), ids=lambda labels: labels[0])
def test_any_other_failure_hides_exactly_what_a_denial_hides(
    labels: tuple[str, ...], aws: RunningAws, whole: Whole, ruleset: RuleSet, tmp_path: Path
) -> None:
    seen = {}
    for kind in (Kind.DENY, Kind.THROTTLE, Kind.HANG_UP, Kind.GARBAGE):
        folder = tmp_path / kind.value
        folder.mkdir()
        seen[kind] = _seen(broken(aws, whole, ruleset, folder, labels, kind), ruleset)
        assert set(aws.struck()) == set(labels), "one failure hid another"
    denied = _outline(seen.pop(Kind.DENY))
    known = {gap.id for gap in whole.inventory.gaps}
    for kind, inventory in seen.items():
        assert _outline(inventory) == denied, kind
        fresh = {gap.reason for gap in inventory.gaps if gap.id not in known}
        assert GapReason.DENIED not in fresh, kind


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
    pair: tuple[str, str], after: runs.Verdicts, resources: dict[str, Resource]
) -> bool:
    """Whether one not_assessed finding stands for all of the resource's type in its place."""
    rule, resource_id = pair
    resource = resources[resource_id]
    places = (f"{resource.scope}/{region}/{resource.type}" for region in (resource.region, ""))
    return any((rule, place) in after.unknown for place in places)
