"""What an app of CX Agent Studio can do on its own: the tools that its agents may call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_ASKS_NOBODY = "DISABLED"


def tools(resource: Resource, graph: Graph) -> Known | Unknown:
    """List the tools that act and that some agent may call.

    The service asks nobody before it calls one. Where code of the app's own looks at each call,
    that code may ask or refuse: the item then has no ``confirmation``, which is not known. An
    agent that runs elsewhere has tools that nothing here says: one item without a name.
    """
    del graph
    tools_called: list[dict[str, Any]] = []
    agents = property_value(resource, "agents")
    if isinstance(agents, Unknown):
        return agents
    for listed, used in (("defined_tools", "tools"), ("defined_toolsets", "toolsets")):
        defined = property_value(resource, listed)
        if isinstance(defined, Unknown):
            return defined
        tools_called += _called(defined.value, agents.value, used)
    if any(agent.get("is_remote") is not False for agent in agents.value):
        tools_called.append({})
    return Known(tools_called)


def _called(
    defined: Iterable[Mapping[str, Any]], agents: Iterable[Mapping[str, Any]], used: str
) -> list[dict[str, Any]]:
    called = []
    for tool in defined:
        name = _short(tool.get("name"))
        callers = [a for a in agents if name in {_short(tool) for tool in a.get(used, ())}]
        if not callers or tool.get("takes_actions") is False:
            continue
        is_unasked = any(agent.get("validates_tool_calls") is False for agent in callers)
        is_sure = tool.get("takes_actions") is True and is_unasked
        called.append({"name": name, **({"confirmation": _ASKS_NOBODY} if is_sure else {})})
    return called


def _short(name: Any) -> str:
    """Give the last part: a snapshot may name what it holds by another app's name."""
    return str(name or "").rpartition("/")[2]


def _joined(*names: str) -> Callable[[Resource, Graph], Known | Unknown]:
    """Make a function that puts several lists of texts together."""

    def join(resource: Resource, graph: Graph) -> Known | Unknown:
        del graph
        facts = [property_value(resource, name) for name in names]
        hidden = [fact for fact in facts if isinstance(fact, Unknown)]
        if hidden:
            return Unknown(tuple(sorted({gap for fact in hidden for gap in fact.gaps})))
        return Known(sorted({text for fact in facts for text in _value(fact)}))

    return join


def _value(fact: Known | Unknown) -> Iterable[str]:
    return fact.value if isinstance(fact, Known) else ()


def guardrail_names(resource: Resource, graph: Graph) -> Known | Unknown:
    """Name the guardrails of a version's app and of its agents."""
    del graph
    own = property_value(resource, "app_guardrails")
    agents = property_value(resource, "agents")
    for fact in (own, agents):
        if isinstance(fact, Unknown):
            return fact
    below = [name for agent in _value(agents) for name in _guardrails(agent)]
    return Known(sorted({*_value(own), *below}))


def _guardrails(agent: Any) -> Iterable[str]:
    return (f"//ces.googleapis.com/{name}" for name in agent.get("guardrails", ()))


GCP_AGENTS: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "gcp_agents.tools": tools,
    "gcp_agents.accounts": _joined("tool_accounts", "toolset_accounts"),
    "gcp_agents.guardrail_names": guardrail_names,
}
