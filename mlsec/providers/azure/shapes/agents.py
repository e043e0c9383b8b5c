"""Shapes of AI Foundry's agents: acting tools, confirmation, searched indexes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

# Tools that look something up, work in a sandbox of the service, or ask the caller's own program to
# do something: none of them acts on its own.
_HARMLESS = frozenset(
    (
        "azure_ai_search",
        "bing_custom_search_preview",
        "bing_grounding",
        "capture_structured_outputs",
        "code_interpreter",
        "computer",
        "computer_use_preview",
        "custom",
        "fabric_dataagent_preview",
        "fabric_iq_preview",
        "file_search",
        "function",
        "image_generation",
        "local_shell",
        "memory_search_preview",
        "sharepoint_grounding_preview",
        "web_iq_preview",
        "web_search",
        "web_search_preview",
        "work_iq_preview",
    )
)
# Tools that act, and that have no confirmation.
_UNASKED = frozenset(
    ("a2a", "a2a_preview", "azure_function", "browser_automation", "browser_automation_preview",
     "openapi")
)  # fmt: skip
_SEARCH = ".search."


def tools(raw: Any) -> list[dict[str, str]] | None:
    """Give an agent's tools that act, with whether a call needs confirmation.

    A tool of a kind that came later has no ``confirmation``: that is not known. So has an agent
    whose tools stand in its own program, or that serves another version than the one that is
    reported.
    """
    if raw is None:
        return None
    latest = raw.get("versions", {}).get("latest", {})
    definition = latest.get("definition", {})
    is_known = definition.get("kind") == "prompt" and not definition.get("harness")
    if not is_known or not _serves(raw, latest):
        return [{"name": "not known"}]
    return [entry for tool in definition.get("tools") or () for entry in _tool(tool)]


def state(raw: Any) -> str | None:
    """Give the state of an agent in the terms of all clouds."""
    return None if raw is None else "ENABLED" if str(raw).lower() == "enabled" else "DISABLED"


def as_list(raw: Any) -> list[str] | None:
    """Give one value as a list, in lower case."""
    return [str(raw).lower()] if raw else None


def anonymous(raw: Any) -> list[str] | None:
    """Give the names of OpenAPI tools that call their server without authentication."""
    if raw is None:
        return None
    apis = [tool.get("openapi", {}) for tool in raw]
    return sorted(
        str(api.get("name", "")) for api in apis if api.get("auth", {}).get("type") == "anonymous"
    )


def searched(raw: Any) -> list[str] | None:
    """Give the connections whose search indexes an agent's tools read, in lower case."""
    if raw is None:
        return None
    indexes = {
        str(index["project_connection_id"]).lower()
        for tool in raw
        for index in tool.get("azure_ai_search", {}).get("indexes", ())
        if index.get("project_connection_id")
    }
    return sorted(indexes)


def search_name(raw: Any) -> str | None:
    """Give the search service that an address names (``https://NAME.search.windows.net``)."""
    host = str(raw or "").partition("://")[2].partition("/")[0].partition(":")[0].lower()
    name, dot, _ = host.partition(_SEARCH)
    return name if dot and name else None


def last_part(raw: Any) -> str | None:
    """Give the name out of a name or a whole ARM id."""
    return str(raw).rstrip("/").rpartition("/")[2].lower() if raw else None


def _serves(raw: Mapping[str, Any], latest: Mapping[str, Any]) -> bool:
    """Whether every request goes to the version that is reported."""
    selector = (raw.get("agent_endpoint") or {}).get("version_selector") or {}
    rules = selector.get("version_selection_rules") or ()
    named = {rule.get("agent_version") for rule in rules}
    return named <= {None, latest.get("version"), "@latest"}


def _tool(tool: Mapping[str, Any]) -> list[dict[str, str]]:
    kind = str(tool.get("type", ""))
    if kind in _HARMLESS:
        return []
    name = str(tool.get("name") or tool.get("server_label") or kind)
    made = {"name": name, "kind": kind}
    if kind == "mcp":
        return [{**made, "confirmation": _asked(tool.get("require_approval"))}]
    return [{**made, **({"confirmation": "DISABLED"} if kind in _UNASKED else {})}]


def _asked(approval: Any) -> str:
    """Whether every call needs confirmation, as by default."""
    if isinstance(approval, Mapping):
        return "DISABLED" if approval.get("never") else "ENABLED"
    return "DISABLED" if approval == "never" else "ENABLED"


AGENT_SHAPES: Mapping[str, Callable[[Any], Any]] = {
    "as_list": as_list,
    "foundry_anonymous": anonymous,
    "foundry_searched": searched,
    "foundry_state": state,
    "foundry_tools": tools,
    "last_part": last_part,
    "search_name": search_name,
}
