"""Classify error answers of Azure Resource Manager."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from mlsec.collect.client.answer import decode_json
from mlsec.collect.walk.call_failure import (
    EXPIRED_DETAIL,
    SERVER_DETAIL,
    CallFailure,
    MalformedAnswerError,
)
from mlsec.core.enums import GapReason
from mlsec.core.sanitize import visible

_EXPIRED = re.compile(
    r"ExpiredAuthenticationToken|InvalidAuthenticationToken$|AuthenticationFailed"
)
_DENIED = re.compile(
    r"AuthorizationFailed|LinkedAuthorizationFailed|Forbidden|AccessDenied|Unauthorized"
    r"|InvalidAuthenticationTokenTenant|AuthorizationPermissionMismatch|RequestDisallowed"
)
# The resource provider is not registered in the subscription: nothing of its kinds can exist there.
# (MissingRegistrationForLocation is of one place only: there may be some in others.)
_NOT_REGISTERED = re.compile(r"MissingSubscriptionRegistration|SubscriptionNotRegistered")
_NO_SUCH_TYPE = re.compile(
    r"NoRegisteredProviderFound|InvalidResourceType|InvalidApiVersionParameter"
)
_NO_SUBSCRIPTION = re.compile(r"SubscriptionNotFound|InvalidSubscriptionId")
_GONE = re.compile(r"^(Parent)?ResourceNotFound$|^ResourceGroupNotFound$|^NotFound$")
# Answer of an AI account to requests for its projects from outside of its network.
_CLOSED = re.compile(r"Public access is disabled|Virtual Network/Firewall rules", re.I)
_PAGE_TOKEN = re.compile(r"SkipToken|ContinuationToken|InvalidPageToken|ExpiredToken", re.I)
_SUPPORTED = re.compile(r"supported api-versions? (?:are|is) '([^']*)'", re.I)
_FLEETING = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{20,}|\d{4}-\d\d-\d\dT[\d:.]+Z?|[\w+/]{60,}=*")


class AzureError(msgspec.Struct, frozen=True, kw_only=True):
    """An answer with an error status."""

    status: int
    code: str
    message: str
    headers: Mapping[str, str]

    @property
    def wait_s(self) -> float:
        """The requested wait in seconds."""
        for name, unit_s in (("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001),
                             ("retry-after", 1.0)):  # fmt: skip
            try:
                return min(60.0, max(0.0, float(self.headers[name]) * unit_s))
            except (KeyError, ValueError):
                continue
        return 0.0


def refusal_of(status: int, headers: Mapping[str, str], body: bytes) -> AzureError:
    """Read an error answer: {"error": {"code", "message"}}, or the two without the wrapping."""
    try:
        document = decode_json(body)
    except MalformedAnswerError:
        document = None
    error = document.get("error", document) if isinstance(document, dict) else {}
    error = error if isinstance(error, dict) else {}
    return AzureError(
        status=status,
        code=visible(str(error.get("code") or error.get("Code") or ""), 80),
        message=str(error.get("message") or error.get("Message") or ""),
        headers={name.lower(): value for name, value in headers.items()},
    )


def why_not_offered(refusal: AzureError, right: str) -> str:
    """Give why the subscription or cloud lacks the service, "" if the refusal does not say so.

    A provider can be registered at any time, and not be unregistered while anything of it exists.
    """
    provider = right.partition("/")[0]
    if _NOT_REGISTERED.search(refusal.code):
        return f"the resource provider {provider} is not registered in the subscription"
    named = _SUPPORTED.search(refusal.message)
    if _NO_SUCH_TYPE.search(refusal.code) and named and not named.group(1).strip():
        return f"this cloud has no such resource type of {provider}"
    return ""


def classify_refusal(refusal: AzureError) -> CallFailure:
    """Classify a refusal."""
    code, status = refusal.code, refusal.status
    if status == 429:
        return CallFailure(reason=GapReason.THROTTLED, code=code, detail="throttled",
                       is_worth_a_retry=True, slows=True, retry_after_s=refusal.wait_s)  # fmt: skip
    if _NO_SUBSCRIPTION.search(code):
        # No further call of this subscription can succeed either.
        return CallFailure(reason=GapReason.UNSUPPORTED, code=code, detail=LOST_SUBSCRIPTION,
                       is_expired=True)  # fmt: skip
    if status == 401 or _EXPIRED.search(code):
        return _unauthorized(code)
    if status == 403 and _CLOSED.search(refusal.message):
        return CallFailure(reason=GapReason.UNSUPPORTED, code=code or "403", detail=CLOSED)
    if status == 403 or _DENIED.search(code):
        return CallFailure(reason=GapReason.DENIED, code=code, detail=code or "403")
    if status == 404 and _GONE.search(code):
        return CallFailure(reason=GapReason.UNSUPPORTED, code=code, detail=GONE)
    if _NO_SUCH_TYPE.search(code):
        return CallFailure(reason=GapReason.UNSUPPORTED, code=code, detail=_versions(refusal))
    if _PAGE_TOKEN.search(code):
        return CallFailure(reason=GapReason.UNSUPPORTED, code=code, detail=code, is_stale_page=True)
    if status == 503:
        return CallFailure(reason=GapReason.THROTTLED, code=code, detail="service unavailable",
                       is_worth_a_retry=True, slows=True, retry_after_s=refusal.wait_s)  # fmt: skip
    if status >= 500 or status == 408:
        return CallFailure(reason=GapReason.UNSUPPORTED, code=code or str(status),
                       detail=f"{SERVER_DETAIL} {status}", is_worth_a_retry=True,
                       retry_after_s=refusal.wait_s)  # fmt: skip
    detail = f"{code or status}: {_lasting(refusal.message)}".rstrip(": ")
    return CallFailure(reason=GapReason.UNSUPPORTED, code=code or str(status), detail=detail)


LOST_SUBSCRIPTION = (
    "the subscription is no longer there: deleted, or moved to another tenant;"
    " leave it out of the target, or sign in to the tenant that has it now"
)
GONE = "it is no longer there: deleted, or moved since it was listed; scan again to see where it is"
CLOSED = "it answers only inside of its network: scan from there"
_OTHER_TENANT = "the subscription is in another tenant; sign in there (az login --tenant)"


def _unauthorized(code: str) -> CallFailure:
    if code == "InvalidAuthenticationTokenTenant":
        return CallFailure(reason=GapReason.DENIED, code=code, detail=_OTHER_TENANT)
    return CallFailure(
        reason=GapReason.DENIED, code=code or "401", detail=EXPIRED_DETAIL, is_expired=True
    )


def _versions(refusal: AzureError) -> str:
    named = _SUPPORTED.search(refusal.message)
    known = visible(named.group(1), 200) if named else ""
    suffix = f"; it knows {known}" if known else ""
    return f"this cloud does not know the resource type at the api-version we ask with{suffix}"


def _lasting(message: str) -> str:
    """Remove request ids and times from a message, so that equal states give equal rows."""
    if message.lstrip().startswith("<"):
        return ""
    return visible(_FLEETING.sub("...", " ".join(message.split())), 160)


def failure(error: Exception) -> CallFailure:
    """Classify an exception of the transport, by the names of azure-core's classes."""
    names = {base.__name__ for base in type(error).__mro__}
    if names & {"ClientAuthenticationError", "CredentialUnavailableError"}:
        return CallFailure(
            reason=GapReason.DENIED,
            code=type(error).__name__,
            detail=EXPIRED_DETAIL,
            is_expired=True,
        )
    if "IncompleteReadError" in names or "IncompleteRead" in str(error):
        return CallFailure(reason=GapReason.MALFORMED, code="CutShort",
                       detail="the answer was cut short", is_worth_a_retry=True)  # fmt: skip
    if names & {"ServiceRequestError", "ServiceResponseError", "RequestException", "OSError"}:
        return CallFailure(reason=GapReason.TIMEOUT, code=type(error).__name__,
                       detail=_cause(error), is_worth_a_retry=True)  # fmt: skip
    return unparsable()


def unparsable() -> CallFailure:
    """Give the failure of an answer that cannot be parsed."""
    return CallFailure(reason=GapReason.MALFORMED, code="Unparsable",
                   detail="the answer could not be parsed", is_worth_a_retry=True)  # fmt: skip


def _cause(error: Exception) -> str:
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text or "SSLError" in text:
        return "the server's certificate is not trusted; set REQUESTS_CA_BUNDLE to your proxy's CA"
    if "timed out" in text:
        return "no answer in time"
    return "cannot connect" if "onnect" in type(error).__name__ + text[:200] else "no answer"
