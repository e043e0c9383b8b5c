"""Which operation of the scanner's table a request to a Google API is."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from mlsec.collect.walk.plan import Operation
from mlsec.providers.gcp.route import Route
from mlsec.providers.gcp.tables import LIST_ASSET_POLICIES, LIST_ASSETS, plans, routes, table_of
from tests.estate.wire import Request

_HOLE = re.compile(r"\{([a-zA-Z_]+-?)\}")
_HOLES = {"project": "[^/]+", "region": "[^/]+", "region-": "(?:[a-z0-9-]+-)?"}


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One identified request; ``path`` is without a leading slash."""

    service: str
    region: str
    path: str
    query: Mapping[str, list[str]]
    body: Mapping[str, Any]
    request: Request
    operation: Operation | None = None
    name: str = ""

    @property
    def label(self) -> str:
        return f"{self.service}:{self.operation.name if self.operation else self.name}"

    def asked(self, name: str) -> str:
        """Give a query parameter, "" when it was not sent."""
        return self.query.get(name, [""])[0]


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    operation: Operation
    route: Route
    host: re.Pattern[str]
    path: re.Pattern[str]
    literal_chars: int


def identify(request: Request) -> Call | None:
    """Give None for a request that is in no table."""
    parts = urlsplit(request.target)
    # An encoded slash is a part of a name, not a step of the path.
    path = unquote(parts.path.replace("%2F", "%252F")).lstrip("/")
    query = parse_qs(parts.query)
    if request.method == "POST" and path.endswith(("token", ":generateAccessToken")):
        return Call(service="login", name="Token", region="", path=path, query={}, body={},
                    request=request)  # fmt: skip
    host = request.headers.get("host", "").partition(":")[0]
    if path.startswith("storage/v1/"):
        host = "storage.googleapis.com"  # Google's own client names the address that it was given
    fitting = [
        known
        for known in _known()
        if known.route.method == request.method
        and known.host.fullmatch(host)
        and known.path.fullmatch(path)
    ]
    if not fitting:
        return None
    known = min(fitting, key=lambda each: -each.literal_chars)
    if known.operation.label in (LIST_ASSETS.label, LIST_ASSET_POLICIES.label):
        wanted = LIST_ASSETS if query.get("contentType") == ["RESOURCE"] else LIST_ASSET_POLICIES
        known = next(each for each in fitting if each.operation.label == wanted.label)
    place = re.search(r"/locations/([^/:]+)", path)
    return Call(
        service=known.operation.service,
        operation=known.operation,
        region=place[1] if place else "global",
        path=path,
        query=query,
        body=json.loads(request.body) if request.body else {},
        request=request,
    )


@functools.cache
def _known() -> tuple[_Known, ...]:
    table = table_of(plans())
    return tuple(
        _Known(
            operation=table[label],
            route=route,
            host=re.compile(_pattern(route.host or f"{label.partition(':')[0]}.googleapis.com")),
            path=re.compile(_path_pattern(label, route)),
            literal_chars=len(_HOLE.sub("", route.path)),
        )
        for label, route in routes().items()
        if label in table
    )


def _path_pattern(label: str, route: Route) -> str:
    """Give the pattern of a path; of policies asked alike the operation names the collection."""
    service = label.partition(":")[0]
    alike = [
        other
        for other, each in routes().items()
        if each.path == route.path and other.partition(":")[0] == service
    ]
    noun = label.partition(":")[2].removesuffix("GetIamPolicy")
    if len(alike) == 1 or noun == label.partition(":")[2]:
        return _pattern(route.path)
    collection = noun[:1].lower() + noun[1:]
    return _pattern(route.path).replace(".+?", f".+?/{collection}/[^/]+", 1)


def _pattern(template: str) -> str:
    """Turn a template into a pattern: a parameter may be a whole name, with slashes."""
    pieces = _HOLE.split(template)
    return "".join(
        _HOLES.get(piece, ".+?") if at % 2 else re.escape(piece) for at, piece in enumerate(pieces)
    )
