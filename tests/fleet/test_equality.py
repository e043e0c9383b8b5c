"""A company scanned unit by unit is judged as if one process had scanned it, byte for byte.

tests/bench/bench_fleet_company.py does it with real workers, and sixty scopes and more.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mlsec.cli.files import load_assessment
from mlsec.core.coverage import Coverage
from mlsec.core.enums import Status
from mlsec.fleet.units import Kind
from tests.fleet.company import Size, company, comparable
from tests.fleet.one_worker import Done, scan

pytestmark = pytest.mark.slow
_SIZE = Size(accounts=1, subscriptions=2, projects=2, clusters=1, repositories=1)
_OWNERS = [{"name": "lake", "scopes": ["aws/*"]}, {"name": "lab", "tags": {"team": "nobody"}}]


def test_units_of_one_scope_each_give_what_one_process_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with company(_SIZE, tmp_path / "nordlicht") as running:
        for name, text in running.environment.items():
            monkeypatch.setenv(name, text)
        command = [sys.executable, "-m", "mlsec", *running.one_process(tmp_path / "one")]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as one_process:  # noqa: S603
            done = scan(running.config(tmp_path, owners=_OWNERS))
        assert one_process.returncode == 0
    whole, joined = comparable(tmp_path / "one"), comparable(tmp_path / "reports" / "organisation")
    assert {name for name in {*whole, *joined} if joined.get(name) != whole.get(name)} == set()
    providers = {finding["resource"]["provider"] for finding in whole["findings"]}
    assert providers >= {"aws", "azure", "gcp", "kubernetes", "files"}
    _check_units(done)
    _check_owners(tmp_path / "reports")


def _check_units(done: Done) -> None:
    """Each scope is a unit, and what one refers to in another was asked in later passes."""
    assert sum(piece.kind is Kind.COLLECT for piece in done.pieces) == 2 + 2 + 2 + 1 + 1
    asked = {
        f"{question.service}:{question.operation}"
        for piece in done.pieces
        for question in piece.task.questions
    }
    # The bucket, the key and what is asked of them; a role of another project.
    assert asked >= {"s3:GetBucketPolicy", "kms:DescribeKey", "kms:GetKeyPolicy", "iam:GetRole"}
    assert done.passes == 2


def _check_owners(reports: Path) -> None:
    """An owner is shown what is its own, and no more."""
    whole = load_assessment(reports / "organisation")
    own = load_assessment(reports / "owners" / "lake")
    on_aws = [f for f in whole.findings if f.resource.scope.startswith("aws/")]
    assert list(own.findings) == on_aws
    assert own.totals.failed == sum(finding.status is Status.FAIL for finding in on_aws) > 0
    assert 0 < own.totals.passed < whole.totals.passed
    assert {scope.partition("/")[0] for scope in own.coverage.scopes} == {"aws"}
    keys = {key for cause in own.causes for key in cause.findings}
    assert keys <= {finding.fingerprint for finding in on_aws}
    assert (reports / "owners" / "lake" / "report.html").stat().st_size > 10_000
    nothing = load_assessment(reports / "owners" / "lab")
    assert (nothing.findings, nothing.passed, nothing.coverage) == ((), {}, Coverage())
