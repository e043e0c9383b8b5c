"""Loops over what is written out, functions of the file and choices are worked out as they run."""

from __future__ import annotations

import pytest

from mlsec.core.resource import Resource
from tests.iac.cdk.synthesis import declared
from tests.iac.cdk.test_permissions import ADMIN, ALL, FACT_NAMES, HEAD, open_facts, role_of

LISTED = "new iam.PolicyStatement({ actions: ['s3:ListBucket'], resources: ['*'] })"
PYTHON = """
import aws_cdk as cdk
from aws_cdk import aws_iam as iam, aws_s3 as s3
class S(cdk.Stack):
  def __init__(self, scope, id, given):
    r = iam.Role(self, 'R', assumed_by=iam.ServicePrincipal('x.amazonaws.com'))
    %s
"""
PYTHON_ALL = "iam.PolicyStatement(actions=['*'], resources=['*'])"


def python_role(more: str) -> Resource:
    return role_of(PYTHON % more, "s.py")


def buckets(text: str, name: str = "s.ts") -> list[str]:
    found = declared({name: text})
    return sorted(each.name for each in found if each.type == "aws.s3.bucket")


@pytest.mark.parametrize(
    ("more", "is_admin"),
    [
        (f"const l = [{LISTED}, {ALL}]; for (const s of l) {{ r.addToPolicy(s); }}", True),
        (f"const l = [{LISTED}, {LISTED}]; for (const s of l) {{ r.addToPolicy(s); }}", False),
        (f"[{LISTED}, {ALL}].forEach((s) => r.addToPolicy(s));", True),
        (f"[{LISTED}].forEach(s => {{ r.addToPolicy(s); }});", False),
        (
            (
                "for (const [a, b] of Object.entries({ '*': '*' })) {"
                " r.addToPolicy(new iam.PolicyStatement({ actions: [a], resources: [b] })); }"
            ),
            True,
        ),
        (
            (
                "for (const { a, b } of [{ a: '*', b: '*' }]) {"
                " r.addToPolicy(new iam.PolicyStatement({ actions: [a], resources: [b] })); }"
            ),
            True,
        ),
        (
            (
                "const p = new iam.Policy(this, 'P', { statements: ['*', 's3:GetObject'].map((a) =>"
                " new iam.PolicyStatement({ actions: [a], resources: ['*'] })) });"
                " r.attachInlinePolicy(p);"
            ),
            True,
        ),
        (f"const add = (to: iam.Role) => {{ to.addToPolicy({ALL}); }}; add(r);", True),
        (f"let s = props.x ? r : r; s.addToPolicy({ALL});", True),
        (f"let s; if (props.x) {{ s = r; }} else {{ s = r; }} s.addToPolicy({ALL});", True),
        (
            (
                "const f = new lambda.Function(this, 'F', { role: r }); "
                f"f.role?.attachInlinePolicy(new iam.Policy(this, 'P', {{ statements: [{ALL}] }}));"
            ),
            True,
        ),
        (f"const wide = false; r.addToPolicy(wide ? {ALL} : {LISTED});", False),
    ],
)
def test_what_is_done_in_turns_functions_and_choices_is_done_to_the_role(
    more: str, is_admin: bool
) -> None:
    role = role_of(HEAD % more)
    assert role.properties.get("is_admin", False) is is_admin
    assert not open_facts(role)


@pytest.mark.parametrize(
    "more",
    [
        f"for s in [{PYTHON_ALL}]: r.add_to_policy(s)",
        f"[r.add_to_policy(s) for s in [{PYTHON_ALL}]]",
        (
            "for k, v in {'*': '*'}.items():\n"
            "      r.add_to_policy(iam.PolicyStatement(actions=[k], resources=[v]))"
        ),
        (
            "for n, a in enumerate(['*']):\n"
            "      r.add_to_policy(iam.PolicyStatement(actions=[a], resources=['*']))"
        ),
        (
            "self._add(r, resources=['*'])\n  def _add(self, to, resources, *, actions=('*',)):\n"
            "    to.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources))"
        ),
    ],
)
def test_python_does_the_same(more: str) -> None:
    role = python_role(more)
    assert role.properties["is_admin"] is True
    assert not open_facts(role)


@pytest.mark.parametrize(
    "more",
    [
        "for (const s of props.statements) { r.addToPolicy(s); }",
        f"const l = [{LISTED}]; l.push(props.s); for (const s of l) {{ r.addToPolicy(s); }}",
        f"const l = [r]; props.use(l); for (const s of props.l) {{ s.addToPolicy({ALL}); }}",
        "const l = [r, ...props.l]; for (const s of l) { s.addToPolicy(props.s); }",
        "let s; if (props.x) { s = r; } else { s = props.r; } s.addToPolicy(props.s);",
        f"r.addToPolicy(props.wide ? {ALL} : {LISTED});",
    ],
)
def test_what_is_not_written_out_stays_open(more: str) -> None:
    assert set(FACT_NAMES) <= set(open_facts(role_of(HEAD % more)))


def test_what_is_called_on_another_thing_is_not_called_on_a_role_that_nothing_else_has() -> None:
    assert not open_facts(role_of(HEAD % "props.role.addToPolicy(props.statement);"))
    shared = "this.role = r; props.role.addToPolicy(props.statement);"
    assert open_facts(role_of(HEAD % shared)) == FACT_NAMES


def test_a_function_of_the_file_makes_one_thing_each_time_it_is_called() -> None:
    made = "this.make('one', true); this.make('two'); } make(name: string, old = false) {"
    each = "new s3.Bucket(this, name, { bucketName: name, versioned: old });"
    assert buckets(HEAD % f"{made} {each}") == ["one", "two"]
    python = (
        "self._make('one')\n    self._make(name='two')\n  def _make(self, name, **more):\n"
        "    return s3.Bucket(self, name, bucket_name=name, **more)"
    )
    assert buckets(PYTHON % python, "s.py") == ["one", "two"]


def test_a_function_that_other_files_call_is_read_with_what_is_not_known_too() -> None:
    head = "import * as s3 from 'aws-cdk-lib/aws-s3';\n"
    made = (
        f"{head}export function make(scope: any, name: string) {{\n"
        "  new s3.Bucket(scope, name, { bucketName: name });\n}\nmake(this, 'one');\n"
    )
    assert buckets(made) == ["one"]
    other = {"a.ts": made, "b.ts": f"{head}import {{ make }} from './a';\nmake(this, props.x);\n"}
    names = {each.name for each in declared(other) if each.type == "aws.s3.bucket"}
    assert len(names) == 2


def test_a_turn_that_may_end_early_is_not_certain() -> None:
    loop = "for (const n of ['a', 'b']) { if (n === props.x) continue; %s }"
    made = "new s3.Bucket(this, n, { bucketName: n });"
    assert buckets(HEAD % loop % made) == ["a", "b"]


def test_a_managed_policy_that_a_role_gets_on_a_condition_is_one_that_it_may_have() -> None:
    more = f"if (props.x) {{ r.addManagedPolicy({ADMIN}); }}"
    assert role_of(HEAD % more).properties["is_admin"] is True


def test_loops_in_loops_and_functions_that_call_each_other_stay_small() -> None:
    names = ", ".join(f"'{n}'" for n in range(60))
    loops = "".join(f"for (const v{n} of [{names}]) {{ " for n in range(8))
    text = f"{loops} new s3.Bucket(this, v0); {'}' * 8}"
    calls = "".join(f"const f{n} = () => {{ f{n + 1}(); f{n + 1}(); }};\n" for n in range(30))
    choices = "".join(f"let n{n} = n{n + 1} ?? n{n + 1};\n" for n in range(30))
    # Each is twice or sixty times as much as the one before: all of it would outlast any test.
    assert len(declared({"a.ts": HEAD % text, "b.ts": HEAD % f"{calls} f0();"})) < 1_000
    assert len(declared({"c.ts": HEAD % f"{choices} n0.addToPolicy({ALL});"})) < 1_000
