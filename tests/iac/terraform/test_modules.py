"""Variables, locals, modules, counts and data sources of a whole target."""

from __future__ import annotations

from typing import Any

from mlsec.collect.located.located import UnknownValue, plain
from mlsec.core.enums import GapReason
from mlsec.iac.terraform.target import Target
from mlsec.iac.terraform.values import Joined, Symbol
from tests.iac.terraform.written import body, declared, scope_of


def test_values_come_from_defaults_then_tfvars_then_auto_tfvars() -> None:
    files = {
        "main.tf": 'variable "a" { default = 1 }\nvariable "b" { default = 1 }\n'
        'variable "c" { default = 1 }\nresource "aws_x" "y" { v = [var.a, var.b, var.c] }\n',
        "terraform.tfvars": "b = 2\nc = 2\n",
        "z.auto.tfvars": "c = 3\n",
        "prod.tfvars": "a = 9\n",
    }
    assert body(files) == {"v": [1, 2, 3]}


def test_values_that_no_root_declares_are_a_doubt() -> None:
    scope = scope_of({"main.tf": 'variable "a" {}\n', "prod.tfvars": "b = 9\n"})
    list(Target(scope).declarations())
    assert "declares all the variables that it sets" in scope.doubts["prod.tfvars"][0].detail


def test_a_variable_without_a_value_is_unknown_by_name() -> None:
    found = body(
        'variable "size" {}\nresource "aws_x" "y" {\n  a = var.size\n  b = "m-${var.size}"\n}\n'
    )
    assert found["a"] == UnknownValue("var.size has no default", "‹var.size›")
    assert isinstance(found["b"], Joined)


def test_types_of_variables_convert_and_fill_in_optional_attributes() -> None:
    found = body(
        'variable "v" {\n'
        "  type = object({ n = number, on = optional(bool, true), s = optional(string) })\n"
        '  default = { n = "3" }\n}\nresource "aws_x" "y" {\n  n = var.v.n\n  on = var.v.on\n'
        '  s = var.v.s == null\n}\n'
    )  # fmt: skip
    assert found == {"n": 3, "on": True, "s": True}


def test_null_is_not_set() -> None:
    found = body('resource "aws_x" "y" {\n  a = null\n  m = { k = null, l = 1 }\n}\n')
    assert found == {"m": {"l": 1}}


def test_locals_that_go_round_are_unknown_and_end() -> None:
    found = body(
        'locals {\n  a = local.b\n  b = local.a\n}\nresource "aws_x" "y" { v = local.a }\n'
    )
    assert "refers to itself" in found["v"].why


def test_count_and_for_each_give_one_resource_a_key() -> None:
    found = declared(
        'resource "aws_x" "n" {\n  count = 2\n  i = count.index\n}\n'
        'resource "aws_x" "e" {\n  for_each = toset(["a", "b"])\n'
        "  k = each.key\n  v = each.value\n}\n"
        'resource "aws_x" "m" {\n  for_each = { p = 1 }\n  v = each.value\n}\n'
        'resource "aws_x" "none" {\n  count = 0\n}\n'
    )
    assert [(address, plain(each.body)) for address, each in found.items()] == [
        ("aws_x.n[0]", {"i": 0}),
        ("aws_x.n[1]", {"i": 1}),
        ('aws_x.e["a"]', {"k": "a", "v": "a"}),
        ('aws_x.e["b"]', {"k": "b", "v": "b"}),
        ('aws_x.m["p"]', {"v": 1}),
    ]


def test_an_unknown_count_gives_one_resource_that_is_still_judged() -> None:
    scope = scope_of(
        {
            "main.tf": 'variable "n" {}\nresource "aws_x" "y" {\n  count = var.n\n  open = true\n'
            "  i = count.index\n}\n"
            'resource "aws_z" "w" {\n  arn = aws_x.y[0].arn\n  all = aws_x.y[*].arn\n}\n'
        }
    )
    found = {each.address: each for each in Target(scope).declarations()}
    assert plain(found["aws_x.y"].body)["open"] is True
    assert isinstance(plain(found["aws_x.y"].body)["i"], UnknownValue)
    assert plain(found["aws_z.w"].body)["arn"] == Symbol("aws_x.y", ("arn",))
    hidden = found["aws_x.y"].why_unknown
    assert hidden is not None
    assert "var.n has no default" in hidden.why
    assert not hidden.is_over_limit
    assert "how many aws_x.y there are is not known" in scope.doubts["main.tf"][0].detail


def test_dynamic_blocks_become_blocks_or_stay_unknown() -> None:
    found = body(
        'variable "u" {}\nresource "aws_x" "y" {\n  dynamic "rule" {\n    for_each = [1, 2]\n'
        "    iterator = it\n    content {\n      port = it.value\n    }\n  }\n"
        '  dynamic "other" {\n    for_each = var.u\n    content {}\n  }\n'
        '  dynamic "none" {\n    for_each = []\n    content {}\n  }\n}\n'
    )
    assert found["rule"] == [{"port": 1}, {"port": 2}]
    assert found["other"].why == "var.u has no default"
    assert "none" not in found


def test_a_value_stands_where_the_resource_sets_it() -> None:
    found = declared(
        'locals {\n  list = ["a"]\n}\nresource "aws_x" "y" {\n  plain = local.list\n  own = {\n'
        "    k = 1\n  }\n  block {\n    on = true\n  }\n  json = jsonencode({\n    Statement = [{\n"
        '      Effect = "Allow"\n    }]\n  })\n}\n'
    )["aws_x.y"].body
    lines = {
        path: node.line
        for path in (("plain", 0), ("own", "k"), ("block", 0, "on"), ("json", "Statement", 0))
        if (node := found.get(*path)) is not None
    }
    assert lines == {("plain", 0): 5, ("own", "k"): 7, ("block", 0, "on"): 10,
                     ("json", "Statement", 0): 13}  # fmt: skip
    assert found.get("json", "Statement", 0, "Effect").line == 14  # type: ignore[union-attr]


_CHILD = (
    'variable "name" {}\nresource "aws_x" "y" {\n  name = var.name\n}\n'
    'output "arn" { value = aws_x.y.arn }\noutput "name" { value = upper(var.name) }\n'
)


def test_a_called_module_is_judged_through_its_callers() -> None:
    files = {
        "infra/main.tf": 'module "m" {\n  source = "../lib"\n'
        '  for_each = { a = "one", b = "two" }\n'
        '  name = each.value\n}\nresource "aws_z" "w" {\n  arn = module.m["a"].arn\n'
        '  name = module.m["b"].name\n}\n',
        "lib/main.tf": _CHILD,
    }
    found = declared(files)
    assert list(found) == ["aws_z.w", 'module.m["a"].aws_x.y', 'module.m["b"].aws_x.y']
    assert plain(found['module.m["b"].aws_x.y'].body) == {"name": "two"}
    assert plain(found["aws_z.w"].body) == {
        "arn": Symbol('module.m["a"].aws_x.y', ("arn",)), "name": "TWO",
    }  # fmt: skip


def test_a_module_that_nobody_calls_is_a_root_with_its_variables_unknown() -> None:
    assert body({"lib/main.tf": _CHILD})["name"].why == "var.name has no default"


def test_modules_that_call_each_other_are_refused_and_still_judged() -> None:
    one = 'module "n" {\n  source = "../b"\n}\nresource "aws_x" "one" {}\n'
    other = 'module "n" {\n  source = "../a"\n}\nresource "aws_x" "other" {}\n'
    scope = scope_of({"a/main.tf": one, "b/main.tf": other})
    found = {each.address for each in Target(scope).declarations()}
    assert {"aws_x.one", "module.n.aws_x.other"} <= found
    assert "calls itself" in scope.doubts["b/main.tf"][0].detail


def test_a_module_from_elsewhere_is_not_read_and_its_outputs_are_unknown() -> None:
    scope = scope_of(
        {
            "main.tf": 'module "r" {\n  source = "terraform-aws-modules/s3-bucket/aws"\n}\n'
            'module "up" {\n  source = "../outside"\n}\nresource "aws_x" "y" { v = module.r.id }\n'
        }
    )
    found, *_ = list(Target(scope).declarations())
    assert "is not in this folder" in plain(found.body)["v"].why
    gaps = [scope.tally.gaps[gap] for gap in scope.refused["main.tf"]]
    assert "what it declares was not judged" in gaps[0].detail
    assert "is outside the scanned folder" in gaps[1].detail
    assert [(gap.subject, gap.reason) for gap in gaps] == [
        ("main.tf:1", GapReason.UNSUPPORTED),
        ("main.tf:4", GapReason.UNSUPPORTED),
    ]


def test_override_files_change_what_the_others_declare() -> None:
    files = {
        "main.tf": 'resource "aws_x" "y" {\n  a = 1\n  b = 1\n  c { v = 1 }\n  d { v = 1 }\n}\n',
        "x_override.tf": 'resource "aws_x" "y" {\n  b = 2\n  c { v = 2 }\n}\n',
    }
    assert body(files) == {"a": 1, "b": 2, "d": [{"v": 1}], "c": [{"v": 2}]}


def test_json_syntax_and_hcl_declare_the_same() -> None:
    text = (
        '{"variable": {"n": {"default": "q"}},'
        ' "resource": {"aws_x": {"y": {"name": "a-${var.n}"}}}}'
    )
    assert body({"main.tf.json": text}) == {"name": "a-q"}


def test_provider_settings_follow_aliases_and_calls() -> None:
    files = {
        "main.tf": 'provider "aws" {\n  region = "eu-west-1"\n}\nprovider "aws" {\n  alias  = "w"\n'
        '  region = "us-west-2"\n}\nresource "aws_x" "a" {}\nresource "aws_x" "b" {\n'
        '  provider = aws.w\n}\nmodule "m" {\n  source = "./m"\n  providers = { aws = aws.w }\n}\n',
        "m/main.tf": 'resource "aws_x" "c" {}\n',
    }
    regions = {address: each.provider["region"] for address, each in declared(files).items()}
    assert regions == {
        "aws_x.a": "eu-west-1", "aws_x.b": "us-west-2", "module.m.aws_x.c": "us-west-2",
    }  # fmt: skip


def test_files_are_read_from_the_evidence_and_from_nowhere_else() -> None:
    files = {
        "infra/main.tf": 'resource "aws_x" "y" {\n  a = file("${path.module}/p.json")\n'
        '  b = file("/etc/hostname")\n  c = file("../../../etc/hostname")\n'
        '  d = templatefile("${path.module}/t.tpl", { who = "me" })\n'
        '  e = templatefile("${path.module}/t.tpl", {})\n  f = fileexists("nothing.txt")\n}\n',
        "infra/p.json": '{"AWSTemplateFormatVersion": 1, "Type": "AWS::X"}',
        "infra/t.tpl.sh": "",
    }
    found = body(files)
    assert found["a"].startswith("{")
    assert all(isinstance(found[name], UnknownValue) for name in "bcdef")


def test_a_policy_document_is_its_json() -> None:
    found = body(
        'data "aws_iam_policy_document" "base" {\n  statement {\n    sid = "One"\n'
        '    actions = ["s3:Get*"]\n    resources = ["*"]\n  }\n}\n'
        'data "aws_iam_policy_document" "p" {\n'
        "  source_policy_documents = [data.aws_iam_policy_document.base.json]\n"
        '  statement {\n    effect = "Deny"\n    actions = ["s3:*"]\n'
        "    resources = [aws_z.b.arn]\n    principals {\n"
        '      type = "AWS"\n      identifiers = ["*"]\n    }\n    condition {\n'
        '      test = "Bool"\n      variable = "aws:SecureTransport"\n      values = ["false"]\n'
        '    }\n  }\n}\nresource "aws_z" "b" {}\n'
        'resource "aws_x" "y" { policy = data.aws_iam_policy_document.p.json }\n'
    )
    first, second = found["policy"]["Statement"]
    assert first == {"Sid": "One", "Effect": "Allow", "Action": ["s3:Get*"], "Resource": ["*"]}
    assert second == {
        "Effect": "Deny",
        "Action": ["s3:*"],
        "Resource": [Symbol("aws_z.b", ("arn",))],
        "Principal": {"AWS": ["*"]},
        "Condition": {"Bool": {"aws:SecureTransport": ["false"]}},
    }


def test_a_policy_document_with_an_unknown_source_is_unknown() -> None:
    found = body(
        'variable "base" {}\ndata "aws_iam_policy_document" "p" {\n'
        "  source_policy_documents = [var.base]\n  statement {\n"
        '    actions = ["s3:*"]\n    resources = ["*"]\n  }\n}\n'
        'resource "aws_x" "y" { policy = data.aws_iam_policy_document.p.json }\n'
    )
    assert isinstance(found["policy"], UnknownValue)


def test_who_applies_the_code_is_its_own_account() -> None:
    found: Any = body(
        'data "aws_caller_identity" "me" {}\ndata "aws_partition" "p" {}\n'
        'resource "aws_x" "y" {\n  a = data.aws_caller_identity.me.account_id\n'
        '  p = data.aws_partition.p.partition\n}\n'
    )  # fmt: skip
    assert found == {"a": Symbol("own", ("account",)), "p": "aws"}


def test_other_data_sources_are_unknown_by_name() -> None:
    found = body(
        'data "aws_ami" "a" {}\nresource "aws_x" "y" {\n  i = data.aws_ami.a.image_location\n}\n'
    )
    assert found["i"].why == "data.aws_ami.a.image_location is looked up at the apply"


def test_what_cannot_be_parsed_is_refused_with_its_line() -> None:
    scope = scope_of({"main.tf": 'resource "aws_x" "y" {}\nbad = = 1\n'})
    assert [each.address for each in Target(scope).declarations()] == ["aws_x.y"]
    gap = scope.tally.gaps[scope.refused["main.tf"][0]]
    assert gap.subject == "main.tf:2"


def test_a_module_called_many_times_over_ends_at_the_cap() -> None:
    """Ten modules that each call the next twenty times would be 20**10 uses."""
    files = {
        f"m{n}/main.tf": f'module "n" {{\n  source = "../m{n + 1}"\n  count = 20\n}}\n'
        for n in range(10)
    }
    files["m10/main.tf"] = 'resource "aws_x" "y" {}\n'
    scope = scope_of(files)
    made = sum(1 for _ in Target(scope).declarations())
    assert made <= 20_000
    assert scope.refused


def test_a_value_that_doubles_at_each_step_is_not_written_out() -> None:
    doubled = "".join(f"  l{n + 1} = [local.l{n}, local.l{n}]\n" for n in range(80))
    found = body(
        f'locals {{\n  l0 = ["x"]\n{doubled}}}\n'
        'resource "aws_x" "y" {\n  a = local.l80\n  b = { c = local.l80 }\n}\n'
    )
    assert isinstance(found["a"], UnknownValue)
    assert isinstance(found["b"]["c"], UnknownValue)


def test_templates_that_call_themselves_end() -> None:
    call = "${templatefile(f, { f = f })}"
    files = {
        "main.tf": 'resource "aws_x" "y" {\n  a = templatefile("t.sh", { f = "t.sh" })\n}\n',
        "t.sh": f"{call}{call}{call}\n",
    }
    assert isinstance(body(files)["a"], (UnknownValue, Joined))
