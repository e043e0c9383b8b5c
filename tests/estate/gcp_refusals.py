"""How Google's APIs and their token server say no: for the fault injector."""

from __future__ import annotations

import json
from typing import Any

from tests.estate.gcp_identify import Call
from tests.estate.wire import Answer

_JSON = (("content-type", "application/json; charset=UTF-8"),)


class GcpRefusals:
    """google.rpc.Status answers."""

    def denied(self, call: Call) -> Answer:
        """Say that the role lacks the permission."""
        right = call.operation.right if call.operation else "token"
        text = f"Permission '{right}' denied on resource (or it may not exist)."
        return refusal(403, "PERMISSION_DENIED", text, info("IAM_PERMISSION_DENIED"))

    def throttled(self, call: Call) -> Answer:
        """Say that the quota of this minute is used up."""
        text = f"Quota exceeded for quota metric 'Reads' of service '{call.service}'"
        return refusal(429, "RESOURCE_EXHAUSTED", text, info("RATE_LIMIT_EXCEEDED"))

    def failed(self, call: Call) -> Answer:
        """Fail as a server does."""
        del call
        return refusal(500, "INTERNAL", "planted by the injector")

    def expired(self, call: Call) -> Answer:
        """Say that the token is past its end, and that there will be no other."""
        if call.service == "login":
            body = {"error": "invalid_grant", "error_description": "Token has been expired."}
            return Answer(status=400, headers=_JSON, body=json.dumps(body).encode())
        text = "Request had invalid authentication credentials."
        return refusal(401, "UNAUTHENTICATED", text, info("ACCESS_TOKEN_EXPIRED"))

    def page_token_expired(self, call: Call) -> Answer | None:
        """Refuse a page token that the client got a moment ago."""
        if not call.asked("pageToken"):
            return None
        return refusal(400, "INVALID_ARGUMENT", "The page token is not valid any more.")

    def skewed(self, call: Call, skew_s: float) -> Answer | None:
        """A bearer token is not signed by us: the clock does not show in a request."""
        del call, skew_s

    def has_page_token(self, call: Call) -> bool:
        """Whether this asks for a later page."""
        return bool(call.asked("pageToken"))


def info(reason: str, **metadata: str) -> dict[str, Any]:
    """Give the part of an error that says why, for a machine."""
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    return {"@type": kind, "reason": reason, "domain": "googleapis.com", "metadata": metadata}


def refusal(status: int, word: str, message: str, *details: dict[str, Any]) -> Answer:
    """Give an error as Google's APIs write it."""
    error = {"code": status, "message": message, "status": word, "details": list(details)}
    return Answer(status=status, headers=_JSON, body=json.dumps({"error": error}).encode())


def ok(document: Any) -> Answer:
    """Give a document."""
    return Answer(status=200, headers=_JSON, body=json.dumps(document).encode())
