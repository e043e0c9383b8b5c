"""The gate: what the exit code says of a scan that could not read everything."""

from __future__ import annotations

import pytest

from mlsec.core.enums import Severity, Status
from mlsec.core.finding import Finding, Subject
from mlsec.engine.assessment.gate import is_unread


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (Subject(id="arn:x", type="a.b", provider="aws", scope="s"), True),
        (Subject(id="m/a.bin", type="a.b", provider="f", scope="s", file="m/a.bin"), True),
        (
            Subject(id="aws_x.y", type="a.b", provider="aws", scope="s", file="main.tf", line=3),
            False,
        ),
    ],
    ids=["in an account", "a model file", "declared in code"],
)
def test_only_values_in_code_may_stay_unknown_without_making_a_scan_incomplete(
    subject: Subject, expected: bool
) -> None:
    finding = Finding(
        fingerprint="f", rule="a/b", status=Status.NOT_ASSESSED, severity=Severity.HIGH,
        category="supply-chain", concern="security", resource=subject, message="m",
    )  # fmt: skip
    assert is_unread(finding) is expected
