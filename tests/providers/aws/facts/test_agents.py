"""Aliases lead to what they serve, tools to their version, models to their profile."""

from __future__ import annotations

from mlsec.core.resource import Resource
from tests.providers.aws.facts.assistants import DENIED, graph_of, thing, unread


def version(number: str) -> Resource:
    return thing("aws.bedrock.agent_version", f"a/version/{number}", agent_id="A", version=number)


def alias(*versions: str | None) -> Resource:
    routes = [{"version": each, "throughput": None} for each in versions]
    return thing("aws.bedrock.agent_alias", "alias", agent_id="A", alias_id="P", routes=routes)


def agent(id_: str, role: str, model: str = "anthropic.claude") -> Resource:
    return thing("aws.bedrock.agent", id_, agent_id=id_, role_arn=role, foundation_model=model)


def test_alias_leads_to_the_versions_it_routes_to() -> None:
    graph = graph_of(alias("2", None), version("1"), version("2"), version("DRAFT"))
    found = graph.targets(graph.resources["alias"], "versions")
    assert [each.id for each in found.resources] == ["a/version/2"]


def test_version_knows_the_aliases_that_serve_it() -> None:
    graph = graph_of(alias("2"), version("1"), version("2"))
    assert [a.id for a in graph.targets(graph.resources["a/version/2"], "aliases").resources] == [
        "alias"
    ]
    assert graph.targets(graph.resources["a/version/1"], "aliases").resources == ()


def test_alias_with_unread_routes_leads_to_a_gap() -> None:
    graph = graph_of(unread(alias("2"), "routes"), version("2"))
    assert graph.targets(graph.resources["alias"], "versions").gaps == (DENIED.id,)


def test_draft_that_a_flow_alias_serves_is_no_version() -> None:
    served = thing(
        "aws.bedrock.flow_alias",
        "fa",
        flow_arn="f",
        alias_id="TSTALIASID",
        routes=[{"version": "DRAFT"}],
    )
    graph = graph_of(served)
    assert graph.targets(graph.resources["fa"], "versions").resources == ()


def test_tool_leads_to_its_version() -> None:
    group = thing("aws.bedrock.action_group", "g", agent_id="A", agent_version="1")
    graph = graph_of(group, version("1"), version("2"))
    found = graph.targets(graph.resources["g"], "version").resources
    assert [each.id for each in found] == ["a/version/1"]


def test_agents_with_the_same_role_are_named() -> None:
    graph = graph_of(agent("A", "r"), agent("B", "r"), agent("C", "other"))
    found = graph.targets(graph.resources["A"], "agents_with_same_role")
    assert [each.id for each in found.resources] == ["B"]
    assert found.gaps == ()


def test_unread_role_of_another_agent_is_a_gap() -> None:
    graph = graph_of(agent("A", "r"), unread(agent("B", "r"), "role_arn"))
    assert graph.targets(graph.resources["A"], "agents_with_same_role").gaps == (DENIED.id,)


def test_model_that_is_a_profile_leads_to_it_and_any_other_leads_nowhere() -> None:
    profile = thing("aws.bedrock.inference_profile", "arn:p", profile_id="eu.anthropic.claude")
    graph = graph_of(
        agent("A", "r", "eu.anthropic.claude"),
        agent("B", "r", "arn:p"),
        agent("C", "r", "anthropic.claude"),
        profile,
    )
    for name, expected in (("A", ["arn:p"]), ("B", ["arn:p"]), ("C", [])):
        found = graph.targets(graph.resources[name], "inference_profiles")
        assert [each.id for each in found.resources] == expected
        assert found.gaps == ()


def test_model_is_unknown_when_profiles_could_not_be_listed() -> None:
    graph = graph_of(
        agent("A", "r", "eu.anthropic.claude"), denied=("aws.bedrock.inference_profile",)
    )
    assert graph.targets(graph.resources["A"], "inference_profiles").gaps == (DENIED.id,)


def test_bucket_of_another_account_is_foreign() -> None:
    graph = graph_of(
        *(
            thing("aws.bedrock.data_source", name, bucket_owner=owner)
            for name, owner in (("own", "111122223333"), ("none", None), ("x", "444455556666"))
        )
    )
    told = {
        r.id: r.properties["bucket_is_external"] for r in graph.of_type("aws.bedrock.data_source")
    }
    assert told == {"own": False, "none": False, "x": True}
