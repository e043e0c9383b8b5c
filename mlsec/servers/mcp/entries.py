"""The MCP servers that a file of settings names, whichever client the file is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from mlsec.collect.located.located import Node

_KEYS = ("mcpServers", "servers", "mcp_servers", "context_servers")
_PLACES = ((), ("mcp",), ("customizations", "vscode", "mcp"), ("settings", "mcp"))
_URLS = ("url", "serverUrl", "httpUrl", "endpoint")
_HEADERS = ("headers", "http_headers")
_RUNNERS = {"npm": "npx", "pypi": "uvx", "oci": "docker"}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One server: how it is started, or the address where it runs.

    ``places`` are the values that a secret may stand in: where, under which name, and the value.
    """

    name: str
    node: Node
    command: str = ""
    arguments: tuple[str, ...] = ()
    url: str = ""
    places: tuple[tuple[str, str, Node], ...] = ()


def entries(root: Node) -> Iterator[Entry]:
    """Give every server that a document of settings, or of the registry, names."""
    if isinstance(root.value, Mapping) and (root.items("packages") or root.items("remotes")):
        yield from _of_registry(root)
        return
    for path in _PLACES:
        for key in _KEYS:
            for name, node in root.pairs(*path, key).items():
                if isinstance(node.value, Mapping) and _is_server(node):
                    yield _of_client(name, node)


def _is_server(node: Node) -> bool:
    return "command" in node.pairs() or any(key in node.pairs() for key in _URLS)


def _of_client(name: str, node: Node) -> Entry:
    command = node.get("command")
    # Some clients take the whole command as a mapping or a list.
    if command is not None and isinstance(command.value, Mapping):
        node = Node({**node.pairs(), **command.pairs(), "command": command.get("path") or Node("")},
                    node.line, node.column)  # fmt: skip
    words = [item.value for item in node.items("command") if isinstance(item.value, str)]
    arguments = tuple(item for item in node.items("args") if isinstance(item.value, str))
    text = words[0] if words else node.text("command")
    url = next((node.text(key) for key in _URLS if node.text(key)), "")
    places = [("environment", key, value) for key, value in node.pairs("env").items()]
    for key in _HEADERS:
        places += [("header", name_, value) for name_, value in node.pairs(key).items()]
    before = ""
    for item in arguments:
        places.append(("argument", before.lstrip("-"), item))
        before = item.value if item.value.startswith("-") else ""
    places += [("address", "url", node.get(key) or Node("")) for key in _URLS if node.text(key)]
    return Entry(
        name=name,
        node=node,
        command=text,
        arguments=(*words[1:], *(item.value for item in arguments)),
        url=url or _proxied(text, arguments),
        places=tuple(places),
    )


def _proxied(command: str, arguments: tuple[Node, ...]) -> str:
    """Give the address of a server that a local proxy leads to."""
    words = [command, *(item.value for item in arguments)]
    if not any("mcp-remote" in word or "mcp-proxy" in word for word in words):
        return ""
    return next((word for word in words if word.startswith(("http://", "https://"))), "")


def _of_registry(root: Node) -> Iterator[Entry]:
    """Give the packages and addresses of a ``server.json``, which the registry shows to clients."""
    for package in root.items("packages"):
        version, identifier = package.text("version"), package.text("identifier")
        runner = _RUNNERS.get(package.text("registryType").lower(), "")
        if not identifier or not runner:
            continue
        glue = "==" if runner == "uvx" else ":" if runner == "docker" else "@"
        named = f"{identifier}{glue}{version}" if version else identifier
        places = [
            ("environment", item.text("name"), item.get("value") or item.get("default") or Node(""))
            for item in package.items("environmentVariables")
        ]
        yield Entry(
            name=identifier, node=package, command=runner,
            arguments=("run", named) if runner == "docker" else (named,), places=tuple(places),
        )  # fmt: skip
    for remote in root.items("remotes"):
        places = [
            ("header", item.text("name"), item.get("value") or Node(""))
            for item in remote.items("headers")
        ]
        yield Entry(name=remote.text("url"), node=remote, url=remote.text("url"),
                    places=tuple(places))  # fmt: skip
