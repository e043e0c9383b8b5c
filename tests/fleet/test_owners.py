"""What a team's reports say of others: nothing."""

from __future__ import annotations

from mlsec.core.assessment import Assessment, ScanFacts
from mlsec.fleet.owners import Estate, part_of

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
