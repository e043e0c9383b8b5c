"""Shapes for generative AI services."""

from __future__ import annotations

from mlsec.providers.aws.shapes.bedrock import function_arn, kms_arn, secret_kinds

KEY = "arn:aws:kms:eu-west-1:111122223333:key/k"
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:refund"


def test_word_for_a_key_of_the_service_is_no_key() -> None:
    assert [kms_arn(raw) for raw in ("auto", "DEFAULT", "", None, KEY)] == [None] * 4 + [KEY]


def test_version_and_alias_are_taken_off_a_function() -> None:
    assert [function_arn(raw) for raw in (FUNCTION, f"{FUNCTION}:7", f"{FUNCTION}:live")] == (
        [FUNCTION] * 3
    )
    assert function_arn(None) is None
    assert function_arn("refund") == "refund"


def test_kinds_of_secrets_are_found_at_any_depth_once() -> None:
    found = {"~secret": "github-token", "~hash": "h", "~tail": "abcd", "~length": 40}
    plain = {"~secret": None, "~hash": "h", "~tail": "text", "~length": 9}
    raw = {"a": [{"text": found}, {"text": plain}], "b": {"c": found}, "d": "words"}
    assert secret_kinds(raw) == ["github-token"]
    assert secret_kinds({"a": plain}) == []
    assert secret_kinds(None) is None
