"""A guardrail is judged by the version that is in use, and a reference never gets lost."""

from __future__ import annotations

from typing import Any

from mlsec.core.resource import Resource
from tests.providers.aws.facts.assistants import DENIED, graph_of, thing, unread

ARN = "arn:aws:bedrock:eu-west-1:111122223333:guardrail/g1"
GUARDRAIL = thing("aws.bedrock.guardrail", ARN, guardrail_id="g1")


def version(number: str) -> Resource:
    return thing(
        "aws.bedrock.guardrail_version",
        f"{ARN}:{number}",
        guardrail_arn=ARN,
        guardrail_id="g1",
        version=number,
    )


def agent(id_: str, guardrail: str | None, number: str | None) -> Resource:
    return thing(
        "aws.bedrock.agent", id_, agent_id=id_, guardrail__id=guardrail, guardrail__version=number
    )


def is_live(resource_id: str, *resources: Resource, denied: tuple[str, ...] = ()) -> Any:
    held = graph_of(GUARDRAIL, *resources, denied=denied).resources[resource_id]
    return held.properties.get("is_live", held.unread.get("is_live"))


def test_version_is_found_by_id_and_by_arn() -> None:
    for name in ("g1", ARN):
        graph = graph_of(GUARDRAIL, version("1"), version("2"), agent("a", name, "1"))
        found = graph.targets(graph.resources["a"], "guardrail_version")
        assert [each.id for each in found.resources] == [f"{ARN}:1"]
        assert found.gaps == ()


def test_reference_to_an_unknown_version_is_a_stub_and_no_gap_for_others() -> None:
    graph = graph_of(GUARDRAIL, version("1"), agent("a", "elsewhere", "7"))
    (target,) = graph.targets(graph.resources["a"], "guardrail_version").resources
    assert target.is_stub
    assert "elsewhere 7" in target.id
    assert graph.resources[f"{ARN}:1"].properties["is_live"] is True


def test_unread_guardrail_of_an_agent_is_a_gap_and_not_no_guardrail() -> None:
    graph = graph_of(unread(agent("a", "g1", "1"), "guardrail.id"), version("1"))
    assert graph.targets(graph.resources["a"], "guardrail_version").gaps == (DENIED.id,)


def test_newest_version_and_used_version_are_live_and_the_rest_is_not() -> None:
    all_ = (version("DRAFT"), version("1"), version("2"), version("10"), agent("a", "g1", "1"))
    assert is_live(f"{ARN}:10", *all_) is True
    assert is_live(f"{ARN}:1", *all_) is True
    assert is_live(f"{ARN}:2", *all_) is False
    assert is_live(f"{ARN}:DRAFT", *all_) is False


def test_draft_is_live_when_nothing_was_published_or_when_it_is_used() -> None:
    assert is_live(f"{ARN}:DRAFT", version("DRAFT")) is True
    used = agent("a", "g1", "DRAFT")
    assert is_live(f"{ARN}:DRAFT", version("DRAFT"), version("1"), used) is True


def test_old_version_is_unknown_when_agents_could_not_be_listed() -> None:
    held = is_live(f"{ARN}:1", version("1"), version("2"), denied=("aws.bedrock.agent",))
    assert held == (DENIED.id,)


def test_version_that_a_flow_node_names_is_live() -> None:
    nodes = [{"guardrail_id": "g1", "guardrail_version": "1"}, {"guardrail_id": None}]
    flow = thing("aws.bedrock.flow_version", "f:1", nodes=nodes)
    assert is_live(f"{ARN}:1", version("1"), version("2"), flow) is True
