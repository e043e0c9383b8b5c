"""The client the walk talks to: Cloud Asset Inventory first, then the service; ids for numbers.

It stands over a live or a stored client alike, so that reading a snapshot gives what collecting it
gave.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any

import msgspec

from mlsec.collect.walk.client import CallResult, Client, Request, gap_for
from mlsec.core.enums import GapReason
from mlsec.core.resource import Gap
from mlsec.providers.gcp.route import GLOBAL, Place, Route, path_of
from mlsec.providers.gcp.tables import DISCOVERY, LIST_ASSET_POLICIES, LIST_ASSETS
from mlsec.snapshot.records import canonical

_NUMBER = re.compile(r"\bprojects/(\d+)(?=[/:]|$)")
_LOCATION = re.compile(r"/(?:locations|regions|zones)/([a-z0-9-]+)(?:/|$)")
_ZONE = re.compile(r"^([a-z]+-[a-z]+\d+)-[a-z]$")
_VERSION = re.compile(r"^v\d")
_HOLE = re.compile(r"\\\{[a-zA-Z_-]+\\?\}")
# What names an entry's place, whatever the service calls it.
_SELF = ("name", "selfLink", "location", "region", "zone")
REGION = "~region"
NAME = "Cloud Asset Inventory"
# The index is eventually consistent, and now and then misses an update: the report says so.
LAG = "what is newer than Cloud Asset Inventory's index of it, which lags by minutes or more"
_PLACES = {operation.label: operation for operation in DISCOVERY}


class _Index(msgspec.Struct, frozen=True, kw_only=True):
    """One listing of the inventory: assets by name, or why it cannot stand for the service."""

    assets: Mapping[str, Any] | None = None
    call: str = ""


class AssetInventoryClient:
    """Answers from the inventory where it is readable and has the type, else asks the service.

    ``parents`` maps a scope to what its inventory is asked of, and under which scope: the
    organisation when one listing covers all projects. ``numbers`` maps project numbers to ids.
    ``anywhere`` are scopes whose locations are not known: there one question stands for all.
    """

    def __init__(
        self,
        inner: Client,
        routes: Mapping[str, Route],
        numbers: Mapping[str, str],
        parents: Mapping[str, str],
        anywhere: frozenset[str] = frozenset(),
    ) -> None:
        self.in_flight = inner.in_flight
        self._inner, self._routes = inner, routes
        self._numbers, self._parents, self._anywhere = numbers, parents, anywhere
        self._guard = Lock()
        self._making: dict[tuple[str, str, str], Lock] = {}
        self._shared: dict[tuple[str, str, str], CallResult | Gap] = {}
        self._indexes: dict[tuple[str, str, str], _Index] = {}

    def ask(self, request: Request) -> CallResult | Gap:
        """Give the answer with project ids in place of numbers, and entries that name a place."""
        route = self._routes[request.operation.label]
        standing = self._from_inventory(request, route) if route.asset else None
        if standing is not None:
            return standing
        if route.places:
            return self._in(request, route.places)
        if route.locations:
            return self._everywhere(request, route)
        return self._own(request)

    def _own(self, request: Request) -> CallResult | Gap:
        answer = self._inner.ask(request)
        if isinstance(answer, Gap):
            return answer
        document = with_ids(answer.document, self._numbers)
        items = request.operation.items
        if items and isinstance(document, dict) and isinstance(document.get(items), list):
            document = {**document, items: [_placed(entry) for entry in document[items]]}
        return msgspec.structs.replace(answer, document=document)

    def _everywhere(self, request: Request, route: Route) -> CallResult | Gap:
        """Ask in each of the service's own locations; the answers are one list."""
        listing = _PLACES[route.locations]
        asked = msgspec.structs.replace(request, operation=listing, params={})
        places = self._own(asked)
        if isinstance(places, Gap) or not places.is_offered:
            return places
        known = tuple(sorted(_location_ids(places.document)))
        if not known:
            return gap_for(asked, GapReason.MALFORMED, detail="the answer names no location")
        answer = self._in(request, known)
        if isinstance(answer, Gap):
            return CallResult(document={request.operation.items: []}, call=places.call, cut=answer)
        return msgspec.structs.replace(answer, call=places.call, cut=places.cut or answer.cut)

    def _in(self, request: Request, places: Iterable[str]) -> CallResult | Gap:
        """Ask in each of these locations; a gap when none of them answers."""
        items = request.operation.items
        answers = [self._own(msgspec.structs.replace(request, region=place)) for place in places]
        answered = [answer for answer in answers if isinstance(answer, CallResult)]
        offered = [_listed(response, items) for response in answered if response.is_offered]
        gaps = [answer for answer in answers if isinstance(answer, Gap)]
        if any(listed is None for listed in offered):
            detail = f"the answer holds no list of {items}"
            gaps.append(gap_for(request, GapReason.MALFORMED, detail=detail))
        if gaps and not any(listed is not None for listed in offered):
            return gaps[0]
        return CallResult(
            document={items: [entry for listed in offered for entry in listed or ()]},
            call=answered[0].call if answered else "",
            cut=next((response.cut for response in answered if response.cut), None)
            or next(iter(gaps), None),
        )

    def _from_inventory(self, request: Request, route: Route) -> CallResult | None:
        """Give what the inventory says in the service's place, or None when it cannot."""
        is_policy = request.operation.name.endswith("GetIamPolicy")
        index = self._index(request.scope, route, is_policy=is_policy)
        if index.assets is None:
            return None
        pattern = self._pattern(request, route)
        assets = [asset for name, asset in index.assets.items() if pattern.fullmatch(name)]
        items = request.operation.items
        if items:
            return self._list(items, assets, index, is_sensitive=bool(request.operation.redact))
        if not assets:
            return None
        whole = assets[0].get("iamPolicy") if is_policy else assets[0]["resource"]["data"]
        return CallResult(document=whole, call=index.call) if whole else None

    def _list(
        self, items: str, assets: list[Any], index: _Index, *, is_sensitive: bool
    ) -> CallResult | None:
        """Give a list from its assets.

        The inventory leaves sensitive fields out, so of what holds them it only says where there
        is none. Where it has nothing of a type at all it may not have begun to index it: the
        service is asked.
        """
        if (assets and is_sensitive) or not index.assets:
            return None
        placed = [_placed(asset["resource"]["data"]) for asset in assets]
        unique = {canonical(document): document for document in placed}
        entries = [unique[mark] for mark in sorted(unique)]
        return CallResult(document={items: entries}, call=index.call, why=LAG, by=NAME)

    def _pattern(self, request: Request, route: Route) -> re.Pattern[str]:
        """Give what the names of the assets that a request asks for look like."""
        is_anywhere = bool(route.locations or route.places) or request.scope in self._anywhere
        region = "-" if is_anywhere else request.region or GLOBAL
        place = Place(project=request.scope.partition("/")[2], region=region)
        params = {name: value for name, value in request.params.items() if isinstance(value, str)}
        if route.asset_name:
            return _filled(route.asset_name, {"project": place.project, "region": region, **params})
        _, _, path = path_of(route, place, params).partition("/")
        path = re.escape(path.partition(":getIamPolicy")[0]).replace("/\\-", "/[^/]+")
        return re.compile(f"//[^/]+/{path}" + ("/[^/]+" if request.operation.items else ""))

    def _index(self, scope: str, route: Route, *, is_policy: bool) -> _Index:
        key = (scope, route.asset, "policy" if is_policy else _version(route))
        with self._guard:
            lock = self._making.setdefault(key, Lock())
        with lock:
            if key not in self._indexes:
                self._indexes[key] = self._make(scope, route, is_policy=is_policy)
            return self._indexes[key]

    def _make(self, scope: str, route: Route, *, is_policy: bool) -> _Index:
        own = "projects/" + scope.partition("/")[2]
        parents = dict.fromkeys((self._parents.get(scope, own), own))
        for parent in parents:
            answer = self._assets(scope, parent, route.asset, is_policy=is_policy)
            if isinstance(answer, Gap) or answer.cut is not None or not answer.is_offered:
                continue
            listed = _listed(answer, "assets")
            if listed is None:
                continue
            if parent != own:
                listed = [asset for asset in listed if own in _ancestors(asset)]
            if all(_is_whole(asset, route, is_policy=is_policy) for asset in listed):
                return _Index(assets={asset["name"]: asset for asset in listed}, call=answer.call)
        return _Index()

    def _assets(self, scope: str, parent: str, asset: str, *, is_policy: bool) -> CallResult | Gap:
        """Ask for all assets of a type below a project or an organisation, once for all scopes."""
        request = Request(
            scope=scope if parent.startswith("projects/") else f"gcp/{parent}",
            region=GLOBAL,
            operation=LIST_ASSET_POLICIES if is_policy else LIST_ASSETS,
            params={
                "parent": parent,
                "assetTypes": [asset],
                "contentType": "IAM_POLICY" if is_policy else "RESOURCE",
            },
            subject=asset,
        )
        if parent.startswith("projects/"):
            return self._own(request)
        with self._guard:
            lock = self._making.setdefault((parent, asset, request.operation.name), Lock())
        with lock:
            key = (parent, asset, request.operation.name)
            if key not in self._shared:
                self._shared[key] = self._own(request)
            return self._shared[key]


def with_ids(document: Any, numbers: Mapping[str, str]) -> Any:
    """Replace the numbers of known projects by their ids, in a copy."""
    if isinstance(document, str):
        if "projects/" not in document:
            return document
        return _NUMBER.sub(lambda m: "projects/" + numbers.get(m[1], m[1]), document)
    if isinstance(document, list):
        return [with_ids(item, numbers) for item in document]
    if isinstance(document, dict):
        return {name: with_ids(item, numbers) for name, item in document.items()}
    return document


def _placed(entry: Any) -> Any:
    """Give an entry with its location under ``~region``; "" for what is global."""
    return {**entry, REGION: location_of(entry)} if isinstance(entry, dict) else entry


def location_of(entry: Mapping[str, Any]) -> str:
    """Find the location in an entry's own name or place: a region, or a multi-region."""
    for key in _SELF:
        text = entry.get(key)
        if not isinstance(text, str):
            continue
        match = _LOCATION.search(text)
        place = match[1] if match else text.lower() if key == "location" else ""
        if place:
            zone = _ZONE.match(place)
            return zone[1] if zone else "" if place == GLOBAL else place
    return ""


def _filled(template: str, known: Mapping[str, str]) -> re.Pattern[str]:
    """Turn the template of an asset's name into a pattern; what is not known may be anything."""
    text = re.escape(template)
    for name, value in known.items():
        text = text.replace(re.escape("{" + name + "}"), re.escape(value))
    return re.compile(_HOLE.sub("[^/]+", text))


def _is_whole(asset: Any, route: Route, *, is_policy: bool) -> bool:
    """Whether an entry is of the type and of the API's version, and was not shortened."""
    is_known = isinstance(asset, dict) and asset.get("assetType") == route.asset
    if not is_known or asset.get("assetExceptions"):
        return False
    resource = asset.get("resource") or {}
    if not isinstance(resource, dict) or not isinstance(asset.get("name"), str):
        return False
    is_same = resource.get("version") == _version(route)
    return is_policy or (is_same and isinstance(resource.get("data"), dict))


def _version(route: Route) -> str:
    """Give the version in a path: ``v1`` of ``v1/...`` and of ``compute/v1/...``."""
    return next(piece for piece in route.path.split("/") if _VERSION.match(piece))


def _listed(answer: CallResult, items: str) -> list[Any] | None:
    """Give what an answer lists, None where it holds something else."""
    listed = answer.document.get(items, []) if isinstance(answer.document, dict) else None
    return listed if isinstance(listed, list) else None


def _ancestors(asset: Any) -> Iterable[Any]:
    ancestors = asset.get("ancestors", ()) if isinstance(asset, dict) else ()
    return ancestors if isinstance(ancestors, list) else ()


def _location_ids(document: Any) -> Iterable[str]:
    listed = document.get("locations", []) if isinstance(document, dict) else []
    entries = listed if isinstance(listed, list) else []
    return {str(e["locationId"]) for e in entries if isinstance(e, dict) and e.get("locationId")}
