"""What an AWS error means: denied, throttled, timeout, malformed, unsupported or not offered."""

from __future__ import annotations

import re
from typing import Any

import botocore.exceptions as failures

from mlsec.collect.walk.call_failure import (
    EXPIRED_DETAIL,
    SERVER_DETAIL,
    SKEWED_DETAIL,
    CallFailure,
)
from mlsec.core.enums import GapReason
from mlsec.core.sanitize import visible

_DENIED = re.compile(
    r"AccessDenied|AccessDeniedException|UnauthorizedOperation|UnauthorizedAccess|AuthorizationError"
    r"|Forbidden|ForbiddenException|NotAuthorized|AllAccessDisabled|InvalidAccessKeyId"
    r"|SignatureDoesNotMatch|MissingAuthenticationToken|AuthFailure|IncompleteSignature"
    r"|KMS\.AccessDenied|AWSOrganizationsNotInUse"
)
_THROTTLED = re.compile(
    r"Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|RequestThrottled|LimitExceededException"
    r"|ProvisionedThroughputExceeded|BandwidthLimitExceeded|PriorRequestNotComplete|EC2ThrottledException"
)
_EXPIRED = re.compile(
    r"ExpiredToken|ExpiredTokenException|TokenRefreshRequired|RequestExpired|InvalidClientTokenId"
)
# Not a missing right: the machine's clock differs too much for AWS to trust the signature.
_SKEWED = re.compile(r"RequestTimeTooSkewed|RequestInTheFuture")
_REGION_OFF = re.compile(r"UnrecognizedClient|OptInRequired|SubscriptionRequired|RegionDisabled")
_UNSUPPORTED = re.compile(
    r"UnknownOperation|UnsupportedOperation|UnsupportedFeature|InvalidAction|NotImplemented"
    r"|MethodNotAllowed|UnsupportedCommand|ActionNotSupported|NoSuchVersionOperation"
)
_TRANSIENT = re.compile(
    r"InternalError|InternalFailure|InternalServer|ServiceUnavailable|ServiceException|RequestTimeout"
    r"|ServiceFailure|DependencyFailure|50[0234]"
)
# Many services have no code of their own for a stale page token. Only a later page is asked about
# here, and its other parameters were right for the first one.
_PAGE_TOKEN = re.compile(
    r"ExpiredNextToken|InvalidNextToken|InvalidPaginationToken|InvalidToken|PaginationTokenExpired"
    r"|InvalidMarker|ExpiredPaginationToken|InvalidContinuationToken|ValidationException"
    r"|ValidationError|InvalidParameter|InvalidInput|InvalidArgument"
)
_FLEETING = re.compile(r"[0-9a-fA-F-]{16,}|\d{4}-\d\d-\d\dT[\d:.]+Z?|[A-Za-z0-9+/]{40,}=*")


def trouble_of(error: Exception) -> CallFailure:
    """Classify what botocore raised."""
    if isinstance(error, failures.ClientError):
        return _of_code(error.response)
    detail = visible(f"{type(error).__name__}: {error}", 200)
    match error:
        case failures.EndpointConnectionError():
            return CallFailure(reason=GapReason.TIMEOUT, code="EndpointConnectionError",
                           detail="cannot connect", is_unreachable=True,
                           is_worth_a_retry=True)  # fmt: skip
        case (
            failures.ConnectTimeoutError()
            | failures.ReadTimeoutError()
            | failures.ConnectionClosedError()
            | failures.ProxyConnectionError()
        ):
            return CallFailure(reason=GapReason.TIMEOUT, code=type(error).__name__,
                           detail=type(error).__name__, is_worth_a_retry=True)  # fmt: skip
        case failures.IncompleteReadError() | failures.ResponseStreamingError():
            return CallFailure(reason=GapReason.MALFORMED, code="CutShort",
                           detail="the answer was cut short", is_worth_a_retry=True)  # fmt: skip
        case failures.SSLError() | failures.HTTPClientError():
            return CallFailure(reason=GapReason.TIMEOUT, code=type(error).__name__, detail=detail,
                           is_worth_a_retry=True)  # fmt: skip
        case (
            failures.NoCredentialsError()
            | failures.PartialCredentialsError()
            | failures.CredentialRetrievalError()
            | failures.TokenRetrievalError()
        ):
            return CallFailure(reason=GapReason.DENIED, code=type(error).__name__,
                           detail=EXPIRED_DETAIL, is_expired=True)  # fmt: skip
        case failures.ParamValidationError() | failures.UnknownServiceError():
            return CallFailure(
                reason=GapReason.UNSUPPORTED, code=type(error).__name__, detail=detail
            )
        case _:
            return CallFailure(reason=GapReason.MALFORMED, code="Unparsable",
                           detail="the answer could not be parsed",
                           is_worth_a_retry=True)  # fmt: skip


def is_page_token_error(code: str) -> bool:
    """Whether a code says that a listing must be started again."""
    return bool(_PAGE_TOKEN.search(code))


def _of_code(response: Any) -> CallFailure:
    code = str(response.get("Error", {}).get("Code", ""))
    message = _lasting(str(response.get("Error", {}).get("Message", "")))
    http = response.get("ResponseMetadata", {})
    status = int(http.get("HTTPStatusCode", 0) or 0)
    wait = _retry_after(http.get("HTTPHeaders", {}))
    if _THROTTLED.search(code) or status == 429:
        return CallFailure(reason=GapReason.THROTTLED, code=code, detail="throttled",
                       is_worth_a_retry=True, slows=True, retry_after_s=wait)  # fmt: skip
    if _EXPIRED.search(code):
        return CallFailure(
            reason=GapReason.DENIED, code=code, detail=EXPIRED_DETAIL, is_expired=True
        )
    if _SKEWED.search(code) or "Signature expired" in message or "not yet current" in message:
        return CallFailure(
            reason=GapReason.DENIED, code=code, detail=SKEWED_DETAIL, is_expired=True
        )
    if _REGION_OFF.search(code):
        return CallFailure(reason=GapReason.UNSUPPORTED, code=code, detail="region not enabled")
    if _DENIED.search(code):
        return CallFailure(reason=GapReason.DENIED, code=code, detail=code)
    if _UNSUPPORTED.search(code) or (status in (404, 405, 501) and not message):
        return CallFailure(reason=GapReason.UNSUPPORTED, code=code, detail=code)
    if status in (401, 403):
        return CallFailure(reason=GapReason.DENIED, code=code, detail=code)
    if status == 503:
        return CallFailure(reason=GapReason.THROTTLED, code=code, detail="service unavailable",
                       is_worth_a_retry=True, slows=True, retry_after_s=wait)  # fmt: skip
    if status >= 500 or _TRANSIENT.search(code):
        return CallFailure(reason=GapReason.UNSUPPORTED, code=code or str(status),
                       detail=f"{SERVER_DETAIL} {status or code}",
                       is_worth_a_retry=True)  # fmt: skip
    detail = f"{code}: {message}" if message else code
    return CallFailure(reason=GapReason.UNSUPPORTED, code=code, detail=detail)


def _lasting(message: str) -> str:
    """Take request ids and times out of a message: equal worlds must give equal rows."""
    if message.lstrip().startswith("<"):
        return ""
    return visible(_FLEETING.sub("...", message), 160)


def _retry_after(headers: Any) -> float:
    try:
        return min(60.0, max(0.0, float(headers.get("retry-after", 0))))
    except (TypeError, ValueError):
        return 0.0
