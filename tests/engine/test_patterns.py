"""A rule's pattern may not cost more than a moment on any text."""

from __future__ import annotations

import re
import time

import pytest

from mlsec.engine.evaluation.operators import MAX_MATCHED_CHARS
from mlsec.engine.rules.patterns import why_refused

ALLOWED = (
    "^prod-[a-z]+$",
    "^arn:aws:iam::[0-9]+:role/.*$",
    "(?i)secret",
    "^(dev|test|prod)-",
    "[0-9]{12}",
    "^[a-z]+:[a-z]+:[a-z]+:",
    "^.*foo.*bar$",
    "latest$",
    "^(?:v[0-9]+)?$",
    "^s3://[^/]+/.*test",
    ".*x",
)
REFUSED = (
    (r"(a+)+$", "repeat inside a repeat"),
    (r"(ab|a)*$", "alternative inside a repeat"),
    (r"(foo|fo)+$", "alternative inside a repeat"),
    (r"(.)\1", "backreference"),
    (r"(?=a)b", "lookahead"),
    (r"(?<!a)b", "lookahead"),
    (r".*.*x", "open repeats"),
    (r"^.*a.*b.*c", "open repeats"),
    (r"[a-z]+[a-z]+!", "open repeats"),
    (r"a{1,5000}", "more than 256"),
    (r"([a-z", "not a regular expression"),
    ("a" * 500, "longer than"),
)


@pytest.mark.parametrize("pattern", ALLOWED)
def test_an_ordinary_pattern_is_allowed(pattern: str) -> None:
    assert why_refused(pattern) == ""


@pytest.mark.parametrize(("pattern", "reason"), REFUSED)
def test_a_pattern_that_can_explode_is_refused_with_the_reason(pattern: str, reason: str) -> None:
    assert reason in why_refused(pattern)


@pytest.mark.parametrize("pattern", ALLOWED)
def test_an_allowed_pattern_answers_the_worst_text_quickly(pattern: str) -> None:
    began = time.process_time()
    for unit in ("a", "foo", "0", ":", "s3://a/", "a:"):
        re.compile(pattern).search((unit * MAX_MATCHED_CHARS)[:MAX_MATCHED_CHARS])
    assert time.process_time() - began < 2.0
