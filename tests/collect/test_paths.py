"""Dotted paths find what is there and tell what is not."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.collect.walk.paths import MISSING, dig

_DOCUMENT = {"A": {"B": [{"C": 1}, {"C": 2}, {}]}, "N": None, "F": False, "L": [{"M": [1]}]}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("A.B[].C", [1, 2]),
        ("A.B[1].C", 2),
        ("A.B[9].C", MISSING),
        ("A.X", MISSING),
        ("N", MISSING),
        ("F", False),
        ("L[].M", [1]),
        ("L[].M[]", [1]),
        ("A[].B", MISSING),
        (".", _DOCUMENT),
    ],
)
def test_path_leads_there(path: str, expected: Any) -> None:
    assert dig(_DOCUMENT, path) == expected
