"""Of XML only the tags are kept, and where requests go; every text and value may be a secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsec.collect.secrets.markup import skeleton
from mlsec.collect.secrets.redact import Redactor
from mlsec.collect.walk.plan import Operation

SECRET = "hunter2hunter2"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"<a><b>{SECRET}</b></a>", "<a><b></b></a>"),
        (f'<a key="{SECRET}" />', '<a key="" />'),
        (f"<a><!-- <b>{SECRET}</b> --></a>", "<a></a>"),
        (f"<a><![CDATA[{SECRET}]]></a>", "<a></a>"),
        ('<s backend-id="Model" />', '<s backend-id="Model" />'),
        ("<s base-url='https://u:p@h.example/x?k=v' />", '<s base-url="https://h.example" />'),
        ('<s base-url="https://@(context.Host)/" />', '<s base-url="" />'),
        ('<s backend-id="{{name}}" />', '<s backend-id="" />'),
        (f'<s base-url="{SECRET}" />', '<s base-url="" />'),
    ],
)
def test_tags_are_kept_and_nothing_else(text: str, kept: str) -> None:
    assert skeleton(text) == kept


@given(st.text("<>/=\"' ab-!", max_size=30), st.text("<>/=\"' ab-!", max_size=30))
def test_secret_in_broken_markup_is_not_kept(before: str, after: str) -> None:
    left = skeleton(f"{before}>{SECRET}<{after}")

    assert SECRET not in left


def test_redactor_keeps_the_tags_of_a_path_that_leads_to_markup() -> None:
    operation = Operation(service="x", name="y", redact=("value[].text~markup",))
    document = {"value": [{"text": f"<a>{SECRET}</a>"}, {"text": 7}]}

    assert Redactor("salt").redact(operation, document) == {
        "value": [{"text": "<a></a>"}, {"text": None}]
    }
