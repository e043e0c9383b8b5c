"""Unknown stays unknown unless the others decide: the truth tables and the quantifier corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlsec.core.enums import Status
from mlsec.core.finding import Finding
from mlsec.engine.evaluation.evaluate import Evaluator
from mlsec.engine.findings.findings import finding_of
from mlsec.engine.model.rule import Rule
from mlsec.engine.rules.documents import build_example
from mlsec.vocabulary.types import Vocabulary
from tests.engine.small import one_rule

TESTS = "{pass: [{}], fail: [{}], not_assessed: [{}]}"
TESTS_WHEN = "{pass: [{}], fail: [{}], not_assessed: [{}], not_applicable: [{}]}"
T, F, U = "true", "false", "unknown"
VERDICT = {T: Status.PASS, F: Status.FAIL, U: Status.NOT_ASSESSED}


def judge(rule: Rule, vocabulary: Vocabulary, document: dict[str, Any]) -> Status:
    example = build_example(document, vocabulary.types[rule.resource], vocabulary)
    evaluator = Evaluator(vocabulary, example.graph, example.now_s)
    return evaluator.judge(rule, example.resource).status


def finding(rule: Rule, vocabulary: Vocabulary, document: dict[str, Any]) -> Finding:
    example = build_example(document, vocabulary.types[rule.resource], vocabulary)
    evaluator = Evaluator(vocabulary, example.graph, example.now_s)
    return finding_of(rule, example.resource, evaluator.judge(rule, example.resource))


def operands(left: str, right: str) -> dict[str, Any]:
    document: dict[str, Any] = {"unread": []}
    for name, truth in (("is_shared", left), ("name", right)):
        if truth == U:
            document["unread"].append(name)
        else:
            document[name] = truth == T if name == "is_shared" else ("yes" if truth == T else "no")
    return document


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [
        (T, T, T, T), (T, F, F, T), (T, U, U, T),
        (F, T, F, T), (F, F, F, F), (F, U, F, U),
        (U, T, U, T), (U, F, F, U), (U, U, U, U),
    ],
)  # fmt: skip
def test_all_and_any_follow_kleene(
    tmp_path: Path, left: str, right: str, both: str, either: str
) -> None:
    document = operands(left, right)
    conjunction, vocabulary = one_rule(tmp_path, must="{is_shared: true, name: yes}", tests=TESTS)
    assert judge(conjunction, vocabulary, document) is VERDICT[both]
    parts = "{any: [{is_shared: true}, {name: yes}]}"
    disjunction, vocabulary = one_rule(tmp_path, must=parts, tests=TESTS)
    assert judge(disjunction, vocabulary, document) is VERDICT[either]


@pytest.mark.parametrize(("value", "negated"), [(T, F), (F, T), (U, U)])
def test_not_keeps_unknown(tmp_path: Path, value: str, negated: str) -> None:
    rule, vocabulary = one_rule(tmp_path, must="{not: {is_shared: true}}", tests=TESTS)
    assert judge(rule, vocabulary, operands(value, T)) is VERDICT[negated]


@pytest.mark.parametrize(
    ("when", "must", "verdict"),
    [
        (T, F, Status.FAIL), (F, F, Status.NOT_APPLICABLE), (U, F, Status.NOT_ASSESSED),
        (T, U, Status.NOT_ASSESSED), (F, U, Status.NOT_APPLICABLE), (U, U, Status.NOT_ASSESSED),
        (T, T, Status.PASS), (F, T, Status.NOT_APPLICABLE), (U, T, Status.PASS),
    ],
)  # fmt: skip
def test_an_unknown_when_is_not_assessed_unless_what_is_asked_holds(
    tmp_path: Path, when: str, must: str, verdict: Status
) -> None:
    rule, vocabulary = one_rule(
        tmp_path, when="{is_shared: true}", must="{name: yes}", tests=TESTS_WHEN
    )
    assert judge(rule, vocabulary, operands(when, must)) is verdict


ALLOW_22 = {"effect": "Allow", "cidr": "0.0.0.0/0", "from_port": 22, "to_port": 22}
DENY_22 = {**ALLOW_22, "effect": "Deny"}
ALLOW_443 = {**ALLOW_22, "from_port": 443, "to_port": 443}
UNREAD_EFFECT = {"cidr": "0.0.0.0/0", "from_port": 22, "unread": ["effect"]}
NONE = "{none: {in: rules, where: {effect: Allow, from_port: {lte: 22}}}}"
EACH = "{each: {in: rules, where: {effect: Allow}, that: {from_port: {gt: 22}}}}"
SOME = "{some: {in: rules, where: {effect: Allow}, that: {from_port: 22}}}"


@pytest.mark.parametrize(
    ("must", "rules", "verdict"),
    [
        (NONE, [], T), (NONE, None, T), (NONE, [ALLOW_443], T), (NONE, [ALLOW_22], F),
        (NONE, [DENY_22, ALLOW_443], T), (NONE, [UNREAD_EFFECT], U),
        (NONE, [UNREAD_EFFECT, ALLOW_22], F),
        (EACH, [], T), (EACH, None, T), (EACH, [DENY_22], T), (EACH, [ALLOW_22], F),
        (EACH, [ALLOW_443, ALLOW_22], F), (EACH, [UNREAD_EFFECT], U),
        (EACH, [{"from_port": 443, "unread": ["effect"]}], T),
        (SOME, [], F), (SOME, None, F), (SOME, [ALLOW_22], T), (SOME, [DENY_22], F),
        (SOME, [UNREAD_EFFECT], U), (SOME, [UNREAD_EFFECT, ALLOW_22], T),
    ],
)  # fmt: skip
def test_quantifiers_over_a_list(tmp_path: Path, must: str, rules: Any, verdict: str) -> None:
    rule, vocabulary = one_rule(tmp_path, must=must, tests=TESTS)
    assert judge(rule, vocabulary, {"rules": rules}) is VERDICT[verdict]


@pytest.mark.parametrize("must", [NONE, EACH, SOME])
def test_a_list_that_was_not_read_is_unknown_not_empty(tmp_path: Path, must: str) -> None:
    rule, vocabulary = one_rule(tmp_path, must=must, tests=TESTS)
    assert judge(rule, vocabulary, {"unread": ["rules"]}) is Status.NOT_ASSESSED


PUBLIC, PRIVATE = {"acl": "PublicRead"}, {"acl": "Private"}
STUB = {"unread": ["*"]}
NO_BUCKET = "{none: {via: role.buckets, where: {acl: PublicRead}}}"
EACH_BUCKET = "{each: {via: role.buckets, that: {acl: Private}}}"
SOME_BUCKET = "{some: {via: role.buckets, that: {acl: Private}}}"


@pytest.mark.parametrize(
    ("must", "roles", "verdict"),
    [
        (NO_BUCKET, [], T), (NO_BUCKET, [{"buckets": [PRIVATE]}], T),
        (NO_BUCKET, [{"buckets": [PUBLIC]}], F), (NO_BUCKET, [{"buckets": [STUB]}], U),
        (NO_BUCKET, [{"buckets": [STUB, PUBLIC]}], F),
        (NO_BUCKET, [{"unread": ["buckets"]}], U), (NO_BUCKET, [STUB], U),
        (NO_BUCKET, [STUB, {"buckets": [PUBLIC]}], F),
        (EACH_BUCKET, [], T), (EACH_BUCKET, [{"buckets": [STUB]}], U),
        (EACH_BUCKET, [{"buckets": [PRIVATE, STUB, PUBLIC]}], F),
        (SOME_BUCKET, [], F), (SOME_BUCKET, [{"buckets": [STUB]}], U),
        (SOME_BUCKET, [{"buckets": [PUBLIC]}], F), (SOME_BUCKET, [STUB], U),
        (SOME_BUCKET, [{"buckets": [STUB, PRIVATE]}], T),
    ],
)  # fmt: skip
def test_quantifiers_over_a_relation(tmp_path: Path, must: str, roles: Any, verdict: str) -> None:
    rule, vocabulary = one_rule(tmp_path, must=must, tests=TESTS)
    assert judge(rule, vocabulary, {"role": roles}) is VERDICT[verdict]


def test_a_fail_shows_the_deciding_clause_its_value_and_its_source(tmp_path: Path) -> None:
    rule, vocabulary = one_rule(
        tmp_path, must="{is_shared: false, volume_gb: {gte: 5}}", tests=TESTS
    )
    (shown,) = finding(rule, vocabulary, {"is_shared": True}).evidence
    assert (shown.path, shown.operator, shown.expected, shown.actual, shown.source) == (
        "is_shared", "eq", False, True, "DescribeNotebook:Shared",
    )  # fmt: skip


def test_a_clause_that_should_not_hold_is_shown_as_its_opposite(tmp_path: Path) -> None:
    rule, vocabulary = one_rule(tmp_path, must=NONE, tests=TESTS)
    shown = finding(rule, vocabulary, {"rules": [ALLOW_443, ALLOW_22]}).evidence
    assert [(e.path, e.operator, e.expected, e.actual, e.source) for e in shown] == [
        ("rules[1].effect", "ne", "Allow", "Allow", "DescribeNotebook:Rules[1].Effect"),
        ("rules[1].from_port", "gt", 22, 22, "DescribeNotebook:Rules[1].FromPort"),
    ]


def test_a_fail_over_relations_carries_the_path_that_was_walked(tmp_path: Path) -> None:
    rule, vocabulary = one_rule(tmp_path, must=NO_BUCKET, tests=TESTS)
    path = finding(rule, vocabulary, {"role": [{"buckets": [PRIVATE, PUBLIC]}]}).path
    assert path is not None
    assert [node.type for node in path.nodes] == ["cloud.notebook", "cloud.role", "cloud.bucket"]
    assert [(e.source, e.target, e.relation) for e in path.edges] == [
        (0, 1, "role"), (1, 2, "buckets"),
    ]  # fmt: skip
    assert path.nodes[2].note == "acl: PublicRead"


def test_what_was_not_read_names_its_gap(tmp_path: Path) -> None:
    rule, vocabulary = one_rule(tmp_path)
    found = finding(rule, vocabulary, {"unread": ["is_shared"]})
    assert (found.status, found.gaps) == (Status.NOT_ASSESSED, ("example",))
    assert found.evidence[0].is_unread


@pytest.mark.parametrize("wrong", ["yes", 1, [], {}, 0.5])
def test_a_value_of_the_wrong_type_is_not_assessed(tmp_path: Path, wrong: Any) -> None:
    rule, vocabulary = one_rule(tmp_path)
    assert judge(rule, vocabulary, {"is_shared": wrong}) is Status.NOT_ASSESSED


def test_a_concept_reads_each_type_in_its_own_words(tmp_path: Path) -> None:
    rule, vocabulary = one_rule(
        tmp_path, resource="bucket", must="{exposure.public: false}", tests=TESTS
    )
    answers = [
        judge(rule, vocabulary, document)
        for document in (
            {"type": "cloud.bucket", "acl": "Private"},
            {"type": "cloud.bucket", "acl": "PublicRead"},
            {"type": "other.bucket", "exposure.public": True},
            {"type": "cloud.bucket", "acl": "SomethingNew"},
        )
    ]
    assert answers == [Status.PASS, Status.FAIL, Status.FAIL, Status.NOT_ASSESSED]


def test_a_type_that_lacks_what_a_concept_rule_reads_is_not_applicable(tmp_path: Path) -> None:
    rule, vocabulary = one_rule(
        tmp_path, resource="bucket", must="{encryption.customer_key: true}", tests=TESTS
    )
    assert judge(rule, vocabulary, {"type": "other.bucket"}) is Status.NOT_APPLICABLE
    assert judge(rule, vocabulary, {"type": "cloud.bucket", "key_id": "k"}) is Status.PASS
    assert judge(rule, vocabulary, {"type": "cloud.bucket"}) is Status.FAIL


@pytest.mark.parametrize(
    "must",
    [
        "{each: {via: buckets, that: {encryption.customer_key: true}}}",
        "{none: {via: buckets, where: {encryption.customer_key: false}}}",
        "{not: {some: {via: buckets, that: {encryption.customer_key: false}}}}",
        "{each: {via: buckets, that: {some: {via: key, that: {rotates: true}}}}}",
        "{each: {via: buckets.key, that: {rotates: true}}}",
    ],
)
def test_what_a_cloud_lacks_never_makes_a_rule_fail(tmp_path: Path, must: str) -> None:
    rule, vocabulary = one_rule(tmp_path, must=must, tests=TESTS)
    lacking = {"type": "other.bucket"}
    wrong = {"type": "cloud.bucket", "key_id": None, "key": [{"rotates": False}]}
    right = {"type": "cloud.bucket", "key_id": "k", "key": [{"rotates": True}]}
    assert judge(rule, vocabulary, {"buckets": [lacking, wrong]}) is Status.FAIL
    assert judge(rule, vocabulary, {"buckets": [lacking, right]}) is Status.PASS
    alone = judge(rule, vocabulary, {"buckets": [lacking]})
    # A way that leads on over what is not there ends there: nothing is at its end.
    assert alone is (Status.PASS if "buckets.key" in must else Status.NOT_APPLICABLE)


def test_what_a_cloud_lacks_does_not_excuse_what_it_has(tmp_path: Path) -> None:
    is_weak = "{any: [{encryption.customer_key: false}, {exposure.public: true}]}"
    must = "{none: {via: buckets, where: " + is_weak + "}}"
    rule, vocabulary = one_rule(tmp_path, must=must, tests=TESTS)
    opened = {"type": "other.bucket", "exposure.public": True}
    assert judge(rule, vocabulary, {"buckets": [opened]}) is Status.FAIL


def test_evidence_of_a_concept_speaks_in_the_words_of_the_provider(tmp_path: Path) -> None:
    rule, vocabulary = one_rule(
        tmp_path, resource="bucket", must="{exposure.public: false}", tests=TESTS
    )
    found = finding(rule, vocabulary, {"type": "cloud.bucket", "acl": "PublicRead"})
    shown = found.evidence[0]
    assert (shown.path, shown.operator, shown.expected, shown.actual) == (
        "acl", "eq", "Private", "PublicRead",
    )  # fmt: skip
