"""Whether a bucket is the account's own is told only when the account's buckets were all listed."""

from __future__ import annotations

from mlsec.core.coverage import TypeCoverage, coverage_of
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Inventory, Resource
from mlsec.graph.build import build_graph
from mlsec.targets.facts import FACTS
from tests.shipped import shipped_vocabulary

VOCABULARY = shipped_vocabulary()
DENIED = make_gap(
    scope="aws/1", subject="", wanted="s3:ListBuckets", reason=GapReason.DENIED, detail=""
)


def job() -> Resource:
    return Resource(
        id="arn:aws:sagemaker:eu-west-1:1:training-job/a",
        type="aws.sagemaker.training_job",
        provider="aws",
        scope="aws/1",
        region="eu-west-1",
        properties={"inputs": [{"bucket": "ours"}, {"bucket": "theirs"}]},
    )


def bucket(name: str, scope: str) -> Resource:
    return Resource(
        id=f"arn:aws:s3:::{name}", type="aws.s3.bucket", provider="aws", scope=scope, name=name
    )


def judged(*buckets: Resource, is_complete: bool = True) -> Resource:
    coverage = TypeCoverage(
        type="aws.s3.bucket",
        scope="aws/1",
        region="",
        is_complete=is_complete,
        gaps=() if is_complete else (DENIED.id,),
    )
    inventory = Inventory(
        resources=(job(), *buckets), gaps=(DENIED,), coverage=coverage_of([coverage])
    )
    graph = build_graph(VOCABULARY, inventory, FACTS)
    return graph.resources[job().id]


def test_bucket_that_is_not_among_ours_is_elsewhere() -> None:
    found = judged(bucket("ours", "aws/1"))

    assert found.properties["external_input_buckets"] == ["theirs"]


def test_bucket_of_another_scanned_account_is_elsewhere() -> None:
    found = judged(bucket("ours", "aws/1"), bucket("theirs", "aws/2"))

    assert found.properties["external_input_buckets"] == ["theirs"]


def test_all_ours_is_none_elsewhere() -> None:
    found = judged(bucket("ours", "aws/1"), bucket("theirs", "aws/1"))

    assert found.properties["external_input_buckets"] == []


def test_denied_listing_leaves_the_owner_unread() -> None:
    found = judged(bucket("ours", "aws/1"), is_complete=False)

    assert "external_input_buckets" not in found.properties
    assert DENIED.id in found.unread["external_input_buckets"]
