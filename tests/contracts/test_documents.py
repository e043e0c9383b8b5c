"""Documents for people name what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.artifacts.facts import Format

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("format_", [f for f in Format if f is not Format.UNKNOWN])
def test_every_format_is_in_the_page_about_model_files(format_: Format) -> None:
    table = (DOCS / "model-files.md").read_text("utf-8").partition("## Formats")[2]
    assert format_.value in table
