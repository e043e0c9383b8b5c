"""How an operation becomes one HTTP request: method, host and path, as data beside the plans."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

_HOLE = re.compile(r"\{([a-z_A-Z]+-?)\}")
# POST is for what changes things; these only read, and nothing else is ever posted.
READ_POSTS = (":getIamPolicy", ":getAncestry", ":testIamPermissions")
GLOBAL = "global"


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One row: the key in a table of routes is the operation's label (``aiplatform:ListModels``).

    ``path`` has no leading slash. ``{project}`` and ``{region}`` are those of the request (region
    ``global`` for what is global); every other hole is filled from the operation's parameter of
    that name (a full name ``//host/...`` loses its host). Parameters without a hole go into the
    query, or into the body of a POST.
    ``host`` is ``{service}.googleapis.com`` when empty; ``{region-}`` in it is ``europe-west4-``,
    or nothing for what is global.
    ``page_size`` is asked for with ``size_name``; 0 leaves it to the service.
    ``asset`` is the Cloud Asset Inventory type whose listing stands for this answer, with all its
    properties: give it only where the inventory's data is this very resource. ``asset_name`` is the
    name of such an asset where it is not ``//host/`` and the path without its version.
    ``aggregated`` names the list inside each place of a Compute Engine ``aggregated`` answer: the
    answer is then flattened to ``{"items": [...]}``.
    ``locations`` is the label of the operation that lists the service's own locations: the
    operation is asked in each of them, and the answers are one list. ``places`` are the locations
    of a service that lists none.
    ``query`` are parameters that always go into the query, also of a POST: text with holes.
    ``is_window``: what the API says exists without it too (service accounts, policies); where it
    is switched off, that is hidden, not absent.
    """

    path: str
    host: str = ""
    method: str = "GET"
    page_size: int = 0
    size_name: str = "pageSize"
    asset: str = ""
    asset_name: str = ""
    aggregated: str = ""
    locations: str = ""
    places: tuple[str, ...] = ()
    query: Mapping[str, str] = msgspec.field(default_factory=dict)
    is_window: bool = False

    @property
    def holes(self) -> tuple[str, ...]:
        """The names of the holes of path and query, in order."""
        return tuple(_HOLE.findall(" ".join((self.path, *self.query.values()))))

    @property
    def is_read(self) -> bool:
        """Whether such a request cannot change anything."""
        return self.method == "GET" or (self.method == "POST" and self.path.endswith(READ_POSTS))


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request goes: project id and location (``global`` for none)."""

    project: str
    region: str


def host_of(route: Route, service: str, place: Place) -> str:
    """Give the host of a request."""
    host = route.host or f"{service}.googleapis.com"
    return _HOLE.sub(lambda hole: _place_text(hole.group(1), place), host)


def path_of(route: Route, place: Place, params: Mapping[str, Any]) -> str:
    """Fill the path.

    Raises:
        KeyError: a hole that neither the place nor a parameter fills.
    """
    # A name may hold an encoded slash, as the names of deny policies do.
    return _HOLE.sub(lambda hole: quote(_text(hole.group(1), place, params), "/:@~%"), route.path)


def query_of(route: Route, place: Place, params: Mapping[str, Any]) -> dict[str, str]:
    """Fill the parameters that always go into the query."""
    return {
        name: _HOLE.sub(lambda hole: _text(hole.group(1), place, params), text)
        for name, text in route.query.items()
    }


def rest_of(route: Route, params: Mapping[str, Any]) -> dict[str, Any]:
    """Give the parameters that neither the path nor the fixed query takes."""
    holes = route.holes
    return {name: value for name, value in params.items() if name not in holes}


def _text(name: str, place: Place, params: Mapping[str, Any]) -> str:
    if name in params:
        value = str(params[name])
        return value.partition("//")[2].partition("/")[2] if value.startswith("//") else value
    return _place_text(name, place)


def _place_text(name: str, place: Place) -> str:
    match name:
        case "project":
            return place.project
        case "region":
            return place.region
        case "region-":
            return "" if place.region == GLOBAL else f"{place.region}-"
    raise KeyError(name)
