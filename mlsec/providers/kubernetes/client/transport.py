"""Requests to an API server: GET on the operations of the table only, with checked answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from urllib3 import exceptions as errors

from mlsec.collect.client.answer import decode_json
from mlsec.collect.client.paged_client import Page
from mlsec.collect.walk.call_failure import (
    EXPIRED_DETAIL,
    SERVER_DETAIL,
    CallFailure,
    MalformedAnswerError,
)
from mlsec.collect.walk.plan import Operation
from mlsec.core.enums import GapReason
from mlsec.core.sanitize import visible
from mlsec.providers.kubernetes.client.session import RawResponse, Session
from mlsec.providers.kubernetes.tables import path_of
from mlsec.snapshot.records import Call

PAGE_SIZE = 500


class KubeTransport:
    """Sends requests with the client's own connections and credentials."""

    def __init__(self, session: Session, timeout_s: tuple[float, float]) -> None:
        self._session, self._timeout_s = session, timeout_s

    def send(
        self, call: Call, operation: Operation, params: Mapping[str, Any], token: str
    ) -> Page | CallFailure:
        """Request one page."""
        del call
        path = path_of(operation, params)
        query = {"limit": str(PAGE_SIZE)} if operation.items == "items" else {}
        if token:
            query["continue"] = token
        try:
            answer = self._session.get(path, query, self._timeout_s)
        except errors.HTTPError as error:
            return _transport_failure(error)
        except OSError:
            return CallFailure(
                reason=GapReason.TIMEOUT, code="Connection", detail="cannot connect",
                is_worth_a_retry=True,
            )  # fmt: skip
        return _read(answer, operation, has_token=bool(token))


def _read(answer: RawResponse, operation: Operation, *, has_token: bool) -> Page | CallFailure:
    try:
        document = decode_json(answer.data)
    except MalformedAnswerError:
        document = None
    if answer.status != 200:
        return _refused(answer, document, has_token=has_token)
    if not isinstance(document, dict):
        return _malformed("the body is not a JSON object")
    if operation.items and not _is_list(document, operation.items):
        return _malformed(f"the answer holds no list of {operation.items}")
    meta = document.get("metadata")
    token = meta.get("continue") if isinstance(meta, dict) else None
    return Page(document=document, token=str(token or ""))


def _is_list(document: dict[str, Any], name: str) -> bool:
    """Whether a value is a list; some servers write an empty list as null."""
    if name in document and document[name] is None:
        document[name] = []
    return isinstance(document.get(name), list)


def _refused(answer: RawResponse, document: Any, *, has_token: bool) -> CallFailure:
    said = document if isinstance(document, dict) else {}
    word = visible(str(said.get("reason") or answer.status), 60)
    match answer.status:
        case 401:
            return CallFailure(
                reason=GapReason.DENIED, code=word, detail=EXPIRED_DETAIL, is_expired=True
            )
        case 403:
            return CallFailure(reason=GapReason.DENIED, code=word, detail="not allowed")
        case 404:
            return CallFailure(
                reason=GapReason.UNSUPPORTED, code=word, detail="the server does not have it"
            )
        case 410:
            return CallFailure(
                reason=GapReason.TIMEOUT, code=word, detail="the list changed while it was read",
                is_stale_page=has_token, is_worth_a_retry=not has_token,
            )  # fmt: skip
        case 429:
            return CallFailure(
                reason=GapReason.THROTTLED, code=word, detail="too many requests", slows=True,
                is_worth_a_retry=True, retry_after_s=_retry_after(answer.headers),
            )  # fmt: skip
        case status if status >= 500:
            return CallFailure(
                reason=GapReason.TIMEOUT, code=word, detail=SERVER_DETAIL, is_worth_a_retry=True,
                retry_after_s=_retry_after(answer.headers),
            )  # fmt: skip
        case status:
            return CallFailure(
                reason=GapReason.UNSUPPORTED, code=word, detail=f"answered with status {status}"
            )


def _transport_failure(error: Exception) -> CallFailure:
    match error:
        case errors.ProtocolError() | errors.IncompleteRead() | errors.DecodeError():
            return _malformed("the answer was cut short")
        case errors.TimeoutError():
            return CallFailure(
                reason=GapReason.TIMEOUT, code="Timeout", detail="no answer in time",
                is_worth_a_retry=True,
            )  # fmt: skip
        case errors.SSLError():
            return CallFailure(
                reason=GapReason.TIMEOUT, code="SSLError",
                detail="the server's certificate is not accepted",
            )  # fmt: skip
        case _:
            return CallFailure(
                reason=GapReason.TIMEOUT, code="Connection", detail="cannot connect",
                is_worth_a_retry=True,
            )  # fmt: skip


def _malformed(detail: str) -> CallFailure:
    return CallFailure(
        reason=GapReason.MALFORMED, code="Malformed", detail=detail, is_worth_a_retry=True
    )


def _retry_after(headers: Mapping[str, str]) -> float:
    try:
        return min(60.0, max(0.0, float(headers.get("Retry-After", 0))))
    except (TypeError, ValueError):
        return 0.0
