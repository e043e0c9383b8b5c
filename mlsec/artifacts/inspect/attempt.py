"""Reads one file; an error in a reader is reported as a gap of that file."""

from __future__ import annotations

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import Inspection
from mlsec.artifacts.inspect.failed_inspection import crashed
from mlsec.artifacts.inspect.inspect import inspect, python_only
from mlsec.artifacts.limits import Limits
from mlsec.core.enums import GapReason


def attempt(window: Window, limits: Limits, *, leaves_python: bool = False) -> Inspection:
    """Read a file; an error is part of the result. With ``leaves_python`` Python is only named."""
    try:
        named = python_only(window) if leaves_python else None
        return inspect(window, limits) if named is None else named
    except Exception as error:  # noqa: BLE001 - recorded: one file must never end the run
        return crashed(
            GapReason.UNSUPPORTED,
            f"reading it failed in mlsec itself ({type(error).__name__}: {error})",
            window.size_bytes,
        )
