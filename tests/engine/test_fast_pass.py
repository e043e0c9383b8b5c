"""The fast pass proves only what the exact evaluator says as well."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mlsec.core.enums import Status
from mlsec.core.finding import Finding
from mlsec.core.resource import Origin, Resource
from mlsec.engine.compiler.compile import FastPass, Proof, compile_rules
from mlsec.engine.evaluation.evaluate import Evaluator
from mlsec.engine.findings.findings import finding_of
from mlsec.engine.findings.subject import finding_subject
from mlsec.engine.model.rule import RuleSet
from mlsec.engine.rules.documents import ExampleGraph
from tests.engine.small import load_texts, rule_text
from tests.loops import for_each

NOW_S = 1_767_225_600.0
TESTS = "{pass: [{}], fail: [{}], not_assessed: [{}]}"
TESTS_WHEN = "{pass: [{}], fail: [{}], not_assessed: [{}], not_applicable: [{}]}"
NOTEBOOK_CONDITIONS = (
    "{direct_internet: Disabled}",
    "{direct_internet: {ne: Enabled}}",
    "{status: [InService, Stopped]}",
    "{status: {not_in: [InService, Deleting]}}",
    "{volume_gb: {gte: 10, lt: 100}}",
    "{volume_gb: 5}",
    "{volume_gb: {ne: 5}}",
    "{score: {lte: 0.5}}",
    "{score: {not_in: [0.5, 1]}}",
    "{is_shared: false}",
    "{is_shared: {ne: true}}",
    "{is_shared: [true, false]}",
    "{not: {is_shared: true}}",
    "{name: {matches: '^prod-[a-z]+$'}}",
    "{name: {starts_with: [prod, test]}}",
    "{name: {ends_with: '-a'}}",
    "{name: {contains: ro}}",
    "{name: {contains_any: [ro, x]}}",
    "{not: {name: {contains_any: [ro, x]}}}",
    "{name: {exists: true}}",
    "{name: {exists: false}}",
    "{created: {older_than: 90d}}",
    "{created: {newer_than: 12h}}",
    "{not: {created: {older_than: 90d}}}",
    "{address: {in_cidr: [10.0.0.0/8, fd00::/8]}}",
    "{not: {address: {overlaps_cidr: 10.1.0.0/16}}}",
    "{version: {version_lt: '1.10.2'}}",
    "{not: {version: {version_lt: '1.10.2'}}}",
    "{subnets: {contains: a}}",
    "{not: {subnets: {contains: a}}}",
    "{subnets: {contains_any: [a, b]}}",
    "{subnets: {exists: true}}",
    "{subnets: {exists: false}}",
    "{tags.Owner: {exists: true}}",
    "{tags.Owner: a}",
    "{rules: {exists: true}}",
    "{none: {in: rules, where: {effect: Allow, from_port: {lte: 22}, to_port: {gte: 22}}}}",
    "{each: {in: rules, where: {effect: Allow}, that: {cidr: {starts_with: '10.'}}}}",
    "{each: {in: rules, that: {actions: {contains: a}}}}",
    "{some: {in: rules, where: {effect: Deny}, that: {cidr: {exists: true}}}}",
    "{some: {in: rules}}",
    "{none: {in: rules}}",
    "{not: {each: {in: rules, where: {effect: Allow}, that: {from_port: 22}}}}",
    "{not: {some: {in: rules, that: {effect: Allow}}}}",
    "{not: {none: {in: rules, where: {effect: Allow}}}}",
    "{some: {in: rules, that: {none: {in: actions, where: {value: a}}}}}",
    "{each: {in: rules, that: {some: {in: actions, that: {value: {starts_with: a}}}}}}",
    "{each: {in: subnets, that: {value: {starts_with: a}}}}",
    "{none: {in: subnets, where: {value: [a, b, c]}}}",
    "{any: [{is_shared: true}, {none: {via: role, where: {is_admin: true}}}]}",
    "{all: [{is_shared: true}, {none: {in: subnets, where: {value: a}}}, {volume_gb: {gt: 1}}]}",
    "{any: [{not: {is_shared: true}}, {status: Stopped}, {tags.Owner: x}]}",
    "{any: [{volume_gb: 5}, {all: [{status: Stopped}, {is_shared: true}, {score: {gt: 1}}]}]}",
    "{not: {any: [{volume_gb: 5}, {all: [{status: Stopped}, {is_shared: true}]}]}}",
    "{all: [{volume_gb: 5}, {not: {volume_gb: {ne: 5}}}]}",
    "{some: {in: rules, where: {effect: Allow, from_port: 22}, that: {cidr: {exists: true}}}}",
    "{some: {in: subnets, that: {value: {starts_with: a}}}}",
    "{each: {in: rules, where: {effect: Allow}, that: {from_port: 22, to_port: {lte: 22}}}}",
    "{each: {in: rules, that: {any: [{from_port: 22}, {to_port: 22, effect: Deny}]}}}",
    "{none: {in: rules, where: {effect: Allow}, that: {any: [{from_port: 0}, {to_port: 0}]}}}",
    "{none: {in: rules, where: {effect: Allow, not: {cidr: {exists: false}}}}}",
)
# Of a list whose items say how grave each is.
GRADED_CONDITIONS = (
    "{none: {in: rules, where: {harm: [critical, high]}}}",
    "{none: {in: rules, where: {effect: Allow, harm: {ne: low}}}}",
    "{none: {in: rules, where: {effect: Allow}, that: {harm: {exists: true}}}}",
)
BUCKET_CONDITIONS = (
    "{exposure.public: false}",
    "{exposure.public: {ne: false}}",
    "{exposure.public: {exists: true}}",
    "{encryption.customer_key: true}",
    "{tags.Owner: {exists: true}}",
    "{any: [{encryption.customer_key: true}, {not: {exposure.public: true}}]}",
    # The same property by the concept's name and by its own.
    "{governance.tags.Owner: {exists: true}}",
    "{any: [{governance.tags.Owner: a}, {tags.Owner: a}]}",
)

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, 5, 10, 22, 99, 100, 65535, -1, 0.5, 1.0, 1e308]),
    st.sampled_from([
        "Enabled", "Disabled", "InService", "Stopped", "Allow", "Deny", "Private", "PublicRead",
        "prod-a", "a", "b", "", "x", "10.0.0.1", "10.1.2.0/24", "0.0.0.0/0", "::1", "1.9",
        "1.10.2", "2.0.0", "2025-01-01", "2026-01-01T00:00:00Z", "2025-12-31T20:00:00+00:00",
        "\ud800", "true",
    ]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["effect", "cidr", "from_port", "to_port", "actions", "Owner", "value"]
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=8,
)
ITEMS = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {},
            optional={
                "effect": st.sampled_from(["Allow", "Deny"]),
                "harm": st.sampled_from(["critical", "high", "low", None, "unheard"]),
                "cidr": st.sampled_from(["10.0.0.0/8", "0.0.0.0/0", None]),
                "from_port": st.sampled_from([0, 22, 80]),
                "to_port": st.sampled_from([0, 22, 80]),
                "actions": st.lists(st.sampled_from(["a", "b", "ab"]), max_size=2),
            },
        ),
        SCALARS,
    ),
    max_size=3,
)
NOTEBOOK_NAMES = (
    "direct_internet", "status", "volume_gb", "score", "is_shared", "name", "created", "address",
    "version", "subnets", "tags", "rules",
)  # fmt: skip


class Judged:
    """The rule set of this file; its own class because Hypothesis prints every argument."""

    def __init__(self, ruleset: RuleSet) -> None:
        self.vocabulary = ruleset.vocabulary
        self.plans = compile_rules(ruleset)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    folder: Path = tmp_path_factory.mktemp("fast")
    texts = []
    for n, condition in enumerate(NOTEBOOK_CONDITIONS):
        when = NOTEBOOK_CONDITIONS[(n * 7 + 3) % len(NOTEBOOK_CONDITIONS)]
        message = '"{name} {id} {type}"' if n % 2 else ""
        texts.append(rule_text(f"plain/n{n}", must=condition, tests=TESTS, message=message))
        texts.append(rule_text(f"when/n{n}", when=when, must=condition, tests=TESTS_WHEN))
    texts += [
        rule_text(f"graded/g{n}", must=condition, tests=TESTS, graded_by="harm", severity="medium")
        for n, condition in enumerate(GRADED_CONDITIONS)
    ]
    texts += [
        rule_text(f"bucket/b{n}", resource="bucket", must=condition, tests=TESTS)
        for n, condition in enumerate(BUCKET_CONDITIONS)
    ]
    return Judged(load_texts(folder, *texts))


def documents(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {}, optional={name: ITEMS if name == "rules" else VALUES for name in names}
    )


ENVELOPES = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["n", "", "\x1b"]),
        "tags": st.sampled_from([{"Owner": "o"}, {"OWNER": "b", "owner": "a"}]),
        "origin": st.just(Origin(kind="iac", file="a.tf", line=3, column=5)),
        "places": st.just({"status": "a.tf:4:7", "rules[0].effect": "a.tf:9:1"}),
        "sources": st.sampled_from([{"GetAcl": "c1"}, {"DescribeNotebook": "c2"}]),
    },
)


def check(
    plan: FastPass,
    judged: Judged,
    properties: Mapping[str, Any],
    hidden: list[str],
    envelope: Mapping[str, Any] | None = None,
) -> None:
    resource = Resource(
        id="r",
        type=plan.owner.name,
        provider="p",
        scope="s",
        properties=properties,
        unread=dict.fromkeys(hidden, ("g2", "g1")),
        **(envelope or {}),
    )
    check_proof(plan, plan.prove(resource, NOW_S), resource, judged)


def check_proof(plan: FastPass, proof: Proof, resource: Resource, judged: Judged) -> None:
    evaluator = Evaluator(judged.vocabulary, ExampleGraph(), NOW_S)
    known = finding_subject(resource)
    failed, suspects = dict(proof.failed), dict(proof.suspects)
    for index, rule in enumerate(plan.rules):
        if index in proof.is_open:
            continue
        exact = evaluator.judge(rule, resource)
        if index in suspects:
            some = evaluator.judge(rule, resource, suspects[index])
            # Of what passes nothing is shown, and the elements that were left out hold anyway.
            assert some.status is exact.status
            if exact.status is not Status.PASS:
                assert finding_of(rule, resource, some) == finding_of(rule, resource, exact)
        elif index in failed:
            made = plan.failures[index].finding(known, failed[index])
            assert same(made, finding_of(rule, resource, exact))
        elif index in proof.unread:
            made = plan.failures[index].unread_finding(known)
            assert same(made, finding_of(rule, resource, exact))
        else:
            wanted = Status.NOT_APPLICABLE if index in proof.not_applicable else Status.PASS
            assert exact.status is wanted, (rule.id, resource.properties, plan.source)


def same(made: Finding, exact: Finding) -> bool:
    """Equal, and equal in print: 1, 1.0 and true are equal but not the same."""
    return made == exact and repr(made) == repr(exact)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@example(properties={"subnets": ["Enabled", {"value": None}]}, hidden=[], envelope={})
@given(
    properties=documents(NOTEBOOK_NAMES),
    hidden=st.lists(st.sampled_from((*NOTEBOOK_NAMES, "*"))),
    envelope=ENVELOPES,
)
def test_what_the_fast_pass_proves_is_the_exact_verdict(
    judged: Judged, properties: dict[str, Any], hidden: list[str], envelope: dict[str, Any]
) -> None:
    check(judged.plans["cloud.notebook"], judged, properties, hidden, envelope)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    properties=documents(("acl", "key_id", "tags", "name", "exposure.public")),
    hidden=st.lists(st.sampled_from(("acl", "key_id", "tags", "*"))),
    type_name=st.sampled_from(("cloud.bucket", "other.bucket")),
)
def test_what_the_fast_pass_proves_of_a_concept_is_the_exact_verdict(
    judged: Judged, properties: dict[str, Any], hidden: list[str], type_name: str
) -> None:
    check(judged.plans[type_name], judged, properties, hidden)


WELL_TYPED: dict[str, Any] = {
    "direct_internet": "Disabled",
    "status": "Stopped",
    "volume_gb": 20,
    "score": 0.25,
    "is_shared": False,
    "name": "prod-a",
    "created": "2025-01-01T00:00:00Z",
    "address": "10.1.2.3",
    "version": "1.9",
    "subnets": ["a", "b"],
    "tags": {"Owner": "a"},
    "rules": [
        {"effect": "Allow", "cidr": "10.0.0.0/8", "from_port": 80, "to_port": 80, "actions": ["a"]},
        {"effect": "Deny", "cidr": "0.0.0.0/0", "from_port": 0, "to_port": 0, "actions": []},
    ],
}


@for_each("hidden", [None, "*", *WELL_TYPED])
@for_each("changed", list(WELL_TYPED))
@for_each("value", [None, "Enabled", 5, True, ["b"], [{"effect": "Allow"}], {}])
def test_what_the_fast_pass_proves_of_one_changed_value_is_the_exact_verdict(
    judged: Judged, changed: str, value: Any, hidden: str | None
) -> None:
    properties = {**WELL_TYPED, changed: value, "extra": [1, {"a": None}]}
    check(judged.plans["cloud.notebook"], judged, properties, [hidden] if hidden else [])


@for_each("absent", [None, *WELL_TYPED])
def test_the_fast_pass_proves_every_pass_that_needs_no_relation(
    judged: Judged, absent: str | None
) -> None:
    properties = {k: None if k == absent else value for k, value in WELL_TYPED.items()}
    resource = Resource(
        id="r", type="cloud.notebook", provider="p", scope="s", properties=properties
    )
    plan = judged.plans["cloud.notebook"]
    evaluator = Evaluator(judged.vocabulary, ExampleGraph(), NOW_S)
    proof = plan.prove(resource, NOW_S)
    missed = [
        plan.rules[n].id
        for n in proof.is_open
        if evaluator.judge(plan.rules[n], resource).status in (Status.PASS, Status.NOT_APPLICABLE)
        and "via" not in str(plan.rules[n])
    ]
    assert missed == []
