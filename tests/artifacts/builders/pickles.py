"""Builds pickles by hand: honest ones, and ones that would run an inert command."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from typing import Any

COMMAND = "echo inert"


class Calls:
    """An object that pickles as a call of ``function`` with ``arguments``."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.function = function
        self.arguments = arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.function, self.arguments


def dumped(value: Any, protocol: int = 4) -> bytes:
    """The pickle that Python itself writes."""
    return pickle.dumps(value, protocol)


def text(value: str) -> bytes:
    """Push a short string."""
    data = value.encode()
    return b"\x8c" + bytes([len(data)]) + data


def long_text(value: str) -> bytes:
    """Push a string with a four-byte length."""
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def named(module: str, name: str) -> bytes:
    """Import a name with GLOBAL."""
    return f"c{module}\n{name}\n".encode()


def stacked(module: str, name: str) -> bytes:
    """Import a name with STACK_GLOBAL."""
    return text(module) + text(name) + b"\x93"


def call(module: str, name: str, *arguments: str) -> bytes:
    """Call a name with strings; the result stays on the stack."""
    return named(module, name) + b"(" + b"".join(text(one) for one in arguments) + b"tR"


def stream(*parts: bytes, protocol: int = 4) -> bytes:
    """A whole stream: PROTO, the parts, STOP."""
    return bytes([0x80, protocol]) + b"".join(parts) + b"."
