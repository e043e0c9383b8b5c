"""How AWS says no, in each protocol: for the fault injector."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.estate.answers import error
from tests.estate.identify import Call
from tests.estate.wire import Answer

MAX_SKEW = timedelta(minutes=5)
_PAGE_TOKENS = (
    "NextToken", "nextToken", "Marker", "nextMarker", "marker", "position", "ContinuationToken",
)  # fmt: skip


class AwsRefusals:
    """The refusals of every AWS service, by the protocol of the call."""

    def denied(self, call: Call) -> Answer:
        """Say "not allowed" as the service would."""
        code, status = {
            "ec2": ("UnauthorizedOperation", 403),
            "query": ("AccessDenied", 403),
            "rest-xml": ("AccessDenied", 403),
            "rest-json": ("AccessDeniedException", 403),
        }.get(call.protocol, ("AccessDeniedException", 400))
        who = "arn:aws:sts::123456789012:assumed-role/scanner/mlsec"
        return error(call, code, f"User: {who} is not authorized to perform: {call.label}", status)

    def throttled(self, call: Call) -> Answer:
        """Say "too fast" as the service would."""
        code, status = {
            "ec2": ("RequestLimitExceeded", 503),
            "query": ("Throttling", 400),
            "rest-xml": ("SlowDown", 503),
            "rest-json": ("TooManyRequestsException", 429),
        }.get(call.protocol, ("ThrottlingException", 400))
        return error(call, code, "Rate exceeded", status)

    def expired(self, call: Call) -> Answer:
        """Say that the session credentials are past their end."""
        is_short = call.protocol in ("rest-xml", "query")
        code = "ExpiredToken" if is_short else "ExpiredTokenException"
        code = "RequestExpired" if call.protocol == "ec2" else code
        return error(call, code, "The security token included in the request is expired", 403)

    def skewed(self, call: Call, skew_s: float) -> Answer | None:
        """Say that the signature's time is too far from the server's."""
        if not _is_skewed(call, skew_s):
            return None
        code = "RequestTimeTooSkewed" if call.service == "s3" else "InvalidSignatureException"
        return error(call, code, "Signature expired: the clocks differ too much", 403)

    def page_token_expired(self, call: Call) -> Answer | None:
        """Refuse a page token that the client got a moment ago."""
        if not self.has_page_token(call):
            return None
        code = "InvalidNextToken" if call.protocol == "ec2" else "ValidationException"
        return error(call, code, "The page token is invalid or has expired", 400)

    def failed(self, call: Call) -> Answer:
        """Fail as a server does."""
        return error(call, "InternalFailure", "planted by the injector", 500)

    def has_page_token(self, call: Call) -> bool:
        """Whether this asks for a later page."""
        return any(call.params.get(name) for name in _PAGE_TOKENS)


def _is_skewed(call: Call, skew_s: float) -> bool:
    stamp = call.request.headers.get("x-amz-date", "")
    if not stamp:
        return False
    signed_at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return abs(datetime.now(UTC) + timedelta(seconds=skew_s) - signed_at) > MAX_SKEW
