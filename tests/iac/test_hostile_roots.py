"""A root module that is made to cost without end costs the others nothing, and is said."""

from __future__ import annotations

import pytest

from mlsec.collect.code.code_file import Language
from mlsec.iac.terraform import target
from tests.iac.reading import inventory_of, scope_of

HOSTILE = (
    "locals {\n  n = range(400)\n  m = [for a in local.n : [for b in local.n : a + b]]\n}\n"
    'resource "aws_s3_bucket" "early" {\n  bucket = "early"\n}\n'
    'resource "aws_s3_bucket" "x" {\n  bucket = join("", flatten(local.m))\n}\n'
    'resource "aws_s3_bucket" "late" {\n  bucket = "late"\n}\n'
    'resource "aws_s3_bucket_policy" "early" {\n  bucket = "early"\n  policy = "{}"\n}\n'
)
CALM = 'resource "aws_s3_bucket" "b" {\n  bucket = "calm-%s"\n}\n'


def test_a_root_that_spends_all_its_steps_leaves_the_others_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(target, "MAX_ROOT_STEPS", 20_000)
    monkeypatch.setattr(target, "MAX_STEPS", 50_000)
    texts = {"a/main.tf": HOSTILE, "b/main.tf": HOSTILE, "c/main.tf": CALM % "c"}
    scope = scope_of(texts, Language.TERRAFORM)
    found = {each.id: each for each in inventory_of(scope).resources}
    assert found["c#aws_s3_bucket.b"].properties["versioning"] == "Disabled"
    cut = [scope.tally.gaps[gap].detail for gaps in scope.refused.values() for gap in gaps]
    assert sorted(cut) == [
        f"the evaluation of {root} was cut off: too much to work out" for root in "ab"
    ]
    # What was not reached may have set what the early one does not say.
    assert "policy" in found["a#aws_s3_bucket.early"].unread
    assert "a#aws_s3_bucket.late" not in found


def test_all_roots_together_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "MAX_ROOT_STEPS", 20_000)
    monkeypatch.setattr(target, "MAX_STEPS", 30_000)
    texts = {f"{n}/main.tf": HOSTILE for n in range(3)} | {"z/main.tf": CALM % "z"}
    scope = scope_of(texts, Language.TERRAFORM)
    inventory_of(scope)
    assert sorted(scope.refused) == [f"repo/{n}/main.tf" for n in (0, 1, 2, "z")]


def test_settings_without_owners_beside_many_buckets_cost_little() -> None:
    buckets = "".join(CALM.replace('"b"', f'"b{n}"') % n for n in range(400))
    policy = 'resource "aws_s3_bucket_policy" "p%d" {\n  bucket = var.who\n  policy = "{}"\n}\n'
    text = 'variable "who" {}\n' + buckets + "".join(policy % n for n in range(400))
    scope = scope_of({"main.tf": text}, Language.TERRAFORM)
    found = [each for each in inventory_of(scope).resources if each.type == "aws.s3.bucket"]
    assert len(found) == 400
    assert all("policy" in each.unread for each in found)
