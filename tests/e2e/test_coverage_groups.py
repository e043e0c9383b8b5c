"""Groups of what was looked for and is not there say no less and no more than a row for each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from mlsec.core.assessment import Assessment
from mlsec.core.coverage import Coverage
from mlsec.core.enums import Category, Concern, Severity, Status
from mlsec.core.finding import Finding, Subject
from mlsec.core.resource import Inventory
from mlsec.engine.model.rule import RuleSet
from mlsec.graph.build import build_graph
from mlsec.history.diff import View
from mlsec.render import FORMATS, read_assessment
from mlsec.render.settings import RenderSettings
from mlsec.snapshot.store import Snapshot
from mlsec.targets.facts import FACTS
from mlsec.targets.reading import read_inventory
from tests.coverage_rows import every_row
from tests.e2e import runs
from tests.e2e.clouds import CLOUDS, Running
from tests.e2e.conftest import Whole
from tests.estate.faults import Fault, Kind

_FOLDER = Path(__file__).parent / "open_deployment"


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What was collected and what it came to."""

    inventory: Inventory
    assessment: Assessment


@pytest.fixture(scope="module", params=[*CLOUDS, "denied", "folder"])
def seen(
    request: pytest.FixtureRequest,
    wholes: Callable[[str], Whole],
    zoos: Callable[[str], Running],
    ruleset: RuleSet,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Seen]:
    """The zoo of each cloud, one in which much was refused, and a folder of code and models."""
    name = str(request.param)
    if name in CLOUDS:
        whole = wholes(name)
        yield Seen(inventory=whole.inventory, assessment=whole.assessment)
        return
    path = tmp_path_factory.mktemp(name) / "a.mlsnap"
    if name == "folder":
        runs.collect(path, ruleset, target=str(_FOLDER))
    else:
        with pytest.MonkeyPatch.context() as patch:
            for key, text in zoos("aws").environment().items():
                patch.setenv(key, text)
            refused = ("sagemaker:List*", "ec2:Describe*")
            zoos("aws").set_faults(*(Fault(kind=Kind.DENY, operation=each) for each in refused))
            runs.collect(path, ruleset)
            zoos("aws").set_faults()
    with Snapshot.open(path) as snapshot:
        inventory = read_inventory(snapshot, ruleset.vocabulary)
    yield Seen(inventory=inventory, assessment=runs.judge(path, ruleset))


def one_by_one(coverage: Coverage) -> Coverage:
    """Give a coverage as it was before there were groups: a row for each type in each place."""
    return Coverage(rows=tuple(every_row(coverage)))


def rendered(name: str, assessment: Assessment) -> bytes:
    payload = FORMATS[name].render(assessment, RenderSettings())
    return payload if isinstance(payload, bytes) else b"".join(payload)


def test_most_rows_are_in_groups_and_none_is_in_both(seen: Seen) -> None:
    rows, coverage = every_row(seen.inventory.coverage), seen.inventory.coverage
    places = [(row.type, row.scope, row.region) for row in rows]
    assert len(places) == len(set(places)) > 0
    assert not any(row.is_empty for row in coverage.rows)
    assert len(coverage.empty) <= len({place[1:] for place in places}) + 10


@pytest.mark.parametrize("name", FORMATS)
def test_every_report_is_the_one_of_a_row_for_each(name: str, seen: Seen) -> None:
    made = seen.assessment
    older = msgspec.structs.replace(made, coverage=one_by_one(made.coverage))
    assert rendered(name, older) == rendered(name, made)


def test_assessment_without_groups_is_read_as_one_with_them(seen: Seen) -> None:
    made = seen.assessment
    document = json.loads(rendered("json", made))
    coverage = document["coverage"]
    coverage["types"] = msgspec.to_builtins(every_row(made.coverage))
    del coverage["empty"]
    older = read_assessment(json.dumps(document).encode())
    assert older == read_assessment(rendered("json", made))


def test_graph_knows_of_the_same_listings(seen: Seen, ruleset: RuleSet) -> None:
    found, plain = (
        build_graph(
            ruleset.vocabulary, msgspec.structs.replace(seen.inventory, coverage=coverage), FACTS
        )
        for coverage in (seen.inventory.coverage, one_by_one(seen.inventory.coverage))
    )
    scopes = sorted({*seen.inventory.coverage.scopes, "aws/other"})
    regions = sorted({*seen.inventory.coverage.regions, "", "elsewhere"})
    asked = [(t, s, r) for t in ruleset.vocabulary.types for s in scopes for r in regions]
    assert [found.incomplete(*each) for each in asked] == [
        plain.incomplete(*each) for each in asked
    ]


def test_history_closes_the_same_findings(seen: Seen, ruleset: RuleSet) -> None:
    made = msgspec.structs.replace(seen.assessment, findings=(), passed={})
    grouped = View(made)
    plain = View(msgspec.structs.replace(made, coverage=one_by_one(made.coverage)))
    rule = made.rules[0].id
    changes = set()
    for kind in ruleset.vocabulary.types:
        for scope in (*sorted(made.coverage.scopes), "aws/other"):
            for region in sorted({*made.coverage.regions, "elsewhere"}):
                gone = _failure(rule, kind, scope, region)
                changes.add(grouped.of_absent(gone))
                assert grouped.of_absent(gone) is plain.of_absent(gone)
    assert len(changes) == 2


def _failure(rule: str, kind: str, scope: str, region: str) -> Finding:
    subject = Subject(id=f"{scope}/gone", type=kind, provider="aws", scope=scope, region=region)
    return Finding(
        fingerprint="gone",
        rule=rule,
        status=Status.FAIL,
        severity=Severity.HIGH,
        category=Category.ACCESS,
        concern=Concern.SECURITY,
        resource=subject,
        message="",
    )
