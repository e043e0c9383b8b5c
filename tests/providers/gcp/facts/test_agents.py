"""What an app of CX Agent Studio may call on its own, and where that is not known."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown
from mlsec.providers.gcp.facts.agents import tools
from mlsec.providers.gcp.shapes.customer_engagement import (
    acts,
    answers_everybody,
    knowledge,
    sends_credentials,
)
from tests.providers.gcp.facts.gcp import graph_of, thing

_CALLER = {"name": "a/agents/root", "tools": ["a/tools/pay"], "validates_tool_calls": False,
           "is_remote": False}  # fmt: skip
_PAY = {"name": "a/tools/pay", "takes_actions": True}


def version(**properties: Any) -> Resource:
    known = {"agents": [_CALLER], "defined_tools": [_PAY], "defined_toolsets": [], **properties}
    return thing("gcp.ces.version", "1", **known)


def called(**properties: Any) -> Known | Unknown:
    made = version(**properties)
    return tools(made, graph_of(made))


def test_a_tool_that_acts_is_called_without_asking() -> None:
    assert called() == Known([{"name": "pay", "confirmation": "DISABLED"}])


@pytest.mark.parametrize(
    "changed",
    [
        {"agents": [{**_CALLER, "tools": []}]},
        {"defined_tools": [{**_PAY, "takes_actions": False}]},
        {"defined_tools": []},
    ],
)
def test_what_no_agent_may_call_or_does_nothing_is_no_tool(changed: dict[str, Any]) -> None:
    assert called(**changed) == Known([])


@pytest.mark.parametrize(
    "changed",
    [
        {"agents": [{**_CALLER, "validates_tool_calls": True}]},
        {"defined_tools": [{"name": "a/tools/pay"}]},
    ],
)
def test_whether_a_call_is_checked_by_code_or_does_anything_is_not_known(
    changed: dict[str, Any],
) -> None:
    assert called(**changed) == Known([{"name": "pay"}])


def test_an_agent_that_runs_elsewhere_has_tools_that_nothing_tells() -> None:
    assert called(agents=[{**_CALLER, "tools": [], "is_remote": True}]) == Known([{}])


def test_a_version_whose_agents_were_not_told_is_not_known() -> None:
    made = thing("gcp.ces.version", "1", defined_tools=[_PAY], defined_toolsets=[])
    assert isinstance(tools(made, graph_of(made)), Unknown)


def test_a_tool_of_a_kind_that_came_later_is_not_known() -> None:
    assert acts({"name": "t", "openApiTool": {}}) is True
    assert acts({"name": "t", "googleSearchTool": {}}) is False
    assert acts({"name": "t", "brandNewTool": {}}) is None


def test_a_channel_answers_everybody_only_where_its_widget_says_so() -> None:
    widget = {"channelType": "WEB_UI", "webWidgetConfig": {}}
    public = {"securitySettings": {"enablePublicAccess": True}}
    assert answers_everybody(widget) is False
    assert answers_everybody({**widget, "webWidgetConfig": public}) is True
    assert answers_everybody({"channelType": "API"}) is False
    assert answers_everybody({"channelType": "WHATSAPP"}) is None


def test_a_webhook_sends_a_token_unless_it_says_none() -> None:
    assert sends_credentials({"uri": "https://x.example"}) is True
    assert sends_credentials({"serviceAgentAuth": "NONE"}) is False
    assert (
        sends_credentials({"serviceAgentAuth": "NONE", "requestHeaders": {"x-key": "hash"}}) is True
    )


def test_a_corpus_that_the_service_keeps_is_nobodys_bucket() -> None:
    own = {"fileSearchTool": {"corpusType": "USER_OWNED", "fileCorpus": "projects/p/ragCorpora/1"}}
    kept = {"fileSearchTool": {"fileCorpus": "projects/p/ragCorpora/2"}}
    store = {"dataStoreTool": {"dataStoreSource": {"dataStore": {"name": "projects/p/d"}}}}
    assert knowledge([own, kept, store]) == [
        "//aiplatform.googleapis.com/projects/p/ragCorpora/1",
        "//discoveryengine.googleapis.com/projects/p/d",
    ]
