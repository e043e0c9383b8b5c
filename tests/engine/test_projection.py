"""Decoding only what the rules read gives the findings of the whole document."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlsec.core.enums import Status
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Resource
from mlsec.engine.compiler.projection import SlimResource, slim_target
from mlsec.engine.evaluation.evaluate import Evaluator
from mlsec.engine.findings.findings import finding_of
from mlsec.engine.loading.documents import ExampleGraph
from mlsec.engine.rules.footprint import reads_relations
from mlsec.engine.rules.rule import RuleSet
from mlsec.engine.stream import StreamJudge, evaluate_lines
from mlsec.vocabulary.types import Kind, Property, Type, Vocabulary
from tests.engine.small import load_texts, rule_text
from tests.engine.test_fast_pass import (
    BUCKET_CONDITIONS,
    NOTEBOOK_CONDITIONS,
    NOTEBOOK_NAMES,
    TESTS,
    TESTS_WHEN,
    VALUES,
    WELL_TYPED,
    documents,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ENVELOPES = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["n", "", "\x1b", None, 5]),
        "tags": st.sampled_from([{"Owner": "o"}, {"OWNER": "b", "owner": "a"}, {"Owner": 1}]),
        "origin": st.sampled_from([{"kind": "iac", "file": "a.tf", "line": 3, "column": 5}]),
        "sources": st.sampled_from([{"GetAcl": "c1"}, {"DescribeNotebook": "c2"}]),
        "is_stub": st.booleans(),
        "something_else": VALUES,
    },
)
HIDDEN = st.dictionaries(
    st.sampled_from((*NOTEBOOK_NAMES, "acl", "*")), st.just(["g2", "g1"]), max_size=2
)


class Streamed:
    """A judge; its own class because Hypothesis prints every argument."""

    def __init__(self, ruleset: RuleSet) -> None:
        self.ruleset = ruleset
        self.rules = [rule for rule in ruleset.rules if not reads_relations(rule)]
        self.judge = StreamJudge(ruleset, NOW)


@pytest.fixture(scope="module")
def streamed(tmp_path_factory: pytest.TempPathFactory) -> Streamed:
    folder: Path = tmp_path_factory.mktemp("slim")
    texts = []
    for n, condition in enumerate(NOTEBOOK_CONDITIONS):
        when = NOTEBOOK_CONDITIONS[(n * 11 + 5) % len(NOTEBOOK_CONDITIONS)]
        message = '"{name} {id} {type}"' if n % 2 else ""
        texts.append(rule_text(f"plain/n{n}", must=condition, tests=TESTS, message=message))
        texts.append(rule_text(f"when/n{n}", when=when, must=condition, tests=TESTS_WHEN))
    texts += [
        rule_text(f"bucket/b{n}", resource="bucket", must=condition, tests=TESTS)
        for n, condition in enumerate(BUCKET_CONDITIONS)
    ]
    return Streamed(load_texts(folder, *texts))


def exact_findings(streamed: Streamed, resource: Resource) -> list[str]:
    vocabulary = streamed.ruleset.vocabulary
    evaluator = Evaluator(vocabulary, ExampleGraph(), NOW.timestamp())
    found = []
    for rule in streamed.rules:
        owners = {owner.name for owner in vocabulary.concrete(rule.resource)}
        if resource.type not in owners or resource.is_stub:
            continue
        verdict = evaluator.judge(rule, resource)
        if verdict.status in (Status.FAIL, Status.NOT_ASSESSED):
            found.append(repr(finding_of(rule, resource, verdict)))
    return sorted(found)


def check(streamed: Streamed, document: dict[str, Any]) -> None:
    line = json.dumps(document).encode()
    try:
        whole = msgspec.json.decode(line, type=Resource)
    except msgspec.MsgspecError:
        with pytest.raises(MlsecError, match="not a resource"):
            list(evaluate_lines(streamed.ruleset, [line], NOW))
        return
    assert sorted(map(repr, streamed.judge.line(line))) == exact_findings(streamed, whole)


def document_of(
    type_name: str, properties: Any, unread: dict[str, Any], envelope: dict[str, Any]
) -> dict[str, Any]:
    known = {"id": "arn:r", "type": type_name, "provider": "p", "scope": "s"}
    return {**known, "properties": properties, "unread": unread, **envelope}


def without_surrogates(value: Any) -> Any:
    return json.loads(json.dumps(value).replace("\\ud800", "?"))


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    type_name=st.sampled_from(("cloud.notebook", "cloud.bucket", "other.bucket", "cloud.key", "?")),
    properties=documents((*NOTEBOOK_NAMES, "acl", "key_id", "exposure.public", "extra")),
    unread=HIDDEN,
    envelope=ENVELOPES,
)
def test_a_slim_document_gives_the_findings_of_the_whole(
    streamed: Streamed,
    type_name: str,
    properties: dict[str, Any],
    unread: dict[str, Any],
    envelope: dict[str, Any],
) -> None:
    found = document_of(type_name, properties, unread, envelope)
    check(streamed, without_surrogates(found))


@pytest.mark.parametrize("hidden", [None, "*", *WELL_TYPED])
@pytest.mark.parametrize("changed", list(WELL_TYPED))
@pytest.mark.parametrize("value", [None, "Enabled", 5, True, ["b"], [{"effect": "Allow"}], {}])
def test_one_changed_value_gives_the_findings_of_the_whole(
    streamed: Streamed, changed: str, value: Any, hidden: str | None
) -> None:
    unread = {hidden: ["g"]} if hidden else {}
    properties = {**WELL_TYPED, changed: value, "extra": [1, {"a": None}]}
    check(streamed, document_of("cloud.notebook", properties, unread, {}))


def test_the_slim_envelope_has_the_fields_of_a_resource() -> None:
    whole = {f.name: f.default for f in msgspec.structs.fields(Resource)}
    slim = {f.name: f.default for f in msgspec.structs.fields(SlimResource)}
    assert {**slim, "type": msgspec.NODEFAULT, "properties": msgspec.NODEFAULT} == whole


def test_text_that_is_not_utf8_is_refused_where_no_rule_reads_as_well(streamed: Streamed) -> None:
    line = json.dumps(document_of("cloud.notebook", {"extra": "~"}, {}, {})).encode()
    with pytest.raises(MlsecError, match="not a resource"):
        list(evaluate_lines(streamed.ruleset, [line.replace(b"~", b"\xff")], NOW))


def test_the_last_of_two_equal_keys_counts(streamed: Streamed) -> None:
    text = json.dumps(document_of("cloud.notebook", WELL_TYPED, {}, {}))
    line = text.replace('"is_shared": false', '"is_shared": [], "is_shared": true').encode()
    whole = msgspec.json.decode(line, type=Resource)
    assert sorted(map(repr, streamed.judge.line(line))) == exact_findings(streamed, whole)


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\n", "é"])
def test_a_property_that_json_may_escape_is_decoded_whole(tmp_path: Path, name: str) -> None:
    ruleset = load_texts(tmp_path, rule_text())
    owner = Type(name=name, title="t", properties={name: Property(name=name, kind=Kind.BOOL)})
    vocabulary = Vocabulary(types={name: owner}, digest="")
    assert slim_target(owner, ruleset.rules, vocabulary) is None
