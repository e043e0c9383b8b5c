"""How Azure Resource Manager and its authority say no: for the fault injector."""

from __future__ import annotations

import json
from typing import Any

from tests.estate.azure_identify import Call
from tests.estate.wire import Answer

_JSON = (("content-type", "application/json; charset=utf-8"),)


class AzureRefusals:
    """ARM's error answers."""

    def denied(self, call: Call) -> Answer:
        """Say that the role lacks the action."""
        right = call.operation.right if call.operation else "token"
        text = (
            f"The client '{_WHO}' with object id '{_WHO}' does not have authorization to perform"
            f" action '{right}' over scope '{call.path}' or the scope is invalid."
        )
        return refusal(403, "AuthorizationFailed", text)

    def throttled(self, call: Call) -> Answer:
        """Say that the bucket of reads is empty."""
        del call
        text = "The request is being throttled as the limit has been reached for operation type"
        return refusal(429, "TooManyRequests", text, ("Retry-After", "0"))

    def failed(self, call: Call) -> Answer:
        """Fail as a server does."""
        del call
        return refusal(500, "InternalServerError", "planted by the injector")

    def expired(self, call: Call) -> Answer:
        """Say that the token, or the secret behind it, is past its end."""
        if call.service == "login":
            text = "AADSTS7000222: The provided client secret keys for app are expired."
            body = {"error": "invalid_client", "error_description": text}
            return Answer(status=401, headers=_JSON, body=json.dumps(body).encode())
        text = "The access token expiry UTC time is earlier than current UTC time."
        return refusal(401, "ExpiredAuthenticationToken", text)

    def page_token_expired(self, call: Call) -> Answer | None:
        """Refuse a page token that the client got a moment ago."""
        if not call.has_page_token:
            return None
        return refusal(400, "InvalidSkipToken", "The skip token is not valid any more.")

    def skewed(self, call: Call, skew_s: float) -> Answer | None:
        """A bearer token is not signed by us: the clock does not show in a request."""
        del call, skew_s

    def has_page_token(self, call: Call) -> bool:
        """Whether this asks for a later page."""
        return call.has_page_token


_WHO = "0b000000-0000-4000-8000-00000000000b"


def refusal(status: int, code: str, message: str, *headers: tuple[str, str]) -> Answer:
    """Give an error as ARM writes it."""
    body: dict[str, Any] = {"error": {"code": code, "message": message}}
    return Answer(status=status, headers=(*_JSON, *headers), body=json.dumps(body).encode())


def ok(document: Any) -> Answer:
    """Give a document."""
    return Answer(status=200, headers=_JSON, body=json.dumps(document).encode())
