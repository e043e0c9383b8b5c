"""Reads one file come what may: a mistake of ours is told as a hole in that one file."""

from __future__ import annotations

from mlsec.artifacts.facts import Inspection
from mlsec.artifacts.inspect import inspect
from mlsec.artifacts.limits import Limits
from mlsec.artifacts.unread import crashed
from mlsec.artifacts.window import Window
from mlsec.core.closed_sets import GapReason


def attempt(window: Window, limits: Limits) -> Inspection:
    """Read a file; whatever goes wrong is in the answer."""
    try:
        return inspect(window, limits)
    except Exception as error:  # noqa: BLE001 - recorded: one file must never end the run
        return crashed(
            GapReason.UNSUPPORTED,
            f"reading it failed in mlsec itself ({type(error).__name__}: {error})",
            window.size_bytes,
        )
