"""MCP servers that code opens to other machines without asking who calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.python.call import Call
from mlsec.iac.python.serving import Exposure

_CLASSES = ("fastmcp.FastMCP", "mcp.server.fastmcp.FastMCP", "fastmcp.server.FastMCP")
_RUNS = tuple(f"{name}().{method}" for name in _CLASSES for method in ("run", "run_async"))
_ON_NETWORK = ("sse", "http", "streamable-http", "streamable_http")
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared, nothing is bound
# Arguments of the server or of its start by which it may ask who calls.
_ASKS = frozenset({"auth", "token_verifier", "auth_server_provider", "middleware"})


def is_mcp_call(name: str) -> bool:
    """Whether a call of this name starts such a server."""
    return name in _RUNS


def open_mcp_servers(calls: Sequence[Call]) -> Iterator[Exposure]:
    """Give the starts of servers that listen on all addresses and have no authentication."""
    for call in calls:
        made = call.on
        if call.name not in _RUNS or made is None or made.is_open or call.is_open:
            continue
        transport = call.argument("transport", 0)
        host = call.kwargs.get("host") or made.kwargs.get("host")
        mode = transport.value if transport is not None else "stdio"
        is_far = mode in _ON_NETWORK and _known(host) in _EVERYWHERE
        if is_far and not _ASKS & {*call.kwargs, *made.kwargs}:
            what = f"run(transport={mode}) on all addresses"
            yield Exposure(call=call, kind="mcp-without-authentication", what=what)


def _known(host: Node | None) -> str:
    value = host.value if host is not None else None
    return "" if isinstance(value, UnknownValue) else str(value or "")
