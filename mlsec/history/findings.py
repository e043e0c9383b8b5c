"""A failure as a row: what says a reader which it is; its evidence stays in the assessment."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from mlsec.core.enums import Severity, Status
from mlsec.core.finding import Finding

_SEVERITIES = tuple(severity.value for severity in Severity)
_ABOUT = (
    "severity, concern, category, rule, message, resource, type, region, name, file, line, owner"
)
FINDING_COLUMNS = (
    "series, account, fingerprint, state, change, noted_scan, first_scan, opened_scan,"
    f" changed_scan, {_ABOUT}, digest"
)
SHOWN_COLUMNS = f"fingerprint, provider, scope, {_ABOUT}"
RENEWED = "account = ?, " + ", ".join(f"{name} = ?" for name in (*_ABOUT.split(", "), "digest"))


def finding_values(
    finding: Finding, series: int, account: int, now: tuple[str, str, int, int, int, int]
) -> tuple[Any, ...]:
    """Give a row for ``FINDING_COLUMNS``; ``now`` are its columns from ``state`` on."""
    return (series, account, finding.fingerprint, *now, *_about(finding), digest_of(finding))


def renewed_values(finding: Finding, account: int) -> tuple[Any, ...]:
    """Give the values for ``RENEWED``."""
    return (account, *_about(finding), digest_of(finding))


def digest_of(finding: Finding) -> int:
    """Name what a row says of a failure, in 63 bits: it is written again when this changes."""
    subject = finding.resource
    text = "\x00".join(
        (
            finding.severity._value_, finding.concern._value_, finding.category._value_,
            finding.rule,
            finding.message, subject.id, subject.type, subject.provider, subject.scope,
            subject.region, subject.name, subject.file, str(subject.line), subject.owner,
        )
    )  # fmt: skip
    made = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(made, "big") >> 1


def shown_finding(values: Sequence[Any]) -> Finding:
    """Make the failure of a row with ``SHOWN_COLUMNS``, as text that is no longer escaped.

    Raises:
        msgspec.ValidationError: it holds something of another type.
        ValueError: its severity is not one of the five.
    """
    fingerprint, provider, scope, severity, concern, category, rule, message, *place = values
    resource, type_, region, name, file, line, owner = place
    if not isinstance(severity, int) or not 0 <= severity < len(_SEVERITIES):
        raise ValueError("a failure has no severity")
    return msgspec.convert(
        {
            "fingerprint": fingerprint, "rule": rule, "status": Status.FAIL.value,
            "severity": _SEVERITIES[severity], "category": category, "concern": concern,
            "message": message,
            "resource": {
                "id": resource, "type": type_, "provider": provider, "scope": scope,
                "region": region, "name": name, "file": file, "line": line, "owner": owner,
            },
        },
        Finding,
    )  # fmt: skip


def _about(finding: Finding) -> tuple[Any, ...]:
    subject = finding.resource
    return (
        finding.severity.rank, finding.concern.value, finding.category.value, finding.rule,
        finding.message, subject.id, subject.type, subject.region, subject.name, subject.file,
        subject.line, subject.owner,
    )  # fmt: skip
