"""A module that is not here is judged as its adapter knows it, and no further than that."""

from __future__ import annotations

import json

import pytest

from mlsec.core.content_paths import content_folder
from mlsec.core.resource import Resource
from mlsec.iac.terraform.evaluation.located_blocks import META
from mlsec.iac.terraform.remote_modules.address import remote_address
from mlsec.iac.terraform.remote_modules.releases import Releases, allowed
from mlsec.iac.terraform.syntax.json_syntax import parse_json
from mlsec.vocabulary.module_adapters import load_adapters
from tests.iac.adapters.differential import resources_of, scope_of

ADAPTERS = load_adapters(content_folder("rules") / "modules")
BUCKET = (
    'module "b" {{\n  source = "{source}"\n{version}  bucket = "models"\n{more}}}\n'
    'resource "aws_s3_bucket_versioning" "v" {{\n  bucket = module.b.s3_bucket_id\n'
    '  versioning_configuration {{\n    status = "Enabled"\n  }}\n}}\n'
)


def bucket(
    source: str = "terraform-aws-modules/s3-bucket/aws",
    version: str = "~> 5.0",
    more: str = "",
) -> tuple[Resource | None, list[str]]:
    written = f'  version = "{version}"\n' if version else ""
    scope = scope_of({"main.tf": BUCKET.format(source=source, version=written, more=more)})
    found = resources_of(scope).get("module.b.aws_s3_bucket.this[0]")
    gaps = [gap.detail for gap in scope.tally.gaps.values() if "main.tf" in gap.subject]
    return found, gaps


def test_a_known_module_is_judged_by_its_inputs_at_the_line_of_each() -> None:
    found, gaps = bucket(more="  block_public_acls = false\n  tags = { a = 1 }\n")
    assert found is not None
    assert found.properties["block_public_acls"] is False
    assert found.properties["block_public_policy"] is True
    assert found.places["tags"] == "main.tf:6:3"
    assert (found.origin.file, found.origin.line) == ("main.tf", 1)
    assert gaps == []


def test_what_refers_to_an_output_is_joined_to_what_the_module_makes() -> None:
    found, _ = bucket()
    assert found is not None
    assert found.properties["versioning"] == "Enabled"


@pytest.mark.parametrize(
    ("version", "more", "why"),
    [
        ("", "", "its version is not pinned"),
        (">= 3.0", "", "its version is not pinned"),
        ("~> 2.0", "", "only 3.0.0 to before 6.0.0 are known"),
        ("~> 6.0", "", "only 3.0.0 to before 6.0.0 are known"),
        ("5.0.0-beta", "", "its version is not pinned"),
        ("~> 5.0", "  surprise = true\n", 'what its input "surprise" does is not known'),
    ],
)
def test_what_an_adapter_does_not_know_is_a_gap_that_names_the_way_out(
    version: str, more: str, why: str
) -> None:
    found, gaps = bucket(version=version, more=more)
    assert found is None
    (gap,) = gaps
    assert why in gap
    assert "run terraform init" in gap


def test_a_default_that_changed_between_releases_is_unknown_unless_the_release_is_known() -> None:
    names = ("block_public_acls", "block_public_policy")
    seen = []
    for version in ("3.8.2", "3.9.0", "~> 3.0"):
        found, _ = bucket(version=version)
        assert found is not None
        seen.append([found.properties.get(n) if n not in found.unread else "?" for n in names])
    assert seen == [[False, False], [True, True], ["?", "?"]]


def test_an_input_that_is_not_known_hides_what_it_decides_and_nothing_else() -> None:
    text = 'variable "v" {}\n' + BUCKET.format(
        source="terraform-aws-modules/s3-bucket/aws",
        version='  version = "5.1.0"\n',
        more="  block_public_acls = var.v\n",
    )
    found = resources_of(scope_of({"main.tf": text}))["module.b.aws_s3_bucket.this[0]"]
    assert "block_public_acls" in found.unread
    assert found.properties["block_public_policy"] is True


@pytest.mark.parametrize(
    "source",
    [
        "registry.terraform.io/terraform-aws-modules/s3-bucket/aws",
        "git::https://github.com/terraform-aws-modules/terraform-aws-s3-bucket.git?ref=v5.1.0",
        "github.com/terraform-aws-modules/terraform-aws-s3-bucket?ref=v5.1.0",
        "git@github.com:terraform-aws-modules/terraform-aws-s3-bucket.git?ref=v5.1.0",
    ],
)
def test_one_module_is_known_by_every_address_that_it_has(source: str) -> None:
    found, gaps = bucket(source, version="~> 5.0" if "registry" in source else "")
    assert found is not None
    assert gaps == []


def test_a_branch_or_a_commit_is_no_release() -> None:
    for ref in ("main", "0123456789abcdef0123456789abcdef01234567"):
        address = f"github.com/terraform-aws-modules/terraform-aws-s3-bucket?ref={ref}"
        found, _ = bucket(address, version="")
        assert found is None


@pytest.mark.parametrize(
    ("constraint", "wanted"),
    [
        ("~> 5.0", Releases((5, 0, 0), (6, 0, 0))),
        ("~> 5.1.2", Releases((5, 1, 2), (5, 2, 0))),
        ("5.1.2", Releases((5, 1, 2), (5, 1, 3))),
        (">= 3.0, < 4.0", Releases((3, 0, 0), (4, 0, 0))),
        (">= 3, != 3.1.0", Releases((3, 0, 0), None)),
        ("> 1.0.0, <= 2.0.0", Releases((1, 0, 1), (2, 0, 1))),
        ("latest", None),
        ("", None),
    ],
)
def test_constraints_are_ranges_of_releases(constraint: str, wanted: Releases | None) -> None:
    assert allowed(constraint) == wanted


def test_an_address_of_another_form_has_no_adapter() -> None:
    assert remote_address("s3::https://s3.amazonaws.com/x/y.zip", "") is None


@pytest.mark.parametrize("source", sorted(ADAPTERS))
def test_every_adapter_is_a_module_that_parses(source: str) -> None:
    for adapter in ADAPTERS[source]:
        parsed = parse_json(adapter.code)
        assert parsed.mistakes == ()
        assert adapter.since < adapter.below
        assert META.isdisjoint(adapter.inputs)
        assert "a template that is not valid" not in repr(parsed.body)


def test_installed_modules_are_read_and_found_where_they_are_called() -> None:
    texts = {
        "main.tf": 'module "m" {\n  source = "acme/thing/aws"\n  open = true\n}\n',
        ".terraform/modules/m/main.tf": 'variable "open" {}\nmodule "in" {\n'
        '  source = "./inner"\n  open = var.open\n}\n',
        ".terraform/modules/m/inner/main.tf": 'variable "open" {}\n'
        'resource "aws_s3_bucket" "b" {\n  bucket = "models"\n}\n'
        'resource "aws_s3_bucket_public_access_block" "b" {\n  bucket = aws_s3_bucket.b.id\n'
        "  block_public_acls = !var.open\n}\n",
    }
    modules = [
        {"Key": "m", "Source": "registry.terraform.io/acme/thing/aws", "Version": "1.0.0",
         "Dir": ".terraform/modules/m"},
        {"Key": "m.in", "Source": "./inner", "Dir": ".terraform/modules/m/inner"},
    ]  # fmt: skip
    texts[".terraform/modules/modules.json"] = json.dumps({"Modules": modules})
    scope = scope_of(texts)
    found = resources_of(scope)
    assert list(found) == ["module.m.module.in.aws_s3_bucket.b"]
    made = found["module.m.module.in.aws_s3_bucket.b"]
    assert made.properties["block_public_acls"] is False
    assert (made.origin.file, made.origin.line) == ("main.tf", 1)
    assert not [gap for gap in scope.tally.gaps.values() if "main.tf" in gap.subject]


@pytest.mark.parametrize(
    ("source", "version", "why"),
    [
        ("acme/other/aws", "1.0.0", "is installed in its place"),
        ("acme/thing/aws", "2.0.0", "another version of it, 2.0.0, is installed"),
    ],
)
def test_what_was_installed_for_another_call_does_not_stand_for_it(
    source: str, version: str, why: str
) -> None:
    listed = [{"Key": "m", "Source": source, "Version": version, "Dir": ".terraform/modules/m"}]
    scope = scope_of({
        "main.tf": 'module "m" {\n  source = "acme/thing/aws"\n  version = "~> 1.0"\n}\n',
        ".terraform/modules/m/main.tf": 'resource "aws_s3_bucket" "b" {}\n',
        ".terraform/modules/modules.json": json.dumps({"Modules": listed}),
    })  # fmt: skip
    assert resources_of(scope) == {}
    (gap,) = [gap.detail for gap in scope.tally.gaps.values() if "main.tf" in gap.subject]
    assert why in gap


def test_the_type_of_a_variable_in_json_gives_its_attributes_their_defaults() -> None:
    kind = "object({acls = optional(bool, true), policy = optional(bool, true)})"
    block = {"bucket": "${aws_s3_bucket.b.id}", "block_public_acls": "${var.v.acls}",
             "block_public_policy": "${var.v.policy}"}  # fmt: skip
    made = resources_of(scope_of({
        "main.tf.json": json.dumps({
            "variable": {"v": {"type": kind, "default": {"policy": False}}},
            "resource": {
                "aws_s3_bucket": {"b": {"bucket": "models"}},
                "aws_s3_bucket_public_access_block": {"b": block},
            },
        })
    }))["aws_s3_bucket.b"]  # fmt: skip
    assert made.properties["block_public_acls"] is True
    assert made.properties["block_public_policy"] is False


def test_an_empty_list_of_blocks_in_json_is_no_block() -> None:
    account = {"name": "a", "location": "l", "resource_group_name": "rg", "kind": "OpenAI",
               "sku_name": "S0", "identity": []}  # fmt: skip
    body = {"resource": {"azurerm_cognitive_account": {"a": account}}}
    made = resources_of(scope_of({"main.tf.json": json.dumps(body)}))
    assert made["azurerm_cognitive_account.a"].properties["principal_ids"] == []
