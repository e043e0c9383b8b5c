"""Every wanted row of the catalogue has a rule or a reason, whatever cloud it is of."""

from __future__ import annotations

import pytest

from docs.census import PROVIDERS, missing, read_rows
from mlsec.core.places import content_folder
from mlsec.engine.load import load_content

# Their engineers are at it; a cloud leaves this list with its last row.
_UNFINISHED = ("gcp",)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_wanted_row_is_left_out_without_a_reason(
    provider: str, request: pytest.FixtureRequest
) -> None:
    if provider in _UNFINISHED:
        request.applymarker(pytest.mark.xfail(reason="rules in the making", strict=True))
    assert missing(provider, load_content(content_folder("rules")).rules) == ()


def test_every_cloud_has_rows() -> None:
    assert all(read_rows(provider) for provider in PROVIDERS)
