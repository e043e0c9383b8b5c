"""Mutated signatures and models: never an accept of changed content, never another error."""

from __future__ import annotations

import os
from pathlib import Path

from tests.signing.mutations import run

# The whole count is for a run by hand; see mutations.py.
COUNT = int(os.environ.get("MLSEC_MUTATIONS", "400"))


def test_no_mutation_is_accepted_with_changed_content_and_none_ends_in_a_traceback(
    tmp_path: Path,
) -> None:
    report = run(tmp_path, COUNT)
    assert report.accepted_changed == []
    assert report.count == COUNT
    assert report.refused > COUNT // 2
