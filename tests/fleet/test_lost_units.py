"""Units that fail on the way to the reports: their scopes are not assessed, with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.cli.files import load_assessment
from mlsec.core.enums import GapReason, Status
from mlsec.fleet.child import UnitError
from mlsec.fleet.tasks.run import run_task
from mlsec.fleet.units import Assignment, ErrorClass, Outcome
from tests.coverage_rows import every_row
from tests.fleet.company import Size, company
from tests.fleet.one_worker import scan

pytestmark = pytest.mark.slow
_LOST = ("azure", "cluster-01", "repository-01")


def _failing(assignment: Assignment) -> Outcome:
    """Fail where the credentials of a target, a cluster and a repository are not accepted."""
    if any(name in assignment.claim.scope for name in _LOST):
        raise UnitError(ErrorClass.DENIED, "no way in", "the right to enter")
    return run_task(assignment)


def test_scope_whose_unit_failed_is_not_assessed_and_names_the_missing_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = Size(accounts=0, subscriptions=0, projects=0, clusters=2, repositories=2)
    with company(size, tmp_path / "nordlicht") as running:
        for name, text in running.environment.items():
            monkeypatch.setenv(name, text)
        targets = [*running.targets, {"target": "azure"}]
        scan(running.config(tmp_path, targets=targets), _failing)
    assessment = load_assessment(tmp_path / "reports" / "organisation")
    for scope in ("azure/*", "kubernetes/cluster-01"):
        rows = [row for row in every_row(assessment.coverage) if row.scope == scope]
        assert rows, scope
        assert not any(row.is_complete for row in rows if row.type != "kubernetes.cluster")
        gaps = [gap for gap in assessment.gaps if gap.scope == scope]
        # Beside it stands what cannot be worked out for that reason.
        assert {(gap.reason, gap.missing_right) for gap in gaps} - {(GapReason.UNRESOLVED, "")} == {
            (GapReason.DENIED, "the right to enter")
        }
        failed = [f for f in assessment.findings if f.status is Status.FAIL]
        assert scope not in {finding.resource.scope for finding in failed}
    folder = [gap for gap in assessment.gaps if "repository-01" in gap.scope]
    assert folder
    assert all("the right to enter" in gap.detail for gap in folder)
    # What was collected is judged as ever.
    seen = {finding.resource.scope for finding in assessment.findings}
    assert "kubernetes/cluster-00" in seen
    assert any("repository-00" in scope for scope in seen)
