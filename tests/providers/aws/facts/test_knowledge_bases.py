"""How fresh a knowledge base is, and which roles that query it could change it."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.core.resource import Resource
from tests.providers.aws.facts.assistants import DENIED, REGION, SCOPE, graph_of, thing, unread
from tests.providers.aws.facts.policies import allow, deny, document

BASE = f"arn:aws:bedrock:{REGION}:111122223333:knowledge-base/KB00000001"
OTHER = f"arn:aws:bedrock:{REGION}:111122223333:knowledge-base/KB00000002"
RETRIEVE = allow("bedrock:Retrieve", f"{BASE.rpartition('/')[0]}/*")
SYNC = "bedrock:StartIngestionJob"


def base() -> Resource:
    return thing("aws.bedrock.knowledge_base", BASE, kb_id="KB00000001", role_arn="reader")


def source(*jobs: dict[str, Any], bucket: str | None = None) -> Resource:
    return thing(
        "aws.bedrock.data_source", "source", kb_id="KB00000001", ingestions=jobs, bucket_arn=bucket
    )


def job(status: str, day: int) -> dict[str, Any]:
    return {"status": status, "started_at": f"2026-10-{day:02}T08:00:00Z"}


def role(name: str, *statements: dict[str, Any]) -> Resource:
    return thing(
        "aws.iam.role", name, inline_statements=document(*statements), attached_policies=(),
        boundary_arn=None,
    )  # fmt: skip


def ingesting(*resources: Resource) -> list[str]:
    graph = graph_of(base(), *resources)
    found = graph.targets(graph.resources[BASE], "retrievers_with_write_access")
    assert found.gaps == ()
    return [each.name for each in found.resources]


@pytest.mark.parametrize(
    ("jobs", "ingested_at", "status"),
    [
        ((), None, None),
        ((job("COMPLETE", 2), job("COMPLETE", 5), job("FAILED", 4)), "05", "COMPLETE"),
        ((job("COMPLETE", 2), job("FAILED", 4)), "02", "FAILED"),
        ((job("FAILED", 4), job("IN_PROGRESS", 5)), None, "FAILED"),
    ],
)
def test_newest_job_that_ended_counts(
    jobs: tuple[dict[str, Any], ...], ingested_at: str | None, status: str | None
) -> None:
    found = graph_of(source(*jobs)).resources["source"].properties
    expected = f"2026-10-{ingested_at}T08:00:00Z" if ingested_at else None
    assert (found["ingested_at"], found["last_ingestion_status"]) == (expected, status)


def test_unread_jobs_leave_age_and_end_unread() -> None:
    found = graph_of(unread(source(), "ingestions")).resources["source"].unread
    assert found["ingested_at"] == found["last_ingestion_status"] == (DENIED.id,)


@pytest.mark.parametrize(
    "statements",
    [
        (RETRIEVE, allow(SYNC, BASE)),
        (allow("bedrock:*"),),
        (RETRIEVE, allow("*")),
        (RETRIEVE, allow("bedrock:IngestKnowledgeBaseDocuments")),
        (RETRIEVE, allow("s3:PutObject", "arn:aws:s3:::articles/*")),
    ],
)
def test_role_that_queries_and_changes_is_found(statements: tuple[dict[str, Any], ...]) -> None:
    bucket = thing("aws.s3.bucket", "arn:aws:s3:::articles")
    assert ingesting(role("portal", *statements), source(bucket=bucket.id), bucket) == ["portal"]


@pytest.mark.parametrize(
    "statements",
    [
        (RETRIEVE,),
        (allow(SYNC),),
        (allow("*"),),
        (RETRIEVE, allow(SYNC, OTHER)),
        (allow("bedrock:Retrieve", OTHER), allow(SYNC)),
        (RETRIEVE, allow(SYNC), deny(SYNC)),
        (RETRIEVE, allow("s3:PutObject", "arn:aws:s3:::letters/*")),
    ],
)
def test_role_that_does_one_of_both_is_not_found(statements: tuple[dict[str, Any], ...]) -> None:
    bucket = thing("aws.s3.bucket", "arn:aws:s3:::articles")
    assert ingesting(role("portal", *statements), source(bucket=bucket.id), bucket) == []


def test_role_whose_policies_were_not_read_is_a_gap() -> None:
    hidden = unread(role("portal", RETRIEVE), "inline_statements")
    graph = graph_of(base(), hidden)
    for relation in ("retrievers", "retrievers_with_write_access"):
        found = graph.targets(graph.resources[BASE], relation)
        assert (found.resources, found.gaps) == ((), (DENIED.id,))


def test_roles_that_could_not_be_listed_are_a_gap() -> None:
    graph = graph_of(base(), denied=("aws.iam.role",))
    assert graph.targets(graph.resources[BASE], "retrievers").gaps == (DENIED.id,)


def test_retrievers_are_those_whose_policies_name_it() -> None:
    graph = graph_of(
        base(), role("admin", allow("*")), role("kiosk", RETRIEVE), role("x", allow("bedrock:Get*"))
    )
    found = graph.targets(graph.resources[BASE], "retrievers")
    assert [each.name for each in found.resources] == ["kiosk"]
    assert graph.resources[BASE].scope == SCOPE
