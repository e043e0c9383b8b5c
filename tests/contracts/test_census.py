"""Every wanted row of the catalogue has a rule or a reason, whatever cloud it is of."""

from __future__ import annotations

import pytest

from docs.census import PROVIDERS, missing, read_rows
from mlsec.core.content_paths import content_folder
from mlsec.engine.rules.load import load_content


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_wanted_row_is_left_out_without_a_reason(
    provider: str,
) -> None:
    assert missing(provider, load_content(content_folder("rules")).rules) == ()


def test_every_cloud_has_rows() -> None:
    assert all(read_rows(provider) for provider in PROVIDERS)
