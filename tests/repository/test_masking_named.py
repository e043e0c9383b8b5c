"""A value that stands beside its name is masked however the two are written."""

from __future__ import annotations

import pytest

from mlsec.collect.secrets.masking import MARK, Masker


@pytest.mark.parametrize(
    "text",
    [
        "- name: DB_PASSWORD\n  value: hunter2supersecret\n",
        "- {name: DB_PASSWORD, value: hunter2supersecret}\n",
        '- { "name": "DB_PASSWORD", "value": "hunter2supersecret" }\n',
        "- {name: DB_PASSWORD,\n   value: hunter2supersecret}\n",
        "- name: DB_PASSWORD # why\n  # more\n  value: 'hunter2supersecret'\n",
        "- value: hunter2supersecret\n  name: DB_PASSWORD\n",
        "- {value: hunter2supersecret, name: DB_PASSWORD}\n",
    ],
)
def test_a_secret_beside_its_name_is_masked_and_nothing_else_changes(text: str) -> None:
    masked = Masker("salt").mask(text)
    assert "hunter2supersecret" not in masked
    assert MARK in masked
    before, _, after = text.partition("hunter2supersecret")
    assert masked.startswith(before)
    assert masked.endswith(after)


def test_a_value_belongs_to_no_other_item() -> None:
    text = "- name: MODE\n  value: plainmodevalue\n- name: DB_PASSWORD\n  valueFrom: {}\n"
    assert Masker("salt").mask(text) == text
