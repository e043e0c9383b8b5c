"""Settings of MCP clients and of the MCP registry as resources, one for each server they name."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from mlsec.collect.code.code_file import CodeFile, CodeScope, Declared, Language
from mlsec.collect.located import json as located_json
from mlsec.collect.located.located import Node
from mlsec.collect.secrets.kinds import secret_kind
from mlsec.collect.secrets.masking import masked_kind
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Resource
from mlsec.servers.mcp.entries import Entry, entries
from mlsec.servers.mcp.started import Started, is_whole, started_by
from mlsec.vocabulary.types import Vocabulary

TYPE = "code.mcp_server"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "host.docker.internal"})  # noqa: S104 - where it leads
# A value that a client or a person fills in before it is used.
_FILLED_IN = ("${", "{{", "<", "$(", "{env:", "%")
_SAMPLES = (".example.", ".sample.", ".template.", ".example", ".sample", ".template")


def read_mcp(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    """Give every MCP server that settings of a target name."""
    del vocabulary
    resources: list[Resource] = []
    for file in scope.written_in(Language.MCP):
        scope.take(file)
        try:
            root = located_json.parse(file.text.lstrip("\ufeff"), comments=True)
        except MlsecError as error:
            scope.refuse_error(file, error)
            continue
        seen: set[str] = set()
        for entry in entries(root):
            resource = _resource(scope, file, entry, seen)
            scope.tally.add((TYPE, scope.name, ""), assessed=1)
            resources.append(resource)
    return Declared(resources=tuple(resources))


def _resource(scope: CodeScope, file: CodeFile, entry: Entry, seen: set[str]) -> Resource:
    started = started_by(entry.command, entry.arguments) if entry.command else Started()
    identity = f"{file.id}#{entry.name}"
    while identity in seen:
        identity += "~"
    seen.add(identity)
    unread: dict[str, tuple[str, ...]] = {}
    if started.why_unknown:
        gap = make_gap(
            scope=scope.name, subject=identity, wanted="package", reason=GapReason.UNRESOLVED,
            detail=f"package: {started.why_unknown}",
        )  # fmt: skip
        scope.tally.gaps[gap.id] = gap
        hidden = ("is_fixed",) if started.package else ("package", "is_fixed", "folders")
        unread = dict.fromkeys(hidden, (gap.id,))
    properties = _properties(entry, started)
    return Resource(
        id=identity,
        type=TYPE,
        provider="code",
        scope=scope.name,
        name=entry.name,
        properties={key: value for key, value in properties.items() if key not in unread},
        unread=unread,
        origin=scope.origin(file, entry.node.line, entry.node.column),
        places={
            f"secrets[{at}]": f"{file.shown}:{line}:1"
            for at, secret in enumerate(properties["secrets"])
            if (line := secret["what"].removeprefix("line ").partition(":")[0]) != "0"
        },
    )


def _properties(entry: Entry, started: Started) -> dict[str, Any]:
    parts = urlsplit(entry.url) if _is_plain(entry.url) else None
    is_remote = bool(parts and parts.scheme in ("http", "https"))
    disabled, enabled = entry.node.get("disabled"), entry.node.get("enabled")
    return {
        "is_enabled": not (disabled is not None and disabled.value is True)
        and not (enabled is not None and enabled.value is False),
        "runner": started.runner or None,
        "package": started.package or None,
        "version": started.version or None,
        "is_fixed": started.is_fixed,
        "scheme": parts.scheme if parts and is_remote else None,
        "is_local": _is_local(parts.hostname or "") if parts and is_remote else None,
        "folders": [_folder(path) for path in started.folders],
        "mounts": [_folder(path) for path in started.mounts],
        "secrets": [
            {"place": place, "name": name, "kind": kind,
             "what": f"line {node.line}: {place} {name} holds a {kind}"}
            for place, name, node in entry.places
            if (kind := _secret(name, node))
        ],
    }  # fmt: skip


def _is_plain(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname) and "{" not in url.partition("?")[0]
    except ValueError:
        return False


def _is_local(host: str) -> bool:
    """Whether an address does not leave the machine, or the containers of one."""
    return host in _LOOPBACK or ("." not in host.strip(".") and ":" not in host)


def _folder(path: str) -> dict[str, Any]:
    return {"path": path, "is_whole": is_whole(path)}


def _secret(name: str, node: Node) -> str:
    text = node.value
    if not isinstance(text, str):
        return ""
    kind = masked_kind(text)
    if kind or any(mark in text for mark in _FILLED_IN):
        return kind
    return secret_kind(text, name) or ""
