"""Whatever a rule or a vocabulary holds, generated code stays data: nothing of it is executed."""

from __future__ import annotations

import ast
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mlsec.core.catalogue import Fix
from mlsec.core.enums import Category, Concern, RuleStatus, Severity
from mlsec.core.resource import Resource
from mlsec.engine.compiler.codegen_runtime import SETTLERS
from mlsec.engine.compiler.compile import FastPass
from mlsec.engine.model.rule import Compare, Condition, Operator, Quantifier, Quantity, Rule
from mlsec.vocabulary.types import Kind, Property, Type, Vocabulary

HOSTILE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "'); import os; os.system('x'); ('",
            '"""',
            "\\",
            "\\'",
            "\n    raise SystemExit\n",
            "{0}",
            "%s",
            "\x00",
            "\ud800",
            "a): a(0)\nimport os #",
            "M",
            "__import__('os')",
        ]
    ),
)
NAMES_MADE_HERE = {
    "judge", "p", "now", "a", "n", "u", "d", "e", "i", "enumerate", "g", "t", "h", "k", "l", "s",
    "M", "TRUE", "FALSE", "compare", "moment_of", "first_moment", "last_moment",
    "map_value", "translated", "all_text", "type", "len", "str", "int", "float", "list", "dict",
    "bool", *SETTLERS, *(o.name for o in Operator), *(k.name for k in Kind),
}  # fmt: skip


def rule_of(must: Condition, index: int) -> Rule:
    return Rule(
        id=f"t/r{index}",
        title="t",
        severity=Severity.LOW,
        category=Category.DATA,
        concern=Concern.DATA,
        status=RuleStatus.STABLE,
        since="0.1",
        resource="t.x",
        must=must,
        why="w",
        fix=Fix(text="f"),
    )


def plan_of(name: str, member: str, constant: str) -> FastPass:
    properties = {
        name: Property(name=name, kind=Kind.STRING),
        f"{name}!": Property(name=f"{name}!", kind=Kind.ENUM, enum=(member,)),
        f"{name}?": Property(name=f"{name}?", kind=Kind.MAP),
        f"{name}#": Property(
            name=f"{name}#",
            kind=Kind.LIST,
            items={member: Property(name=member, kind=Kind.STRING)},
        ),
    }
    owner = Type(name=f"t.{name}", title="t", properties=properties)
    vocabulary = Vocabulary(types={owner.name: owner}, digest="")

    def clause(path: str, operator: Operator, expected: Any) -> Compare:
        return Compare(path=path, operator=operator, expected=expected)

    conditions: list[Condition] = [
        clause(name, Operator.EQ, constant),
        clause(name, Operator.NOT_IN, (constant, member)),
        clause(name, Operator.STARTS_WITH, (constant,)),
        clause(name, Operator.CONTAINS_ANY, (constant, member)),
        clause(name, Operator.MATCHES, "^a"),
        clause(name, Operator.IN_CIDR, ("10.0.0.0/8",)),
        clause(f"{name}!", Operator.IN, (member,)),
        clause(f"{name}?.{constant}", Operator.EQ, member),
        Quantifier(
            quantity=Quantity.NONE,
            over="in",
            path=f"{name}#",
            where=clause(member, Operator.EQ, constant),
        ),
    ]
    rules = tuple(rule_of(condition, n) for n, condition in enumerate(conditions))
    return FastPass(owner, rules, vocabulary)


@settings(max_examples=300, deadline=None)
@given(name=HOSTILE, member=HOSTILE, constant=HOSTILE)
def test_hostile_names_and_constants_stay_inside_literals(
    name: str, member: str, constant: str
) -> None:
    plan = plan_of(name, member, constant)
    tree = ast.parse(plan.source.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))
    assert len(tree.body) == 1
    assert isinstance(tree.body[0], ast.FunctionDef)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    made = {n for n in used if n[0] in "vfxgsRVcw" and n[1:].isdigit()}
    assert used - made <= NAMES_MADE_HERE
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert attributes <= {"get", "append", "startswith", "endswith"}
    assert not any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(tree))


@settings(max_examples=100, deadline=None)
@given(name=HOSTILE, member=HOSTILE, constant=HOSTILE, value=HOSTILE)
def test_hostile_constants_are_compared_as_they_are(
    name: str, member: str, constant: str, value: str
) -> None:
    plan = plan_of(name, member, constant)
    resource = Resource(
        id="r", type="t", provider="p", scope="s", properties={name: value, f"{name}!": member}
    )
    proof = plan.prove(resource, 0.0)
    failed = {index for index, _ in proof.failed}
    assert (0 in failed) is (value != constant)
    assert (2 in failed) is (not value.startswith(constant))
    assert 6 not in failed
    assert 6 not in proof.is_open
