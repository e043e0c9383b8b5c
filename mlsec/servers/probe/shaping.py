"""Answers as the properties that the vocabulary names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mlsec.core.sanitize import visible
from mlsec.servers.probe.products.recognise import PathState
from mlsec.servers.probe.response_record import Leads, RecordedResponse
from mlsec.servers.probe.target import ProbeTarget

_LISTING = re.compile(r"(?i)<title>\s*(?:Index of /|Directory listing for /)")
_DEBUG = re.compile(
    r"Werkzeug Debugger|__debugger__|DEBUG = True|Traceback \(most recent call last\)"
)
# Django's page names the error and the path in its title, and then the request.
_DJANGO = re.compile(r"<title>[^<]{0,200} at /[^<]{0,200}</title>")
_DJANGO_TITLE_WITHIN = 2000
_MAX_AGE = re.compile(r"(?i)max-age\s*=\s*\"?([0-9]{1,12})")


def of_target(target: ProbeTarget) -> dict[str, Any]:
    """Give what is known before anything is asked."""
    return {
        "url": target.id,
        "scheme": target.scheme,
        "host": target.host,
        "port": target.port,
    }


def of_root(response: RecordedResponse) -> dict[str, Any]:
    """Give what the answer at the start says."""
    hop = response.hops[-1] if response.hops and 300 <= response.status < 400 else None
    is_left = hop is not None and hop.leads is not Leads.OWN
    return {
        "server_header": visible(response.header("server"), 200) or None,
        "redirects_to": visible(hop.to, 300) if hop is not None and is_left else None,
        "redirects_to_tls": hop is not None and hop.leads is Leads.TLS,
        "redirects_to_http": is_left and hop is not None and hop.to.startswith("http:"),
        "lists_directory": bool(_LISTING.search(response.text)),
        "hsts_max_age": _hsts(response),
    }


def of_all(heard: Mapping[str, RecordedResponse]) -> dict[str, Any]:
    """Give what any answer may say."""
    cookies: dict[str, dict[str, Any]] = {}
    for _, response in sorted(heard.items()):
        for text in response.values("set-cookie"):
            cookie = _cookie(text)
            cookies.setdefault(cookie["name"], cookie)
    shown = [path for path, response in sorted(heard.items()) if _is_for_developers(response.text)]
    return {"cookies": list(cookies.values()), "debug_pages": shown}


def of_doors(states: tuple[PathState, ...]) -> list[dict[str, Any]]:
    """Give the doors; one that could not be tried has no state."""
    shown = []
    for state in states:
        door: dict[str, Any] = {
            "exposes": state.door.opens.value,
            "path": state.door.path,
            "what": f"anyone {state.door.what} ({state.door.path})",
        }
        if state.state is not None:
            door["state"] = state.state
        shown.append(door)
    return shown


def of_foreign_page(response: RecordedResponse, origin: str) -> dict[str, Any]:
    """Give whether a page from elsewhere may read the answer in a visitor's browser."""
    allowed = response.header("access-control-allow-origin").strip()
    with_cookies = response.header("access-control-allow-credentials").strip().lower() == "true"
    return {
        "cors.allows": {"": "none", "*": "any", origin: "reflected"}.get(allowed, "named"),
        "cors.with_credentials": with_cookies and allowed not in ("", "*"),
    }


def of_methods(response: RecordedResponse) -> list[str] | None:
    """Give the methods that a server says it has, None when it does not say."""
    allowed = response.header("allow")
    names = sorted({part.strip().upper() for part in allowed.split(",") if part.strip()})
    return [visible(name, 40) for name in names[:50]] if names else None


def _is_for_developers(text: str) -> bool:
    if _DEBUG.search(text):
        return True
    return bool(_DJANGO.search(text[:_DJANGO_TITLE_WITHIN])) and "Request Method" in text


def _hsts(response: RecordedResponse) -> int | None:
    match = _MAX_AGE.search(response.header("strict-transport-security"))
    return int(match[1]) if match else None


def _cookie(text: str) -> dict[str, Any]:
    pair, *rest = text.split(";")
    attributes = {item.partition("=")[0].strip().lower() for item in rest}
    return {
        "name": visible(pair.partition("=")[0].strip(), 100),
        "secure": "secure" in attributes,
        "http_only": "httponly" in attributes,
    }


def why_not_known(ends: Sequence[RecordedResponse | None]) -> str:
    """Say why it is not known whether a sign-in is wanted; ``ends`` are a start and a nowhere."""
    if all(response is not None and response.status == 403 for response in ends):
        return (
            "every request is refused (403): whether authentication is missing, or the client or"
            " the request is not accepted, is not known"
        )
    return "unrecognised server: which paths require authentication is not known"
