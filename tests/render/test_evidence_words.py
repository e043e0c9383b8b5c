"""Evidence is a sentence that names what was there, for every way in which a shipped rule fails."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

import msgspec
import pytest

from mlsec.core.enums import Category, Concern, Severity, Status
from mlsec.core.finding import Evidence, Finding, Subject
from mlsec.engine.assessment.catalogue import catalogue_of
from mlsec.engine.findings.findings import finding_of
from mlsec.engine.model.rule import Rule
from mlsec.engine.testing.examples import built_examples, judge_example
from mlsec.render.display import expected_text, is_description, value_text
from mlsec.render.property_words import doing, item_words
from mlsec.render.wording import Wording
from tests.shipped import shipped_rules, shipped_vocabulary

# What only the one who wrote the rule can read.
_JARGON = re.compile(
    r"\bexpected\b|anything but|\bTrue\b|\bFalse\b|(?<!instead of )\bNone\b|\bnull\b"
)
_NOTHING = re.compile(r"\b(no|not|off|cannot|without|closed)\b")
_CODE_NAME = re.compile(r"\b(?:is|has|can|may)_[a-z_]+")
# What an example calls a resource that it does not name.
_UNNAMED = re.compile(r"\bexample[\w.\[\]]+")


@functools.cache
def failures() -> tuple[Finding, ...]:
    """Give the finding of every example that must fail."""
    return tuple(finding for rule in shipped_rules().rules for finding in _failures_of(rule))


def _failures_of(rule: Rule) -> Iterator[Finding]:
    vocabulary = shipped_vocabulary()
    for status, _, example in built_examples(rule, vocabulary):
        if status is Status.FAIL:
            verdict = judge_example(rule, example, vocabulary)
            yield finding_of(rule, example.resource, verdict)


def said() -> Iterator[tuple[str, Evidence, str]]:
    wording = Wording(catalogue_of(shipped_rules()))
    for finding in failures():
        for evidence, sentence in wording.sentences(finding):
            yield finding.rule, evidence, sentence


def test_every_failure_is_told_in_sentences() -> None:
    wording = Wording(catalogue_of(shipped_rules()))
    silent = {f.rule for f in failures() if f.evidence and not wording.sentences(f)}
    assert silent == set()
    ends = [(rule, text) for rule, _, text in said() if not text.endswith((".", "…"))]
    assert ends == []


def test_no_sentence_speaks_in_operators_or_names_of_code() -> None:
    own_words = [(r, e, s) for r, e, s in said() if not is_description(e)]
    wrong = [
        (rule, sentence)
        for rule, evidence, sentence in own_words
        if _JARGON.search(sentence.replace(value_text(evidence.actual), ""))
        or _CODE_NAME.search(_UNNAMED.sub("", sentence))
    ]
    assert wrong == []


def test_every_sentence_names_what_was_there() -> None:
    wrong = [
        (rule, evidence.path, evidence.actual, sentence)
        for rule, evidence, sentence in said()
        if evidence.path != "id" and not _names(evidence, sentence)
    ]
    assert wrong == []


def _names(evidence: Evidence, sentence: str) -> bool:
    if evidence.actual in (None, [], {}):
        return bool(_NOTHING.search(sentence))
    match evidence.actual:
        case True | False:
            is_said = doing(evidence.path, is_true=evidence.actual)[1] in sentence
            return is_said or evidence.named is not msgspec.UNSET
        case dict():
            return all(value_text(value) in sentence for value in evidence.actual.values())
        case list() if evidence.operator in ("some", "each", "none"):
            return f" {len(evidence.actual):,} " in sentence
        case _:
            return value_text(evidence.actual).casefold() in sentence.casefold()


def test_raw_form_says_what_would_pass_without_a_double_negative() -> None:
    texts = {expected_text(evidence) for _, evidence, _ in said()}
    assert {text for text in texts if text.startswith(("expected not true", "not "))} == set()


def finding(evidence: Evidence) -> Finding:
    subject = Subject(id="bucket-a", type="aws.s3.bucket", provider="aws", scope="aws/1", name="a")
    return Finding(
        fingerprint="0" * 32,
        rule="s3/bucket-externally-writable",
        status=Status.FAIL,
        severity=Severity.HIGH,
        category=Category.ACCESS,
        concern=Concern.SECURITY,
        resource=subject,
        message="a is writable from outside the account",
        evidence=(evidence,),
    )


@pytest.mark.parametrize(
    ("named", "statement", "sentence"),
    [
        (
            ("arn:aws:iam::441122334455:root",),
            "PartnerUpload",
            "The policy statement PartnerUpload lets account 441122334455 write to it.",
        ),
        (("*",), msgspec.UNSET, "Everyone can write to it."),
        (
            ("arn:aws:iam::1:role/x", "arn:aws:iam::2:role/y"),
            msgspec.UNSET,
            "arn:aws:iam::1:role/x and arn:aws:iam::2:role/y can write to it.",
        ),
    ],
)
def test_principals_from_outside_are_named(
    named: tuple[str, ...], statement: str | msgspec.UnsetType, sentence: str
) -> None:
    evidence = Evidence(
        path="has_external_writers",
        operator="eq",
        expected=False,
        actual=True,
        named=named,
        statement=statement,
    )
    wording = Wording(catalogue_of(shipped_rules()))
    assert wording.sentence(evidence, finding(evidence)) == sentence


@pytest.mark.parametrize(
    ("path", "is_true", "words"),
    [
        ("is_public", True, ("", "is public")),
        ("has_customer_key", False, ("", "has no customer key")),
        ("can_escalate", False, ("", "cannot escalate")),
        ("bucket_is_external", True, ("bucket", "is external")),
        ("network_isolated", False, ("network", "is not isolated")),
        ("logs_access", False, ("", "does not log access")),
        ("denies_insecure_transport", False, ("", "does not deny insecure transport")),
        ("downloads_off", False, ("downloads", "are on")),
        ("flow_logs", False, ("", "has no flow logs")),
        ("no_public_ip", False, ("", "has public IP")),
        ("access.external_writers", True, ("", "has external writers")),
        ("encryption.at_rest", False, ("encryption at rest", "is off")),
    ],
)
def test_a_yes_or_no_is_said_in_words(path: str, is_true: bool, words: tuple[str, str]) -> None:
    assert doing(path, is_true=is_true) == words


def test_items_are_counted_from_one() -> None:
    assert item_words("definitions[0].environment[1].secret_kind") == (
        "environment 2 of definition 1"
    )
