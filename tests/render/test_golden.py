"""Whole reports of a small scan, as files that git can show; MLSEC_WRITE_GOLDEN=1 renews them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import samples

from mlsec.render import FORMATS, RenderSettings

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


@pytest.mark.parametrize("name", ["text", "markdown", "json", "sarif"])
def test_report_of_the_small_scan_is_the_golden_file(name: str) -> None:
    payload = FORMATS[name].render(samples.small(), RenderSettings())
    whole = payload if isinstance(payload, bytes) else b"".join(payload)
    golden = GOLDEN / f"small-{FORMATS[name].file_name}"
    if os.environ.get("MLSEC_WRITE_GOLDEN"):
        golden.write_bytes(whole)
    assert whole.decode() == golden.read_bytes().decode()
