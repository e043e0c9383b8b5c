"""What is kept of planted secrets, that all was read, and a project's one Model Armor floor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from mlsec import pipeline
from mlsec.collect.settings import CollectSettings
from mlsec.core.enums import Status
from mlsec.engine.model.rule import RuleSet
from mlsec.snapshot.store import Snapshot
from tests.estate.gcp_estate import build_gcp
from tests.estate.gcp_items import BUILDERS, modelarmor
from tests.estate.gcp_kinds import TOKEN
from tests.estate.gcp_server import RunningGcp
from tests.estate.gcp_world import PROJECT, Told, World
from tests.shipped import shipped_rules

RULES = sorted({fault.rule for builder in BUILDERS for fault in builder.FAULTS})


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """Which planted rules could not be judged somewhere, and all that was stored."""

    unread: tuple[str, ...]
    evidence: str


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return shipped_rules()


@pytest.fixture(scope="module")
def judged(ruleset: RuleSet, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    estate = build_gcp(5, has_specimens=True)
    with RunningGcp(estate.world) as gcp:
        path = tmp_path_factory.mktemp("gcp") / "a.mlsnap"
        found = judge(gcp, ruleset, path)
        assert gcp.mistakes() == []
    unread = {rule for rule, status in found if status is Status.NOT_ASSESSED and rule in RULES}
    return Judged(
        unread=tuple(sorted(unread)),
        evidence=everything_stored(path),
    )


def everything_stored(path: Path) -> str:
    with Snapshot.open(path) as snapshot:
        digests = {call.payload for call in snapshot.calls() if call.payload}
        return "\n".join(snapshot.payload_bytes(each).decode() for each in sorted(digests))


def judge(
    gcp: RunningGcp, ruleset: RuleSet, path: Path
) -> Mapping[tuple[str, Status], frozenset[str]]:
    """Collect and judge; the ids by rule and status."""
    settings = CollectSettings(vocabulary=ruleset.vocabulary, in_flight=8, start_per_s=5000.0)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in gcp.environment().items():
            patch.setenv(name, value)
        pipeline.collect(("gcp",), path, settings, resume=False, say=lambda *_: None)
    judging = pipeline.Judging(fail_on="none")
    with Snapshot.open(path) as snapshot:
        assessment = pipeline.judge(snapshot, ruleset, judging, lambda *_: None)
    found: dict[tuple[str, Status], set[str]] = {}
    for finding in assessment.findings:
        found.setdefault((finding.rule, finding.status), set()).add(finding.resource.id)
    return {key: frozenset(ids) for key, ids in found.items()}


def test_no_planted_secret_is_in_the_evidence(judged: Judged) -> None:
    assert "~secret" in judged.evidence
    assert TOKEN not in judged.evidence


def test_everything_that_planted_rules_ask_was_read(judged: Judged) -> None:
    assert judged.unread == ()


_FLOORS: Mapping[str, Mapping[str, object]] = {
    "model-armor/floor-not-enforced": {"enableFloorSettingEnforcement": False},
    "model-armor/floor-not-on-vertex": {"integratedServices": []},
    "model-armor/floor-detect-only": {"aiPlatformFloorSetting": {"enableCloudLogging": True}},
    "model-armor/floor-without-log": {"aiPlatformFloorSetting": {"inspectAndBlock": True}},
    "model-armor/floor-without-injection-filter": {"filterConfig": {}},
}


def test_each_fault_of_a_floor_is_found_alone(ruleset: RuleSet, tmp_path: Path) -> None:
    path = str(modelarmor.FLOOR["name"])
    found: dict[str, set[str]] = {}
    with RunningGcp(World()) as gcp:
        for n, (rule, change) in enumerate(_FLOORS.items()):
            body = {**modelarmor.FLOOR, **change}
            told = Told(document="modelarmor.v1", schema="FloorSetting", path=path, body=body)
            gcp.handler.world = World([told])
            verdicts = judge(gcp, ruleset, tmp_path / f"{n}.mlsnap")
            found[rule] = {r for r, s in verdicts if s is Status.FAIL and r in _FLOORS}
    assert found == {rule: {rule} for rule in _FLOORS}


def test_project_without_a_floor_is_told_that_none_is_enforced(
    ruleset: RuleSet, tmp_path: Path
) -> None:
    with RunningGcp(World()) as gcp:
        verdicts = judge(gcp, ruleset, tmp_path / "a.mlsnap")
    ids = verdicts["model-armor/floor-not-enforced", Status.FAIL]
    floor = f"projects/{PROJECT}/locations/global/floorSetting"
    assert ids == {f"//modelarmor.googleapis.com/{floor}"}
