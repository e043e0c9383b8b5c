"""Packages that commands of a build install, with the version they ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mlsec.collect.located.located import Node
from mlsec.core.regex import regex
from mlsec.servers.shell.shell_tokens import Command

_PIP = regex(r"(?:.*/)?(?:pip[0-9.]*|uv|pipx|poetry|conda|mamba|micromamba|npm|yarn|pnpm)\Z")
_PINNED = regex(
    r"(?P<name>@?[A-Za-z0-9][A-Za-z0-9._/-]*)(?:\[[A-Za-z0-9,._-]*\])?"
    r"(?:(?:==|=|@)(?P<version>v?[0-9][A-Za-z0-9.+!_-]*))?\Z"
)
_LOOSE = regex(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*(?:[<>~!=].*)?\Z")


def packages_in(commands: Iterable[Command]) -> Iterator[tuple[str, Node]]:
    """Yield name and version (a node, "" for any) of what the commands install."""
    for command in commands:
        words = [node for node in command if isinstance(node.value, str)]
        install = next(
            (n for n, node in enumerate(words) if node.value in ("install", "add", "i")), None
        )
        if install is None or not any(_PIP.match(node.value) for node in words[:install]):
            continue
        for node in words[install + 1 :]:
            if node.value.startswith("-"):
                continue
            match = _PINNED.match(node.value) or _LOOSE.match(node.value)
            if match is not None:
                version = match.groupdict().get("version") or ""
                yield match["name"].lower().replace("_", "-"), Node(version, node.line, node.column)
