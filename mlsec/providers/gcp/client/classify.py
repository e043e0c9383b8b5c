"""What a Google API's refusal means, worded so that a person knows what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.collect.walk.call_failure import EXPIRED_DETAIL, SERVER_DETAIL, CallFailure
from mlsec.core.enums import GapReason
from mlsec.core.sanitize import visible

_THROTTLED = frozenset(
    {
        "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED", "rateLimitExceeded", "userRateLimitExceeded",
        "quotaExceeded", "RESOURCE_QUOTA_EXCEEDED",
    }
)  # fmt: skip
_FLEETING = re.compile(r"[0-9a-fA-F-]{16,}|\d{4}-\d\d-\d\dT[\d:.]+Z?|[A-Za-z0-9+/_]{40,}=*")
_QUOTA_RIGHT = "serviceusage.services.use"
_SET_QUOTA = "gcloud auth application-default set-quota-project PROJECT"


class GoogleError(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of an error answer. ``reason`` is ErrorInfo's, or the older ``errors[].reason``;
    ``is_own``: it is about the project that was asked about, not about the one that pays.
    """

    status: int
    word: str = ""
    reason: str = ""
    message: str = ""
    service: str = ""
    consumer: str = ""
    is_own: bool = False

    @property
    def code(self) -> str:
        """The most telling of the provider's own words."""
        return self.reason or self.word or str(self.status)


def read_refusal(status: int, document: Any) -> GoogleError:
    """Take an error answer apart, in any of the two forms that Google's APIs use."""
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict):
        return GoogleError(status=status)
    info: Mapping[str, Any] = {}
    for detail in error.get("details", ()) or ():
        if isinstance(detail, dict) and str(detail.get("@type", "")).endswith(".ErrorInfo"):
            info = detail
            break
    older = error.get("errors") or [{}]
    meta = info.get("metadata") if isinstance(info.get("metadata"), dict) else {}
    first = older[0] if isinstance(older, list) and isinstance(older[0], dict) else {}
    return GoogleError(
        status=status,
        word=visible(str(error.get("status", "")), 60),
        reason=visible(str(info.get("reason") or first.get("reason") or ""), 60),
        message=_lasting(str(error.get("message", ""))),
        service=visible(str((meta or {}).get("service", "")), 80),
        consumer=visible(str((meta or {}).get("consumer", "")), 80).removeprefix("projects/"),
    )


def trouble_of(refusal: GoogleError, project: str, wait_s: float) -> CallFailure:
    """Classify a refusal of a request about ``project``."""
    code, status = refusal.code, refusal.status
    if status == 429 or code in _THROTTLED:
        return CallFailure(reason=GapReason.THROTTLED, code=code, detail="throttled",
                       is_worth_a_retry=True, slows=True, retry_after_s=wait_s)  # fmt: skip
    if status == 401:
        return CallFailure(
            reason=GapReason.DENIED, code=code, detail=EXPIRED_DETAIL, is_expired=True
        )
    known = _of_project(refusal, project)
    if known is not None:
        return known
    if status == 403:
        return CallFailure(reason=GapReason.DENIED, code=code, detail=code)
    if status == 503:
        return CallFailure(reason=GapReason.THROTTLED, code=code, detail="service unavailable",
                       is_worth_a_retry=True, slows=True, retry_after_s=wait_s)  # fmt: skip
    if status >= 500 or status == 408:
        return CallFailure(reason=GapReason.UNSUPPORTED, code=code,
                       detail=f"{SERVER_DETAIL} {status}", is_worth_a_retry=True)  # fmt: skip
    detail = f"{code}: {refusal.message}" if refusal.message else code
    is_stale = status == 400 and code in ("INVALID_ARGUMENT", "badRequest", "invalid", "400")
    return CallFailure(
        reason=GapReason.UNSUPPORTED, code=code, detail=detail, is_stale_page=is_stale
    )


def nothing_there(refusal: GoogleError, project: str) -> str:
    """Say that a project has nothing of a service, or "" when that is not what was said."""
    is_off = refusal.code in ("SERVICE_DISABLED", "accessNotConfigured")
    if not (is_off and refusal.is_own):
        return ""
    return (
        f"{refusal.service} is not enabled in project {project}, so nothing of it can be used"
        " there; what an earlier use left behind shows only when it is enabled again"
    )


def _of_project(refusal: GoogleError, project: str) -> CallFailure | None:
    """Refusals that concern a project as a whole: the one asked about, or the one that pays."""
    service = refusal.service or "the API"
    payer = refusal.consumer or "of these credentials"
    match refusal.code:
        case "SERVICE_DISABLED" | "accessNotConfigured" if refusal.is_own:
            detail = (
                f"{service} is not enabled in project {project}, so it cannot be asked:"
                f" gcloud services enable {service} --project {project}"
            )
            return CallFailure(reason=GapReason.UNSUPPORTED, code=refusal.code, detail=detail)
        case "SERVICE_DISABLED" | "accessNotConfigured":
            detail = (
                f"{service} is not enabled in project {payer}, which pays for the calls:"
                f" enable it there, or set another quota project ({_SET_QUOTA})"
            )
            code = f"{refusal.code}_FOR_PAYER"
            return CallFailure(reason=GapReason.UNSUPPORTED, code=code, detail=detail)
        case "USER_PROJECT_DENIED":
            detail = (
                f"these credentials may not let project {payer} pay for calls: grant"
                f" {_QUOTA_RIGHT} there, or set another quota project ({_SET_QUOTA})"
            )
            return CallFailure(
                reason=GapReason.DENIED, code=refusal.code, detail=detail, right=_QUOTA_RIGHT
            )
        case "CONSUMER_INVALID" | "CONSUMER_SUSPENDED" | "PROJECT_DELETED":
            detail = (
                f"project {payer if refusal.consumer else project} is deleted or suspended;"
                " gcloud projects undelete brings one back within 30 days"
            )
            return CallFailure(reason=GapReason.UNSUPPORTED, code=refusal.code, detail=detail)
        case "SECURITY_POLICY_VIOLATED" | "vpcServiceControls":
            detail = (
                "VPC Service Controls keep this machine out: scan from inside the perimeter, or"
                " add an ingress rule for the scan's identity"
            )
            return CallFailure(reason=GapReason.DENIED, code=refusal.code, detail=detail)
        case "BILLING_DISABLED":
            detail = f"billing is off in project {payer}: the service does not answer for it"
            return CallFailure(reason=GapReason.UNSUPPORTED, code=refusal.code, detail=detail)
    if "quota project" in refusal.message and refusal.status == 403:
        detail = f"no project pays for the calls: {_SET_QUOTA}, or set GOOGLE_CLOUD_QUOTA_PROJECT"
        return CallFailure(reason=GapReason.UNSUPPORTED, code=refusal.code, detail=detail)
    return None


def _lasting(message: str) -> str:
    """Take request ids and times out of a message: equal worlds must give equal rows."""
    if message.lstrip().startswith("<"):
        return ""
    return visible(_FLEETING.sub("...", message), 160)
