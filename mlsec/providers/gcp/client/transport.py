"""One request to a Google API: only what the table of routes has, and no answer goes unchecked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import google.auth.exceptions as auth_errors
import msgspec
import requests
import requests.exceptions as errors

from mlsec.collect.client.answer import decode_json
from mlsec.collect.client.paged_client import Page
from mlsec.collect.walk.call_failure import EXPIRED_DETAIL, CallFailure, MalformedAnswerError
from mlsec.collect.walk.plan import Operation
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.core.sanitize import visible
from mlsec.providers.gcp.client.classify import nothing_there, read_refusal, trouble_of
from mlsec.providers.gcp.route import GLOBAL, Place, Route, host_of, path_of, query_of, rest_of
from mlsec.snapshot.records import Call

# One address in place of all hosts: a private endpoint, or a test's server. The host that was
# meant stays in the Host header.
ENDPOINT = "MLSEC_GCP_ENDPOINT"
# As gcloud has it: CLOUDSDK_API_ENDPOINT_OVERRIDES_AIPLATFORM=https://...
_OVERRIDE = "CLOUDSDK_API_ENDPOINT_OVERRIDES_"
# What an answer without any entry may still say.
_ASIDES = frozenset(
    {
        "nextPageToken", "kind", "etag", "id", "selfLink", "unreachable", "unreachables",
        "unreachableLocations", "warning", "warnings", "totalItems", "totalSize", "readTime",
        "missingZones", "prefixes",
    }
)  # fmt: skip
_UNREACHABLE = ("unreachable", "unreachables", "unreachableLocations", "missingZones")
_MORE = "nextPageToken"


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where to send a request: the URL without query, and the Host header when it differs."""

    url: str
    host: str = ""


def address_of(route: Route, service: str, place: Place, params: Mapping[str, Any]) -> Address:
    """Give the address of a request, with what the environment puts in the host's place."""
    host, path = host_of(route, service, place), path_of(route, place, params)
    own = os.environ.get(_OVERRIDE + service.upper(), "")
    everywhere = os.environ.get(ENDPOINT, "")
    base = own or everywhere
    if not base:
        return Address(url=f"https://{host}/{path}")
    return Address(url=f"{base.rstrip('/')}/{path}", host=host if everywhere else "")


class GcpTransport:
    """Sends requests through an authorised session (google-auth's, on requests).

    ``numbers`` maps project numbers to ids; it is filled while projects are found.
    """

    def __init__(
        self, session: Any, routes: Mapping[str, Route], *, timeout_s: tuple[float, float]
    ) -> None:
        self._session, self._routes, self._timeout_s = session, routes, timeout_s
        self.numbers: dict[str, str] = {}

    def send(
        self, call: Call, operation: Operation, params: Mapping[str, Any], token: str
    ) -> Page | CallFailure:
        """Ask for one page.

        Raises:
            MlsecError: the operation has no route, or the route is not one of reading.
        """
        route = self._routes.get(operation.label)
        if route is None or not route.is_read:
            raise MlsecError(f"refused to call {operation.label}: not in the table of reads")
        place = Place(project=call.scope.partition("/")[2], region=call.region or GLOBAL)
        try:
            response = self._request(route, operation, place, params, token)
            body = response.content
        except auth_errors.GoogleAuthError as error:
            return _auth_trouble(error)
        except (requests.RequestException, OSError) as error:
            return _wire_trouble(error)
        document = _parsed(body)
        if response.status_code != 200:
            is_list = bool(operation.items) and not route.is_window
            return self._refused(response, document, place, is_list=is_list)
        if not isinstance(document, dict):
            return _malformed("the body is not a JSON object")
        return _page(route, operation, document)

    def _request(
        self, route: Route, operation: Operation, place: Place, params: Mapping[str, Any],
        token: str,
    ) -> Any:  # fmt: skip
        address = address_of(route, operation.service, place, params)
        rest = rest_of(route, params)
        query = query_of(route, place, params) | ({} if route.method == "POST" else rest)
        query |= {route.size_name: route.page_size} if route.page_size else {}
        query |= {"pageToken": token} if token else {}
        return self._session.request(
            route.method,
            address.url,
            params={name: _plain(value) for name, value in query.items()},
            json=rest if route.method == "POST" else None,
            headers={"Host": address.host} if address.host else {},
            timeout=self._timeout_s,
            allow_redirects=False,
        )

    def _refused(
        self, response: Any, document: Any, place: Place, *, is_list: bool
    ) -> Page | CallFailure:
        refusal = read_refusal(response.status_code, document)
        payer = self.numbers.get(refusal.consumer, refusal.consumer)
        refusal = msgspec.structs.replace(refusal, is_own=payer == place.project)
        # Only a list of what cannot be used without its API is empty when that API is off.
        why = nothing_there(refusal, place.project) if is_list else ""
        if why:
            return Page(is_offered=False, why=why)
        return trouble_of(refusal, place.project, _retry_after(response.headers))


def _page(route: Route, operation: Operation, document: dict[str, Any]) -> Page | CallFailure:
    token = document.pop(_MORE, "")
    # When the inventory was taken differs from call to call; the call itself is dated.
    document.pop("readTime", None)
    silent = [place for name in _UNREACHABLE for place in _texts(document.get(name))]
    silent += ["part of the list"] if _warns(document) else []
    if route.aggregated:
        silent += _flatten(document, route.aggregated)
    items = operation.items
    if items and "." not in items and items not in document:
        if not document.keys() <= _ASIDES:
            return _malformed("the body has none of the members of this answer")
        document[items] = []
    cut = None
    if silent:
        shown = ", ".join(sorted({visible(name, 60) for name in silent})[:8])
        cut = CallFailure(
            reason=GapReason.TIMEOUT, code="Unreachable", detail=f"no answer came from {shown}"
        )
    return Page(document=document, token=str(token or ""), cut=cut)


def _flatten(document: dict[str, Any], name: str) -> list[str]:
    """Turn {items: {place: {name: [...]}}} into {items: [...]}; give the places left out."""
    places = document.get("items", {})
    entries, silent = [], []
    for place, inside in places.items() if isinstance(places, dict) else ():
        entries += inside.get(name, [])
        if _warns(inside):
            silent.append(str(place))
    document["items"] = entries
    return silent


def _warns(answer: Mapping[str, Any]) -> bool:
    """Whether a list of Compute Engine says that it is not the whole."""
    warning = answer.get("warning")
    return isinstance(warning, dict) and warning.get("code") not in (None, "NO_RESULTS_ON_PAGE")


def _texts(value: Any) -> list[str]:
    return [str(text) for text in value] if isinstance(value, list) else []


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _parsed(body: bytes) -> Any:
    try:
        return decode_json(body)
    except MalformedAnswerError:
        return None


def _malformed(detail: str) -> CallFailure:
    return CallFailure(
        reason=GapReason.MALFORMED, code="Malformed", detail=detail, is_worth_a_retry=True
    )


def _auth_trouble(error: Exception) -> CallFailure:
    if isinstance(error, auth_errors.TransportError):
        return CallFailure(reason=GapReason.TIMEOUT, code="TransportError",
                       detail="cannot get a token", is_worth_a_retry=True)  # fmt: skip
    return CallFailure(reason=GapReason.DENIED, code=type(error).__name__, detail=EXPIRED_DETAIL,
                   is_expired=True)  # fmt: skip


def _wire_trouble(error: Exception) -> CallFailure:
    match error:
        case errors.ChunkedEncodingError() | errors.ContentDecodingError():
            return _malformed("the answer was cut short")
        case requests.Timeout():
            return CallFailure(reason=GapReason.TIMEOUT, code="Timeout", detail="no answer in time",
                           is_worth_a_retry=True)  # fmt: skip
        case errors.SSLError():
            return CallFailure(reason=GapReason.TIMEOUT, code="SSLError",
                           detail="the server's certificate is not accepted")  # fmt: skip
        case _:
            return CallFailure(reason=GapReason.TIMEOUT, code="ConnectionError",
                           detail="cannot connect", is_worth_a_retry=True)  # fmt: skip


def _retry_after(headers: Mapping[str, str]) -> float:
    try:
        return min(60.0, max(0.0, float(headers.get("retry-after", 0))))
    except (TypeError, ValueError):
        return 0.0
