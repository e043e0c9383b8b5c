"""Which read of the plans' tables an HTTP request is."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from mlsec.providers.azure.collect.reader import plans
from mlsec.providers.azure.route import ArmRead
from mlsec.providers.azure.tables import table_of
from tests.estate.azure_world import type_of
from tests.estate.wire import Request

# Where the invented projects have their own interfaces: the resource's id follows.
PROJECTS = "/api/projects"
_TOKEN = re.compile(r"^/[^/]+/oauth2/v2\.0/token$")
_DISCOVERY = re.compile(r"^/[^/]+/v2\.0/\.well-known/openid-configuration$")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One identified call; ``operation`` is None for signing in."""

    label: str
    path: str
    query: Mapping[str, str]
    request: Request
    operation: ArmRead | None = None
    region: str = ""

    @property
    def service(self) -> str:
        return self.label.partition(":")[0]

    @property
    def has_page_token(self) -> bool:
        return bool({"$skiptoken", "after"} & {name.lower() for name in self.query}) or (
            b"$skipToken" in self.request.body
        )


def identify(request: Request) -> Call | None:
    """Give None for what is in no table, has another api-version, or another method."""
    parts = urlsplit(request.target)
    path = unquote(parts.path)
    if path.startswith(PROJECTS):
        # A project's own interface, below its resource: told as a list below the resource's id.
        path = path.removeprefix(PROJECTS)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    for label, pattern in (("login:Token", _TOKEN), ("login:Discovery", _DISCOVERY)):
        if pattern.match(path):
            return Call(label=label, path=path, query=query, request=request)
    operation = _operation(path, query, request.method)
    if operation is None:
        return None
    return Call(label=operation.label, path=path, query=query, request=request, operation=operation)


def _operation(path: str, query: Mapping[str, str], method: str) -> ArmRead | None:
    found = [
        operation
        for pattern, operation in routes()
        if operation.method == method
        and operation.version == query.get("api-version")
        and operation.query.keys() <= query.keys()
        and pattern.fullmatch(path)
    ]
    # Two reads of one address differ by what they ask for in the query.
    most = max((len(operation.query) for operation in found), default=0)
    found = [operation for operation in found if len(operation.query) == most]
    if len(found) > 1:
        wanted = f"{type_of(path)}/read".lower()
        exact = [o for o in found if o.right.split(",")[0].lower() == wanted]
        found = exact or found
    return found[0] if found else None


@functools.cache
def routes() -> tuple[tuple[re.Pattern[str], ArmRead], ...]:
    """Give every read with the pattern of its path."""
    table = [o for o in table_of(plans()).values() if isinstance(o, ArmRead)]
    return tuple((_pattern(operation.path), operation) for operation in table)


def _pattern(template: str) -> re.Pattern[str]:
    text = ""
    for piece in re.split(r"(\{\w+\})", template):
        if piece in ("{id}", "{scope}"):
            text += r"/(?:subscriptions|providers)/.+?"
        elif piece == "{endpoint}":
            text += r"/subscriptions/.+?/projects/[^/]+"
        else:
            text += "[^/]+" if piece.startswith("{") else re.escape(piece)
    return re.compile(text, re.IGNORECASE)
