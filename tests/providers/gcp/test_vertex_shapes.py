"""Names, grants and switches of Vertex AI as the rules read them."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.providers.gcp.shapes.table import SHAPES

_MODEL = "projects/p/locations/l/models/7"
_LOG = "//bigquery.googleapis.com/projects/p-1/datasets/log"
_FULL = f"//aiplatform.googleapis.com/{_MODEL}"


@pytest.mark.parametrize(
    ("shape", "raw", "expected"),
    [
        ("full_name", _MODEL, _FULL),
        ("full_name", f"{_MODEL}@2", _FULL),
        ("full_name", _FULL, _FULL),
        ("full_name", "", None),
        ("deployed_version", {"model": _MODEL, "modelVersionId": "3"}, f"{_FULL}@3"),
        ("deployed_version", {"model": f"{_MODEL}@2"}, f"{_FULL}@2"),
        ("deployed_version", {"model": f"{_MODEL}@2", "modelVersionId": "2"}, f"{_FULL}@2"),
        ("deployed_version", {"model": _MODEL}, _FULL),
        ("deployed_version", {"id": "1"}, None),
        ("is_true", "True", True),
        ("is_true", "false", False),
        ("is_true", None, None),
        ("whole_number", "10800", 10800),
        ("whole_number", "", 0),
        ("is_there", {}, True),
        ("is_not_true", "true", False),
        ("is_off", True, False),
        ("bq_dataset", "bq://p-1.log.requests", _LOG),
        ("bq_dataset", "bq://p-1.log", _LOG),
        ("bq_dataset", "bq://p-1", None),
        ("bq_dataset", "bq://x.com:p-1.log", _LOG.replace("p-1", "x.com:p-1")),
    ],
)
def test_value_comes_out_as_rules_read_it(shape: str, raw: Any, expected: Any) -> None:
    assert SHAPES[shape](raw) == expected


def test_each_member_of_a_binding_is_one_grant() -> None:
    bindings = [
        {"role": "roles/aiplatform.user", "members": ["allUsers", "group:a@b.c"]},
        {"role": "roles/x", "members": ["user:a@b.c"], "condition": {"expression": "true"}},
    ]
    assert SHAPES["iam_grants"](bindings) == [
        {"role": "roles/aiplatform.user", "member": "allUsers", "is_conditional": False},
        {"role": "roles/aiplatform.user", "member": "group:a@b.c", "is_conditional": False},
        {"role": "roles/x", "member": "user:a@b.c", "is_conditional": True},
    ]
