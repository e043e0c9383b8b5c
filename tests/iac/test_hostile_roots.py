"""A root module that is made to cost without end costs the others nothing, and is said."""

from __future__ import annotations

from mlsec.collect.code.code_file import Language
from mlsec.core.enums import GapReason
from tests.iac.reading import inventory_of, scope_of

HOSTILE = (
    "locals {\n  n = range(900)\n  m = [for a in local.n : [for b in local.n : a + b]]\n}\n"
    'resource "aws_s3_bucket" "early" {\n  bucket = "early"\n}\n'
    'resource "aws_s3_bucket" "x" {\n  bucket = join("", flatten(local.m))\n}\n'
    'resource "aws_s3_bucket" "late" {\n  bucket = "late"\n}\n'
)
CALM = 'resource "aws_s3_bucket" "b" {\n  bucket = "calm-%s"\n}\n'


def test_a_root_that_costs_too_much_leaves_the_others_theirs() -> None:
    texts = {f"{n:02}/main.tf": HOSTILE for n in range(40)} | {"z/main.tf": CALM % "z"}
    scope = scope_of(texts, Language.TERRAFORM)
    found = {each.id: each for each in inventory_of(scope).resources}
    assert found["z#aws_s3_bucket.b"].properties["versioning"] == "Disabled"
    gaps = [scope.tally.gaps[gap] for gaps in scope.refused.values() for gap in gaps]
    # Each of the hostile ones, at the line that costs too much, and no other.
    assert sorted(gap.subject for gap in gaps) == [f"repo/{n:02}/main.tf:3" for n in range(40)]
    assert {gap.reason for gap in gaps} == {GapReason.OVER_LIMIT}
    for name in ("early", "late"):
        assert found[f"39#aws_s3_bucket.{name}"].properties["versioning"] == "Disabled"


def test_settings_without_owners_beside_many_buckets_cost_little() -> None:
    buckets = "".join(CALM.replace('"b"', f'"b{n}"') % n for n in range(400))
    policy = 'resource "aws_s3_bucket_policy" "p%d" {\n  bucket = var.who\n  policy = "{}"\n}\n'
    text = 'variable "who" {}\n' + buckets + "".join(policy % n for n in range(400))
    scope = scope_of({"main.tf": text}, Language.TERRAFORM)
    found = [each for each in inventory_of(scope).resources if each.type == "aws.s3.bucket"]
    assert len(found) == 400
    assert all("policy" in each.unread for each in found)
