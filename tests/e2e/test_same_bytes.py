"""The same input gives the same bytes; what identifies a finding survives everything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.engine.model.rule import RuleSet
from tests.e2e import runs
from tests.e2e.clouds import Cloud, Running
from tests.e2e.conftest import Whole
from tests.estate.faults import Fault, Kind

_ELSEWHERE = {"PYTHONHASHSEED": "4711", "TZ": "Asia/Kathmandu", "LC_ALL": "C", "LANG": "C"}


def written(folder: Path) -> dict[str, bytes]:
    """Read every file of a report."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def once(whole: Whole, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("once")
    return _scan(whole.snapshot, out, PYTHONHASHSEED="1", TZ="UTC")


def _scan(snapshot: Path, out: Path, **more: str) -> dict[str, bytes]:
    formats = "html,sarif,sarif-full,json,markdown,text"
    done = runs.in_child(
        "scan", "--evidence", snapshot, "--offline", "-o", out, "-f", formats, **more
    )
    assert done.returncode == 10, done.stderr
    return written(out)


def test_same_evidence_gives_the_same_bytes_anywhere(
    once: dict[str, bytes], whole: Whole, tmp_path: Path
) -> None:
    twice = _scan(whole.snapshot, tmp_path, **_ELSEWHERE)
    assert sorted(once) == sorted(twice)
    assert [name for name in once if once[name] != twice[name]] == []


def test_shuffled_answers_give_the_same_findings(
    cloud: Cloud, running: Running, complete: Whole, ruleset: RuleSet, tmp_path: Path
) -> None:
    path = tmp_path / "shuffled.mlsnap"
    running.set_faults(Fault(kind=Kind.SHUFFLE))
    runs.collect(path, ruleset, target=cloud.name, **runs.THOROUGH)
    assert running.struck().total() > len(cloud.table()) // 4
    shuffled = runs.judge(path, ruleset)
    prints = sorted(finding.fingerprint for finding in shuffled.findings)
    assert prints == sorted(finding.fingerprint for finding in complete.assessment.findings)
    assert runs.verdicts(shuffled) == complete.verdicts


def test_fingerprints_are_unique(whole: Whole) -> None:
    prints = [finding.fingerprint for finding in whole.assessment.findings]
    assert len(prints) == len(set(prints))


def test_exported_evidence_is_judged_as_the_snapshot_is(
    once: dict[str, bytes], whole: Whole, tmp_path: Path
) -> None:
    folder = tmp_path / "readable"
    done = runs.in_child("snapshot", "export", whole.snapshot, "-o", folder)
    assert done.returncode == 0, done.stderr
    again = _scan(folder, tmp_path / "out")
    mine, other = (each["assessment.json"].decode() for each in (once, again))
    assert other.replace(str(folder), str(whole.snapshot)) == mine
