"""What serves on Vertex AI in the invented company."""

from __future__ import annotations

from tests.estate.gcp_estate import Planted, Site
from tests.estate.gcp_world import Thing, Told

FAULTS: tuple[Planted, ...] = ()


def of_company() -> list[Thing | Told]:
    return []


def of_deployment(site: Site) -> list[Thing | Told]:
    path = f"{site.here}/endpoints/{site.deployment.index + 1000}"
    endpoint = Thing(
        document="aiplatform.v1",
        schema="GoogleCloudAiplatformV1Endpoint",
        path=path,
        asset="aiplatform.googleapis.com/Endpoint",
        body={
            "name": path,
            "displayName": site.name,
            "createTime": "2026-11-01T08:00:00Z",
            "labels": {"owner": "ml-platform"},
        },
    )
    return [endpoint]


def specimens() -> list[Thing | Told]:
    return []
