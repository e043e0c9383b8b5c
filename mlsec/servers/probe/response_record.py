"""An answer as it is kept: bounded, without what may be secret, and as evidence of a call."""

from __future__ import annotations

import enum
import hashlib
from typing import Any
from urllib.parse import urlsplit

import msgspec

from mlsec.collect.secrets.kinds import secret_kind
from mlsec.collect.secrets.redact import Redactor
from mlsec.collect.walk.call_failure import CallFailure
from mlsec.servers.probe.http import Response
from mlsec.servers.probe.target import PROVIDER
from mlsec.snapshot.records import Call, CallStatus, canonical, canonical_params
from mlsec.snapshot.seal import digest_of

SERVICE = PROVIDER
RESOLVE, CONNECT, HANDSHAKE, OFFER, ASK = "Resolve", "Connect", "Handshake", "Offer", "Ask"
# Headers that say something about the server; of all others only the name is kept.
_KEPT = frozenset(
    {
        "server", "via", "x-powered-by", "www-authenticate", "proxy-authenticate", "content-type",
        "content-encoding", "location", "set-cookie", "strict-transport-security", "allow",
        "access-control-allow-origin", "access-control-allow-credentials",
        "access-control-allow-methods", "access-control-allow-headers", "vary",
        "x-content-type-options", "x-frame-options", "content-security-policy",
    }
)  # fmt: skip
_MOST_HEADER, _MOST_STRING, _MOST_DEPTH = 1000, 4000, 40


class Leads(enum.Enum):
    """Where a redirect leads: the very same server, the same host over TLS, or another."""

    OWN = "own"
    TLS = "tls"
    ELSEWHERE = "elsewhere"


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """A redirect: from which path, with which status, to which address (its question left out)."""

    path: str
    status: int
    to: str
    leads: Leads


class RecordedResponse(msgspec.Struct, frozen=True, kw_only=True):
    """An answer. ``document`` is its JSON, or None; ``text`` is what is not JSON.

    ``mark`` is a keyed digest of the whole body: equal marks, equal bodies. ``cut`` is a gap
    reason when the body is not whole, with ``cut_detail``.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    other_headers: tuple[str, ...] = ()
    document: Any = None
    text: str = ""
    size: int = 0
    mark: str = ""
    cut: str = ""
    cut_detail: str = ""
    hops: tuple[Hop, ...] = ()

    def header(self, name: str) -> str:
        """Give a header's first value, "" when there is none."""
        return next((text for key, text in self.headers if key == name), "")

    def values(self, name: str) -> tuple[str, ...]:
        """Give all values of a header."""
        return tuple(text for key, text in self.headers if key == name)


class Cleaner:
    """Takes out of answers what may be a secret."""

    def __init__(self, salt: str) -> None:
        self._redactor = Redactor(salt)
        self._key = hashlib.sha256(b"mlsec probe/1 " + salt.encode()).digest()

    def record(self, answer: Response, hops: tuple[Hop, ...] = ()) -> RecordedResponse:
        """Give an answer as it is kept."""
        document = _json(answer.body) if answer.cut is None else None
        text = "" if document is not None else self._text(answer.body.decode("utf-8", "replace"))
        return RecordedResponse(
            status=answer.status,
            headers=tuple((n, self._header(n, v)) for n, v in answer.headers if n in _KEPT),
            other_headers=tuple(sorted({n for n, _ in answer.headers if n not in _KEPT})),
            document=self._value(document, "", 0),
            text=text,
            size=len(answer.body),
            mark=hashlib.blake2b(answer.body, key=self._key, digest_size=12).hexdigest(),
            cut=answer.cut.reason.value if answer.cut else "",
            cut_detail=answer.cut.detail if answer.cut else "",
            hops=hops,
        )

    def _header(self, name: str, text: str) -> str:
        if name == "set-cookie":
            pair, *attributes = text.split(";")
            return ";".join([f"{pair.partition('=')[0].strip()}=", *attributes])[:_MOST_HEADER]
        if name == "location":
            return bare_address(text)[:_MOST_HEADER]
        return self._text(text[:_MOST_HEADER])

    def _value(self, value: Any, key: str, depth: int) -> Any:
        if depth > _MOST_DEPTH:
            return "~too deep"
        if isinstance(value, str):
            if secret_kind(value, key):
                return self._redactor.reduce(value, key)
            return self._redactor.screen.text(value, key)[:_MOST_STRING]
        if isinstance(value, list):
            return [self._value(item, key, depth + 1) for item in value]
        if isinstance(value, dict):
            return {
                self._text(str(name)): self._value(entry, str(name), depth + 1)
                for name, entry in value.items()
            }
        return value

    def _text(self, text: str) -> str:
        """Mask what has the form of a secret, or stands under the name of one."""
        return self._redactor.screen.text(text)


def bare_address(text: str) -> str:
    """Give an address without user, question and fragment: tokens travel there."""
    try:
        parts = urlsplit(text.strip())
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "~not an address"
    if not parts.netloc:
        return parts.path
    scheme = f"{parts.scheme}:" if parts.scheme else ""
    return f"{scheme}//{parts.hostname or ''}{port}{parts.path}"


def done(scope: str, operation: str, params: dict[str, str], payload: Any) -> tuple[Call, bytes]:
    """Give the record of a step that gave something."""
    body = canonical(payload)
    return _call(scope, operation, params, payload=digest_of(body)), body


def failed(
    scope: str, operation: str, params: dict[str, str], trouble: CallFailure
) -> tuple[Call, None]:
    """Give the record of a step that gave nothing."""
    call = _call(scope, operation, params)
    return msgspec.structs.replace(
        call,
        status=CallStatus.GAP,
        reason=trouble.reason.value,
        error_code=trouble.code,
        detail=trouble.detail,
    ), None


def _call(scope: str, operation: str, params: dict[str, str], payload: str = "") -> Call:
    return Call(
        scope=scope,
        region="",
        service=SERVICE,
        operation=operation,
        params=canonical_params(params),
        payload=payload,
    )


def _json(body: bytes) -> Any:
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return document if isinstance(document, (dict, list)) else None
