"""The words of the fleet's commands that are needed before anything of it is loaded."""

from __future__ import annotations

ERROR_CLASSES = (
    "denied", "expired", "throttled", "unreachable", "disk", "crash", "bug", "lost", "cancelled",
)  # fmt: skip


def duration(seconds: float) -> str:
    """Say how long something takes, as a person would."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def size(count: float) -> str:
    """Say how many bytes something has."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:.0f} {unit}" if unit in ("B", "KiB", "MiB") else f"{count:.1f} {unit}"
        count /= 1024
    return ""


def counted(number: int, word: str) -> str:
    """Say a number of things."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
