"""Times of a scan as other formats want them."""

from __future__ import annotations

import datetime


def unix_seconds(time: str) -> float:
    """Give an RFC 3339 time in seconds since 1970; 0 for any other text."""
    try:
        moment = datetime.datetime.fromisoformat(time)
    except ValueError:
        return 0.0
    aware = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    return aware.timestamp()


def rfc3339(time: str) -> str:
    """Give a time in whole seconds of UTC, ending in Z; that of 1970 for any other text."""
    moment = datetime.datetime.fromtimestamp(unix_seconds(time), datetime.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
