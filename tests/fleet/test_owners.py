"""What a team's reports say of others: nothing."""

from __future__ import annotations

from pathlib import Path

from mlsec.cli.main import main
from mlsec.core.assessment import Assessment, ScanFacts
from mlsec.core.changes import Change
from mlsec.fleet.owners import Estate, part_of
from mlsec.render.assessment_read import read_assessment

TARGETS = (
    "aws:///eu-west-1", "azure", "kubernetes://ours", "kubernetes://theirs", "/code/ours",
    "/code/theirs", "s3://ours/models", "s3://theirs/models",
)  # fmt: skip


def test_a_teams_report_names_no_repository_or_cluster_of_another() -> None:
    known = {"/code/ours": "a", "/code/theirs": "b"}
    scan = ScanFacts(targets=TARGETS, identities=known, commits=known)
    scopes = frozenset({"aws/1", "kubernetes/ours", "code//code/ours", "files/s3://ours/models"})
    estate = Estate(resources=frozenset(), scopes=scopes, whole=scopes)
    part = part_of(Assessment(scan=scan), estate, "payments")
    ours = ("aws:///eu-west-1", "kubernetes://ours", "/code/ours", "s3://ours/models")
    assert part.scan.targets == ours
    assert part.scan.identities == part.scan.commits == {"/code/ours": "a"}


def test_a_team_is_shown_what_changed_of_its_own(tmp_path: Path) -> None:
    folders = [tmp_path / "ours", tmp_path / "theirs"]
    for folder in folders:
        folder.mkdir()
        (folder / "model.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    history = ["--history", str(tmp_path / "history.db"), "--fail-on", "none"]
    command = ["scan", *map(str, folders), "-f", "json", "-o", str(tmp_path / "out"), "-q"]
    assert main([*command, *history, "--min-coverage", "0"]) == 0
    for folder in folders:
        (folder / "model.pkl").write_bytes(b"N.")
        (folder / "other.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    assert main([*command, *history, "--min-coverage", "0"]) == 0
    whole = read_assessment((tmp_path / "out" / "assessment.json").read_bytes())
    scopes = frozenset({f"files/{folders[0]}", f"code/{folders[0]}"})
    part = part_of(whole, Estate(resources=frozenset(), scopes=scopes, whole=scopes), "ours")
    assert whole.changes is not None
    assert part.changes is not None
    for change in (Change.NEW, Change.FIXED):
        number = getattr(part.changes, change.value)
        assert number > 0
        assert getattr(whole.changes, change.value) == 2 * number
    assert {failure.resource.scope for failure in part.changes.absent} <= scopes
    assert part.changes.trend == ()
