"""Which product answered, in which version, and which of its doors were open."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from mlsec.core.enums import GapReason
from mlsec.servers.probe.products.product import ExposedPath, ProductSigns, Sign
from mlsec.servers.probe.products.table import EVERYWHERE, NOWHERE, PRODUCTS
from mlsec.servers.probe.response_record import Leads, RecordedResponse

# Answers by path, of plain GET requests; a path that is missing gave none.
Heard = Mapping[str, RecordedResponse]

_REFUSED = 403
_SHUT = frozenset({401, _REFUSED, 407, 511})
_ABSENT = frozenset({404, 405, 410, 501})
_LOGIN_PATH = re.compile(r"(?i)[/_-](?:log-?in|sign-?in|oauth2?|authorize|auth|sso|saml2?)\b")
# Names that services for signing in have; a redirect to any other host says nothing about one.
_LOGIN_HOST = re.compile(
    r"(?i)\.(?:log-?in|sign-?in|sso|auth|oauth2?|idp|accounts|keycloak|dex)[.-]"
    r"|\.(?:okta|auth0|onelogin|microsoftonline|amazoncognito|cloudflareaccess)\.com\Z"
)
_LOGIN_FORM = re.compile(r"(?i)<input[^>]{0,200}type=[\"']?password")


class RecognisedProduct(msgspec.Struct, frozen=True, kw_only=True):
    """What a server showed itself to be. ``products`` are all that it shows, the main one first."""

    products: tuple[ProductSigns, ...] = ()
    version: str = ""

    @property
    def main(self) -> ProductSigns | None:
        """The product, None when no recogniser knows the server."""
        return self.products[0] if self.products else None


class PathState(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a door is open: ``state`` is open, shut or absent; None is not known, and why."""

    door: ExposedPath
    state: str | None
    status: int = 0
    reason: GapReason = GapReason.UNRESOLVED
    why: str = ""


def recognise(heard: Heard) -> RecognisedProduct:
    """Name the products whose marks were shown; a generic interface counts where no other did."""
    counts = {
        product.name: sum(1 for mark in product.marks if holds(mark, heard.get(mark.path)))
        for product in PRODUCTS
    }
    shown = [product for product in PRODUCTS if counts[product.name]]
    named = [product for product in shown if not product.is_generic]
    order = sorted(named or shown, key=lambda product: -counts[product.name])
    version = next(
        (result for p in order[:1] for sign in p.version if (result := _version_by(sign, heard))),
        "",
    )
    return RecognisedProduct(products=tuple(order), version=version)


def holds(sign: Sign, response: RecordedResponse | None) -> bool:
    """Whether an answer shows a sign."""
    if response is None or not _has_status(sign, response):
        return False
    if sign.header and not any(
        re.search(sign.header, f"{n}: {v}", re.I) for n, v in response.headers
    ):
        return False
    if sign.key:
        is_there, value = _dig(response.document, sign.key)
        if not is_there or (sign.value and not re.search(sign.value, str(value))):
            return False
    return not sign.text or bool(re.search(sign.text, _text_of(response), re.M))


def doors_of(recognised: RecognisedProduct, heard: Heard) -> tuple[PathState, ...]:
    """Try the doors of the products that were recognised, and those that every server may have."""
    # Who refuses in words of his own does so at every door.
    words = (door.shut for product in recognised.products for door in product.doors)
    refusals = tuple(sign for sign in words if sign is not None)
    states: dict[tuple[str, str], PathState] = {}
    for product in recognised.products:
        tried = [_try(door, heard, product.title, refusals) for door in product.doors]
        if tried and all(item.state == "absent" for item in tried):
            why = f"where {product.title} shows whether it wants a sign-in, there is nothing"
            tried = [msgspec.structs.replace(e, state=None, why=why) for e in tried]
        for item in tried:
            states.setdefault((item.door.path, item.door.opens.value), item)
    for door in EVERYWHERE:
        result = _try(door, heard, "", refusals)
        states.setdefault((door.path, door.opens.value), result)
    return tuple(states.values())


def is_shut_throughout(heard: Heard, paths: Sequence[str]) -> bool:
    """Whether whatever was asked, somebody wanted to know first who asks.

    A 403 to everything is not that: it may be about where or how it was asked.
    """
    answers = [heard.get(path) for path in paths]
    return bool(answers) and all(
        response is not None and response.status != _REFUSED and wants_sign_in(response)
        for response in answers
    )


def wants_sign_in(response: RecordedResponse) -> bool:
    """Whether an answer sends the caller to sign in."""
    if response.status in _SHUT:
        return True
    if response.hops:
        there = urlsplit(response.hops[-1].to)
        if _LOGIN_PATH.search(there.path) or _LOGIN_HOST.search(f".{there.hostname or ''}"):
            return True
    return 200 <= response.status < 300 and bool(_LOGIN_FORM.search(response.text))


def leads_to_tls(response: RecordedResponse) -> bool:
    """Whether an answer only leads to the same host over TLS: that is another target."""
    return (
        300 <= response.status < 400
        and bool(response.hops)
        and response.hops[-1].leads is Leads.TLS
    )


def _try(door: ExposedPath, heard: Heard, title: str, refusals: tuple[Sign, ...]) -> PathState:
    response = heard.get(door.path)
    if response is None:
        return PathState(door=door, state=None, why="not asked or not answered")
    state = _state(door, response, heard, refusals, is_claimed=bool(title))
    if state is not None:
        return PathState(door=door, state=state, status=response.status)
    if response.cut:
        reason, why = GapReason(response.cut), response.cut_detail
    elif 200 <= response.status < 300:
        reason, why = GapReason.MALFORMED, f"answered otherwise than {title} does"
    else:
        to = f", to {response.hops[-1].to[:200]}" if response.hops else ""
        reason, why = GapReason.UNRESOLVED, f"answered with status {response.status}{to}"
    return PathState(door=door, state=None, status=response.status, reason=reason, why=why)


def _state(
    door: ExposedPath,
    response: RecordedResponse,
    heard: Heard,
    refusals: tuple[Sign, ...],
    *,
    is_claimed: bool,
) -> str | None:
    if any(holds(sign, response) for sign in (door.open, *door.also)):
        return "open"
    if any(holds(sign, response) for sign in refusals) or wants_sign_in(response):
        return "shut"
    if response.status in _ABSENT or leads_to_tls(response):
        return "absent"
    nowhere = heard.get(NOWHERE)
    is_catch_all = nowhere is not None and nowhere.mark == response.mark and not nowhere.cut
    if 200 <= response.status < 300 and not response.cut and (is_catch_all or not is_claimed):
        return "absent"
    return None


def _has_status(sign: Sign, response: RecordedResponse) -> bool:
    return response.status in sign.status if sign.status else 200 <= response.status < 300


def _version_by(sign: Sign, heard: Heard) -> str:
    """Give the version that a sign shows, "" for none: a pattern's group, or all of a value."""
    response = heard.get(sign.path)
    if response is None or not _has_status(sign, response):
        return ""
    if sign.key:
        is_there, value = _dig(response.document, sign.key)
        if not is_there or not isinstance(value, str | int | float):
            return ""
        text, pattern = str(value), sign.value
    else:
        text, pattern = _text_of(response), sign.text
    if not pattern:
        return text[:100]
    match = re.search(pattern, text, re.M)
    return match[1][:100] if match and match.groups() else ""


def _text_of(response: RecordedResponse) -> str:
    if response.document is None:
        return response.text
    return msgspec.json.encode(response.document).decode()


def _dig(document: Any, path: str) -> tuple[bool, Any]:
    """Follow a dotted path; "." is the document itself, whatever it is."""
    if path == ".":
        return document is not None, document
    for step in path.split("."):
        if isinstance(document, dict) and step in document:
            document = document[step]
        elif isinstance(document, list) and step.isdecimal() and int(step) < len(document):
            document = document[int(step)]
        else:
            return False, None
    return True, document
