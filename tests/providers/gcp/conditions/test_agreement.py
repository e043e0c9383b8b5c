"""What mlsec says of conditions agrees with cel-python, at random over all operators."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.providers.gcp.conditions.agreement import compare

PYTHON = Path(__file__).resolve().parents[4] / ".venv-oracles" / "bin" / "python"
# python -c "from tests.providers.gcp.conditions.agreement import compare; ..." compares more.
_COUNT = 40


@pytest.mark.skipif(not PYTHON.exists(), reason="make oracles sets cel-python up")
def test_no_condition_is_called_closed_that_the_oracle_opens_nor_open_that_it_closes() -> None:
    found = compare(str(PYTHON), seed=17, count=_COUNT)
    assert {kind for kind in found if kind.startswith("false")} == set()
    assert len(found.get("unknown", ())) <= 0.03 * _COUNT
