"""Which scans are of the same targets, and which of them is the same scan."""

from __future__ import annotations

import datetime
import hashlib
from typing import Any

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.history.queries import Rows


def series_key(assessment: Assessment) -> str:
    """Name the targets, each with what distinguishes it from another of its name.

    The scans of an organisation are one series: its accounts and repositories come and go.
    """
    scan = assessment.scan
    if not isinstance(scan.organisation, msgspec.UnsetType):
        return as_text([f"organisation {scan.organisation}"])
    known = {} if isinstance(scan.identities, msgspec.UnsetType) else scan.identities
    return as_text([f"{name} ({known[name]})" if name in known else name for name in scan.targets])


def find_series(rows: Rows, assessment: Assessment) -> int | None:
    """Give the series that a scan belongs to, None for one of its own."""
    same = rows("SELECT id FROM series WHERE targets = ?", series_key(assessment))
    return int(same[0][0]) if same else None


def scan_digest(assessment: Assessment) -> str:
    """Name a judgement: the same evidence under the same rules and parameters is one scan."""
    scan, tool = assessment.scan, assessment.tool
    parts = (scan.snapshot_digest, scan.finished_at, tool.rules_digest, as_text(scan.parameters))
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


def judged_by(assessment: Assessment) -> str:
    """Name the rules and, after a colon, which of them were chosen and with which parameters."""
    scan = assessment.scan
    choice = scan.judged_by
    chosen = (choice.framework, choice.profile, choice.select)
    settings = as_text((chosen, scan.parameters))
    return f"{assessment.tool.rules_digest}:{hashlib.sha256(settings.encode()).hexdigest()[:16]}"


def as_text(value: Any) -> str:
    """Write a value as JSON, the same each time."""
    return msgspec.json.encode(value, order="deterministic").decode()


def epoch_s(finished_at: str) -> int | None:
    """Give a time in seconds since 1970; evidence that was never finished has none."""
    try:
        moment = datetime.datetime.fromisoformat(finished_at)
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
        return int(zoned.timestamp())
    except (ValueError, OverflowError):
        return None
