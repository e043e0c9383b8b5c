"""What can be otherwise in a real Google Cloud is accounted for, and worded for a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec import pipeline
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Inventory
from mlsec.engine.model.rule import RuleSet
from mlsec.render import FORMATS
from mlsec.snapshot.store import Snapshot
from tests.coverage_rows import every_row
from tests.estate.faults import Fault, Kind
from tests.estate.gcp_server import RunningGcp
from tests.estate.gcp_world import (
    FOLDER,
    NUMBER,
    ORGANIZATION,
    PROJECT,
    SECOND,
    SECOND_NUMBER,
    Project,
)
from tests.providers.gcp.conftest import read

_NO_INVENTORY = Fault(kind=Kind.DENY, operation="cloudasset:*")


def hidden(inventory: Inventory) -> set[tuple[str, str, str]]:
    return {(r.type, r.scope, r.region) for r in inventory.coverage.rows if not r.is_complete}


def test_service_that_is_off_has_nothing_and_hides_nothing(
    gcp: RunningGcp, ruleset: RuleSet, tmp_path: Path
) -> None:
    gcp.handler.world.projects[PROJECT] = Project(disabled=frozenset({"aiplatform"}))
    gcp.handler.world.things.clear()
    gcp.set_faults(_NO_INVENTORY)
    inventory = read(tmp_path / "a.mlsnap", ruleset)
    assert "gcp.vertex.endpoint" not in {row[0] for row in hidden(inventory)}
    (row,) = [r for r in every_row(inventory.coverage) if r.type == "gcp.vertex.endpoint"]
    assert row.enumerated == 0
    assert f"aiplatform.googleapis.com is not enabled in project {PROJECT}" in row.excluded_because
    assert [g for g in inventory.gaps if g.wanted.startswith("aiplatform")] == []


def test_inventory_shows_what_was_left_behind_when_a_service_was_turned_off(
    gcp: RunningGcp, ruleset: RuleSet, tmp_path: Path
) -> None:
    gcp.handler.world.projects[PROJECT] = Project(disabled=frozenset({"aiplatform"}))
    found = read(tmp_path / "a.mlsnap", ruleset).resources
    assert len([r for r in found if r.type == "gcp.vertex.endpoint"]) == 5


def test_service_that_the_paying_project_lacks_is_a_gap_that_says_what_to_set(
    gcp: RunningGcp, ruleset: RuleSet, tmp_path: Path
) -> None:
    gcp.set_faults(_NO_INVENTORY)
    gcp.handler.world.payer_lacks.add("aiplatform")
    inventory = read(tmp_path / "a.mlsnap", ruleset)
    gaps = [g for g in inventory.gaps if g.wanted.startswith("aiplatform:List")]
    assert gaps
    assert {g.reason for g in gaps} == {GapReason.UNSUPPORTED}
    assert all("set-quota-project" in g.detail for g in gaps)
    assert "gcp.vertex.endpoint" in {row[0] for row in hidden(inventory)}


def test_text_report_says_what_a_refusal_asks_a_person_to_do(
    gcp: RunningGcp, ruleset: RuleSet, tmp_path: Path
) -> None:
    gcp.set_faults(_NO_INVENTORY)
    gcp.handler.world.payer_lacks.add("aiplatform")
    read(tmp_path / "a.mlsnap", ruleset)
    with Snapshot.open(tmp_path / "a.mlsnap") as snapshot:
        found = pipeline.judge(snapshot, ruleset, pipeline.Judging(), lambda *_: None)
    payload = FORMATS["text"].render(found)
    text = (payload if isinstance(payload, bytes) else b"".join(payload)).decode()
    assert "set-quota-project" in " ".join(text.split())


def test_deleted_project_stops_with_how_to_bring_it_back(
    gcp: RunningGcp, ruleset: RuleSet, tmp_path: Path
) -> None:
    gcp.handler.world.projects[PROJECT] = Project(state="DELETE_REQUESTED")
    with pytest.raises(MlsecError, match=f"gcloud projects undelete {PROJECT}"):
        read(tmp_path / "a.mlsnap", ruleset)


def test_deleted_project_hides_nothing_of_the_others(
    gcp: RunningGcp, ruleset: RuleSet, tmp_path: Path
) -> None:
    gone = Project(id=SECOND, number=SECOND_NUMBER, state="DELETE_REQUESTED")
    gcp.handler.world.projects[SECOND] = gone
    inventory = read(tmp_path / "a.mlsnap", ruleset, f"gcp://{PROJECT},{SECOND}")
    assert {scope for _, scope, _ in hidden(inventory)} == {f"gcp/{SECOND}"}
    (gap,) = [g for g in inventory.gaps if g.scope == f"gcp/{SECOND}"]
    assert "marked for deletion" in gap.detail


def test_project_that_is_not_there_stops_with_the_right_that_would_tell(
    gcp: RunningGcp, ruleset: RuleSet, tmp_path: Path
) -> None:
    del gcp
    with pytest.raises(MlsecError, match="nordlicht-typo") as stop:
        read(tmp_path / "a.mlsnap", ruleset, "gcp://nordlicht-typo")
    assert "resourcemanager.projects.get" in str(stop.value.hint)


def test_project_is_the_same_by_its_number(
    gcp: RunningGcp, ruleset: RuleSet, tmp_path: Path
) -> None:
    del gcp
    by_number = read(tmp_path / "n.mlsnap", ruleset, f"gcp://{NUMBER}")
    by_id = read(tmp_path / "i.mlsnap", ruleset, f"gcp://{PROJECT}")
    assert [r.id for r in by_number.resources] == [r.id for r in by_id.resources]
    assert {r.scope for r in by_number.resources} == {f"gcp/{PROJECT}"}


def test_credentials_that_expire_midway_end_the_walk_and_resume_completes_it(
    gcp: RunningGcp, ruleset: RuleSet, tmp_path: Path
) -> None:
    whole = read(tmp_path / "whole.mlsnap", ruleset)
    path = tmp_path / "cut.mlsnap"
    gcp.set_faults(Fault(kind=Kind.EXPIRED_CREDENTIALS, first_call=5))
    broken = read(path, ruleset)
    assert {g.detail for g in broken.gaps if g.reason is GapReason.DENIED} == {
        "credentials expired"
    }
    assert hidden(broken)
    gcp.set_faults()
    path.rename(path.with_name(path.name + ".part"))
    resumed = read(path, ruleset, is_resumed=True)
    assert resumed.resources == whole.resources
    assert resumed.coverage == whole.coverage


def test_endpoint_that_is_deleted_during_the_walk_stays_as_a_gap(
    gcp: RunningGcp, ruleset: RuleSet, tmp_path: Path
) -> None:
    world = gcp.handler.world
    first = next(path for _, path in world.things if "/endpoints/" in path)
    world.vanished.add(first)
    inventory = read(tmp_path / "a.mlsnap", ruleset)
    there = [r.id for r in inventory.resources if r.type == "gcp.vertex.endpoint"]
    assert len(there) == 5
    assert f"//aiplatform.googleapis.com/{first}" in there
    assert {g.reason for g in inventory.gaps if first in g.subject} == {GapReason.UNSUPPORTED}
    assert all("no longer there" in g.detail for g in inventory.gaps if first in g.subject)


def test_organisation_is_walked_folder_by_folder(
    gcp: RunningGcp, ruleset: RuleSet, tmp_path: Path
) -> None:
    world = gcp.handler.world
    world.folders = {ORGANIZATION: ("folders/1", FOLDER), "folders/1": ("folders/2",)}
    world.projects[SECOND] = Project(id=SECOND, number=SECOND_NUMBER, parent="folders/2")
    inventory = read(tmp_path / "a.mlsnap", ruleset, is_organisation=True)
    assert inventory.coverage.scopes == {f"gcp/{PROJECT}", f"gcp/{SECOND}"}
    assert hidden(inventory) == set()
    assert gcp.mistakes() == []


def test_only_what_lies_below_a_named_folder_is_walked(
    gcp: RunningGcp, ruleset: RuleSet, tmp_path: Path
) -> None:
    world = gcp.handler.world
    world.projects[SECOND] = Project(id=SECOND, number=SECOND_NUMBER, parent="folders/2")
    more = {"is_organisation": True, "role_name": "folders/2"}
    inventory = read(tmp_path / "a.mlsnap", ruleset, **more)
    assert inventory.coverage.scopes == {f"gcp/{SECOND}"}
    assert gcp.counts()["cloudresourcemanager:SearchProjects"] == 0


def test_folder_that_may_not_be_listed_is_a_gap_with_its_right(
    gcp: RunningGcp, ruleset: RuleSet, tmp_path: Path
) -> None:
    gcp.set_faults(Fault(kind=Kind.DENY, operation="cloudresourcemanager:ListFolders"))
    inventory = read(tmp_path / "a.mlsnap", ruleset, is_organisation=True)
    assert "resourcemanager.folders.list" in {g.missing_right for g in inventory.gaps}
    assert {region for _, _, region in hidden(inventory)} == {"other projects"}
