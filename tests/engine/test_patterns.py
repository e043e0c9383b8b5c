"""A rule's pattern costs no more than a moment on any text, whatever the pattern is."""

from __future__ import annotations

import re

import pytest

from mlsec.core.enums import Truth
from mlsec.engine.evaluation.operators import MAX_MATCHED_CHARS, compare
from mlsec.engine.model.footprint import walk
from mlsec.engine.model.rule import Compare, Operator
from mlsec.engine.rules.constants import why_wrong
from mlsec.vocabulary.types import Kind
from tests.shipped import shipped_rules

ORDINARY = (
    "^prod-[a-z]+$",
    "^arn:aws:iam::[0-9]+:role/.*$",
    "(?i)secret",
    "^(dev|test|prod)-",
    "[0-9]{12}",
    "^.*foo.*bar$",
    "^(?:v[0-9]+)?$",
)
# Python's own engine takes seconds or years for these.
EXPLOSIVE = (
    r"(a+)+$",
    r"(ab|a)*$",
    r"(foo|fo)+$",
    r".*.*x",
    r"^.*a.*b.*c",
    r"[a-z]+[a-z]+!",
    r"(a?){200}b",
    r"(a|b)*a(a|b){120}c",
)
REFUSED = (
    (r"(.)\1", "invalid escape sequence"),
    (r"(?=a)b", "invalid perl operator"),
    (r"(?<!a)b", "invalid"),
    (r"a{1,5000}", "invalid repetition size"),
    (r"((a{100}){100}){100}", "invalid repetition size"),
    (r"([a-z", "missing ]"),
    ("a" * 500, "longer than"),
    ("\ud800", "surrogates"),
    (7, "one pattern"),
)


def problem(pattern: object) -> str:
    return why_wrong(Operator.MATCHES, Kind.STRING, (), pattern)


def matches(pattern: str, text: str) -> Truth:
    return compare(Operator.MATCHES, Kind.STRING, text, pattern, 0.0)


@pytest.mark.parametrize("pattern", ORDINARY + EXPLOSIVE)
def test_a_pattern_answers_the_worst_text(pattern: str) -> None:
    assert problem(pattern) == ""
    for unit in ("a", "foo", "0", ":", "ab", "a:"):
        text = (unit * MAX_MATCHED_CHARS)[:MAX_MATCHED_CHARS]
        assert matches(pattern, text) is not Truth.UNKNOWN


@pytest.mark.parametrize(("pattern", "reason"), REFUSED)
def test_what_re2_does_not_read_is_refused_with_the_reason(pattern: object, reason: str) -> None:
    assert reason in problem(pattern)


@pytest.mark.parametrize(
    ("pattern", "text", "wanted"),
    [
        ("^a$", "a", Truth.TRUE),
        ("^a$", "ba", Truth.FALSE),
        ("^a$", "a\n", Truth.FALSE),
        ("(?i)ä", "Ä", Truth.TRUE),
        ("a", "\ud800a", Truth.TRUE),
        ("b", "\ud800a", Truth.FALSE),
    ],
)
def test_a_pattern_is_searched_anywhere_in_any_text(pattern: str, text: str, wanted: Truth) -> None:
    assert matches(pattern, text) is wanted


def test_shipped_patterns_mean_the_same_to_python() -> None:
    conditions = [c for rule in shipped_rules().rules for c in (rule.when, rule.must)]
    parts = [part for condition in conditions for part, _ in walk(condition)]
    patterns = {
        part.expected
        for part in parts
        if isinstance(part, Compare) and part.operator is Operator.MATCHES
    }
    assert len(patterns) > 15
    texts = [
        *("", "a", "default", "0.0.0." + "0", "10.0.0.0/8", "Internet", "sagemaker.runtime"),
        *("us-docker.pkg.dev/vertex-ai/a", "/networks/default", "DeleteUser", "*.com", "sid"),
        *("f" * 40, "a/sha256:" + "0" * 64, "docker run --net=host", "ELBSecurityPolicy-TLS-1-2"),
    ]
    for pattern in patterns:
        for text in texts:
            by_python = Truth.TRUE if re.search(pattern, text) else Truth.FALSE
            assert matches(pattern, text) is by_python, (pattern, text)
