"""AI Foundry projects are asked at their own address: where a token goes, how pages follow."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.core.enums import GapReason
from mlsec.providers.azure.client.classify import AzureError, classify_refusal
from mlsec.providers.azure.client.clouds import CLOUDS, Cloud
from mlsec.providers.azure.client.transport import refused_host
from mlsec.providers.azure.route import ProjectRead, project_address
from mlsec.providers.azure.services.cognitive import AGENTS
from mlsec.providers.azure.shapes.agents import anonymous, search_name, searched, tools

PUBLIC = CLOUDS["AzureCloud"]
OWN = Cloud(name="private", authority="https://login.corp.example", is_private=True,
            manager="https://arm.corp.example:8443", audience="https://arm.corp.example",
            projects=PUBLIC.projects)  # fmt: skip


def test_a_project_of_the_cloud_is_asked() -> None:
    assert refused_host("https://shop.services.ai.azure.com/api/projects/p", PUBLIC) is None
    assert refused_host("https://arm.corp.example:8443/api/projects/p", OWN) is None


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "http://shop.services.ai.azure.com/api/projects/p",
        "https://evil.example/api/projects/p",
        "https://evil.example/.services.ai.azure.com",
        "https://shopservices.ai.azure.com.evil.example/p",
        "https://user@shop.services.ai.azure.com/p",
        "https://shop.services.ai.azure.com:8443/p",
        "https://management.azure.com/api/projects/p",
    ],
)
def test_no_token_is_sent_to_another_host(endpoint: str) -> None:
    refused = refused_host(endpoint, PUBLIC)
    assert refused is not None
    assert refused.code == "ForeignHost"


def test_a_cloud_whose_projects_are_nowhere_published_says_so() -> None:
    refused = refused_host("https://shop.services.ai.azure.cn/p", CLOUDS["AzureChinaCloud"])
    assert refused is not None
    assert "not known" in refused.detail


def test_a_closed_network_is_no_missing_right() -> None:
    text = "Public access is disabled. Please configure private endpoint."
    told = classify_refusal(AzureError(status=403, code="403", message=text, headers={}))
    assert told.reason is GapReason.UNSUPPORTED
    assert "scan from there" in told.detail
    other = classify_refusal(
        AzureError(status=403, code="PermissionDenied", message="no", headers={})
    )
    assert other.reason is GapReason.DENIED


def test_the_next_page_begins_after_the_last_agent() -> None:
    assert isinstance(AGENTS, ProjectRead)
    params = {"endpoint": "https://shop.services.ai.azure.com/api/projects/p/"}
    first = project_address(AGENTS, params, "")
    assert first == f"{params['endpoint']}agents?api-version=v1&limit=100"
    assert project_address(AGENTS, params, "a&b").endswith("&after=a%26b")


def _agent(*given: dict[str, Any], kind: str = "prompt", **more: Any) -> dict[str, Any]:
    definition = {"kind": kind, "tools": list(given)}
    return {"versions": {"latest": {"version": "2", "definition": definition}}, **more}


@pytest.mark.parametrize(
    ("approval", "confirmation"),
    [
        ({}, "ENABLED"),
        ({"require_approval": "always"}, "ENABLED"),
        ({"require_approval": "never"}, "DISABLED"),
        ({"require_approval": {"never": {"tool_names": ["look"]}}}, "DISABLED"),
        ({"require_approval": {"always": {"tool_names": ["pay"]}}}, "ENABLED"),
    ],
)
def test_a_server_asks_as_its_tool_says_and_always_when_it_says_nothing(
    approval: dict[str, Any], confirmation: str
) -> None:
    told = tools(_agent({"type": "mcp", "server_label": "crm", **approval}))
    assert told == [{"name": "crm", "kind": "mcp", "confirmation": confirmation}]


def test_a_tool_that_only_looks_is_none_and_one_of_a_new_kind_is_not_known() -> None:
    given = ({"type": "file_search"}, {"type": "function"}, {"type": "brand_new"})
    assert tools(_agent(*given)) == [{"name": "brand_new", "kind": "brand_new"}]
    assert tools(_agent({"type": "openapi"})) == [
        {"name": "openapi", "kind": "openapi", "confirmation": "DISABLED"}
    ]


@pytest.mark.parametrize(
    "agent",
    [
        _agent(kind="hosted"),
        _agent(agent_endpoint={"version_selector": {
            "version_selection_rules": [{"agent_version": "1", "traffic_percentage": 100}]}}),
    ],
)  # fmt: skip
def test_tools_of_a_program_or_of_another_version_are_not_known(agent: dict[str, Any]) -> None:
    assert tools(agent) == [{"name": "not known"}]


def test_what_an_agent_searches_and_calls_without_signing_in() -> None:
    index = {"indexes": [{"project_connection_id": "/A/Connections/Docs"}, {"index_name": "x"}]}
    auth = {"name": "orders", "auth": {"type": "anonymous"}}
    given = [{"type": "azure_ai_search", "azure_ai_search": index}, {"openapi": auth}]
    assert searched(given) == ["/a/connections/docs"]
    assert anonymous(given) == ["orders"]
    assert search_name("https://Docs.search.windows.net/") == "docs"
    assert search_name("https://docs.example") is None
