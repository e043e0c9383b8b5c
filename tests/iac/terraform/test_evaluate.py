"""Expressions to values, by the language's own rules, and what stays unknown."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.collect.code.budget import Budget
from mlsec.collect.located.located import UnknownValue
from mlsec.iac.terraform.evaluation.evaluate import Evaluator
from mlsec.iac.terraform.syntax.parse import parse
from mlsec.iac.terraform.values import InvalidValue, Joined, Symbol
from tests.iac.terraform.written import _Only, value

_UNKNOWN = UnknownValue("var.u has no default", "‹var.u›")
_ARN = Symbol("aws_iam_role.r", ("arn",))


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("1 + 2 * 3", 7),
        ("7 / 2", 3.5),
        ("6 / 2", 3),
        ("-5 % 3", -2),
        ('"1" == 1', False),
        ("true == 1", False),
        ("!(1 > 2) && 3 <= 3", True),
        ('true ? "a" : 1 / 0', "a"),
        ('"a${1}b${true}"', "a1btrue"),
        ('"${[1]}"', [1]),
        (r'"tab\t \"q\" \u00e9 $${x} %%{y}"', 'tab\t "q" é ${x} %{y}'),
        ('"%{ if true }yes%{ else }no%{ endif }"', "yes"),
        ('"%{ for i, x in ["a", "b"] }${i}${x} %{ endfor }"', "0a 1b "),
        ('"x  ${~ 1 ~}  y"', "x1y"),
        ("<<E\n a\n  ${1}\nE", " a\n  1\n"),
        ("<<-E\n    a\n\n      b\n  E", "a\n\n  b\n"),
        ("<<-E\n  %{ for x in [1, 2] ~}\n  ${x}\n  %{ endfor ~}\n  E", "1\n2\n"),
        ('[for k, v in {b = 1, a = 2} : "${k}${v}"]', ["a2", "b1"]),
        ('{for x in ["a", "b"] : upper(x) => x if x != "b"}', {"A": "a"}),
        ('{for x in ["a", "ab"] : substr(x, 0, 1) => x...}', {"a": ["a", "ab"]}),
        ("[{a = [1, 2]}, {a = [3]}][*].a[0]", [1, 3]),
        ("[[1, 2], [3]].*.0", [1, 3]),
        ("{a = {b = 1}}.a[*].b", [1]),
        ("null[*]", []),
        ('{"a-b" = 1, (upper("c")) = 2, null = 3}', {"a-b": 1, "C": 2, "null": 3}),
        ("[1, 2, 3][1]", 2),
        ("[[1]][0].0", 1),
        ('regex("^arn:aws[a-z-]*:(iam|s3)::([0-9]{12})?:(.+)$", "arn:aws:iam::111122223333:r/x")',
         ["iam", "111122223333", "r/x"]),
        ('replace("a-b_c", "/[^a-z]+/", "")', "abc"),
        ('replace("baac", "/a*/", "x")', "xbxcx"),
        ('replace("ab", "/(a)(?P<n>b)/", "$2-$${n}$1$$$9.")', "b-ba$."),
        ('replace("a.b", "/\\\\./", "\\\\")', "a\\b"),
        ('regexall("[[:alpha:]]+", "ab 12 c")', ["ab", "c"]),
        ('regexall("x*", "axb")', ["", "x", ""]),
        ('regex("(?P<year>\\\\d{4})\\\\z", "in 2026")', {"year": "2026"}),
        ('regex("(a)|(b)", "b")', [None, "b"]),
        ('regex("^(a|aa)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")', ["a"]),
        ('regexall("a*a*a*a*b", format("%900s", "a"))', []),
        ('can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", "my-bucket.x"))', True),
        ("max([1, 5, 3]...)", 5),
    ],
)  # fmt: skip
def test_an_expression_has_the_value_that_the_language_gives_it(
    expression: str, wanted: Any
) -> None:
    found = value(expression)
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("u && false", False),
        ("false && u", False),
        ("u || true", True),
        ("u ? 1 : 1", 1),
        ("(u ? {a = 1, b = 2} : {a = 1, b = 3}).a", 1),
        ("r == null", False),
        ('r != ""', True),
        ('coalesce("", null, r)', _ARN),
        ("[u, 1][1]", 1),
        ("merge({a = u}, {b = 1}).b", 1),
        ('contains([u, "x"], "x")', True),
        ("length([u, u])", 2),
        ("try(1, u)", 1),
        ('lookup({a = u, b = 1}, "b", 0)', 1),
        ("jsondecode(jsonencode({a = 1, b = u})).a", 1),
        ('"p/${r}"', Joined(("p/", _ARN))),
        ('"${r}"', _ARN),
        ('replace("a/_BUCKET_/b", "_BUCKET_", r)', Joined(("a/", _ARN, "/b"))),
        ('jsondecode(replace(jsonencode({a = "_BUCKET_", b = u}), "_BUCKET_", "x")).a', "x"),
        ("try([{a = 1}.b], 2)", 2),
        ('try(tobool("x") ? 1 : 2, 3)', 3),
    ],
)  # fmt: skip
def test_the_unknown_decides_nothing_that_the_rest_decides(expression: str, wanted: Any) -> None:
    assert value(expression, u=_UNKNOWN, r=_ARN) == wanted


@pytest.mark.parametrize(
    "expression",
    [
        "u", "u.a.b", "u[0]", "!u", "u && true", "u || false", "u + 1", "u == 1", "u ? 1 : 2",
        "upper(u)", "[for x in u : x]", "{for x in [1] : u => x}", "u[*].a", "{(u) = 1}",
        "try(u, 1)", "can(u)", 'r == "arn:aws:iam::1:role/x"', "upper(r)", "r + 1",
        'contains([u], "x")', "coalesce(u, 1)", "{a = 1}[r]", "length(r)", "nosuch(1)",
        "timestamp()", 'file("/etc/passwd")', "1 / 0", "[1][5]", "{a = 1}.b", "nothing.x",
    ],
)  # fmt: skip
def test_what_is_not_known_is_never_a_value(expression: str) -> None:
    assert isinstance(value(expression, u=_UNKNOWN, r=_ARN), UnknownValue)


def test_the_reason_names_what_is_missing() -> None:
    assert value("upper(u).x", u=_UNKNOWN).why == "var.u has no default"
    assert value('"${r}" + 1', r=_ARN).why == "aws_iam_role.r.arn is only known after the apply"


def test_try_tells_a_mistake_from_what_is_not_known() -> None:
    assert isinstance(value("{a = 1}.b"), InvalidValue)
    assert value("try({a = 1}.b, 2)") == 2
    assert value("can({a = 1}.b)") is False


@pytest.mark.parametrize(
    "bomb",
    [
        "range(1000000000)",
        "setproduct(range(300), range(300))",
        'format("%999999999d", 1)',
        'join(format("%900s", "x"), range(20000))',
        'replace(format("%900s", ""), "", "")' + " + 1",
        'regex("(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!")',
        'regexall("a.*b|a", join("", [for i in range(9000) : "aaaaaaaaaa"]))',
        'replace(join("", [for i in range(9000) : "aaaaaaaaaa"]), "/a.*b|a/", "x")',
        'regex("(?:a|b)*a(?:a|b){900}c", join("", [for i in range(9000) : "aaaaaaaaaa"]))',
        'regex("^(a|aa)+$", format("%60s!", "a"))',
        'regex("^(a?a?)+$", format("%60s!", "a"))',
        'regex("a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?b", format("%60s", "a"))',
        "pow(10, 100000)",
        'parseint(join("", range(9999)), 10)',
        'cidrsubnets("10.0.0.0/8", 99)',
        "flatten([for i in range(9000) : range(9000)])",
    ],
)  # fmt: skip
def test_a_function_that_would_make_too_much_makes_nothing(bomb: str) -> None:
    assert isinstance(value(bomb), UnknownValue)


def test_shared_parts_that_double_at_each_step_end_at_the_budget() -> None:
    source = "".join(f"l{n + 1} = [l{n}, l{n}]\n" for n in range(60))
    known: dict[str, Any] = {"l0": ["x"]}
    budget = Budget(200_000)
    for name, attribute in parse(source).body.attributes.items():
        known[name] = Evaluator(_Only(known), budget).whole(attribute.value)
    deep = parse("a = l60 == [l59, l59]\nb = jsonencode(l60)\nc = flatten(l60)\n").body.attributes
    for attribute in deep.values():
        found = Evaluator(_Only(known), budget).whole(attribute.value)
        assert isinstance(found, UnknownValue)
        assert found.is_over_limit


def test_a_spent_budget_hides_what_costs_more_and_nothing_else() -> None:
    budget = Budget(50)
    source = 'a = [[for x in range(1000) : x + 1], lower("B")]\n'
    expression = parse(source).body.attributes["a"].value
    found = Evaluator(_Only({}), budget).whole(expression)
    assert budget.is_spent
    assert isinstance(found[0], UnknownValue)
    assert found[0].is_over_limit
    assert found[1] == "b"


def test_text_that_doubles_ends_at_its_cap() -> None:
    known: dict[str, Any] = {"a": "x" * 600_000}
    assert isinstance(value('"${a}${a}"', **known), UnknownValue)


def test_the_elements_of_a_set_are_their_own_keys_in_a_loop() -> None:
    for written, wanted in (
        ('{ for k, v in toset(["b", "a"]) : k => v }', {"a": "a", "b": "b"}),
        ('{ for k, v in tolist(toset(["a"])) : "n${k}" => v }', {"n0": "a"}),
        ('[for k, v in setunion(["a"], ["b"]) : k]', ["a", "b"]),
    ):
        assert value(written) == wanted
