"""A model that somebody writes to while it is scanned: told with its reason, and never a pass."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from mlsec.core.enums import GapReason, Status
from tests.e2e.runs import in_child, load_assessment
from tests.moving import CHANGES, Change, writing

# Some seconds of reading, so that a scan that starts late still meets the writer.
CONTENT = pickle.dumps([f"{number}" * 5 for number in range(300_000)], 4)


@pytest.mark.parametrize("change", CHANGES)
def test_file_that_is_written_to_while_it_is_scanned_is_not_assessed(
    change: Change, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    path = model / "model.pkl"
    path.write_bytes(CONTENT)
    with writing(path, change):
        done = in_child("scan", model, "-o", tmp_path / "out", "-f", "json")
    assert done.returncode in (10, 11), done.stderr
    assessment = load_assessment(tmp_path / "out")
    gaps = [gap for gap in assessment.gaps if gap.subject == str(path)]
    assert {gap.reason for gap in gaps} == {GapReason.UNRESOLVED}
    assert any("while it was read" in gap.detail for gap in gaps), gaps
    passed = {one.rule for one in assessment.findings if one.status is Status.PASS}
    assert not any(rule.startswith("artifact/") and "code" in rule for rule in passed), passed
