"""The caps under which a file is read, and what is left of them."""

from __future__ import annotations

import time

import msgspec

from mlsec.artifacts.errors import OverLimitError


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Caps for one file, its members at any depth included."""

    depth: int = 8
    members: int = 10_000
    inflated_bytes: int = 256 << 20
    inflation_ratio: int = 200
    header_bytes: int = 100 << 20
    json_depth: int = 64
    facts: int = 2_000
    cpu_s: float = 60.0
    memory_bytes: int = 1 << 30


class Budget:
    """What is left of the limits of one file; shared by all its members."""

    __slots__ = ("deadline_s", "inflated_bytes", "limits", "members")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.inflated_bytes = limits.inflated_bytes
        self.members = limits.members
        self.deadline_s = time.process_time() + limits.cpu_s

    def inflate(self, size_bytes: int) -> None:
        """Take ``size_bytes`` of inflated data.

        Raises:
            OverLimitError: more than the limit over all members.
        """
        self.inflated_bytes -= size_bytes
        if self.inflated_bytes < 0:
            raise OverLimitError(f"inflates to more than {self.limits.inflated_bytes} bytes")

    def check_time(self) -> None:
        """Stop a reader that takes too long.

        Raises:
            OverLimitError: more CPU seconds than the limit.
        """
        if time.process_time() > self.deadline_s:
            raise OverLimitError(f"takes more than {self.limits.cpu_s:g} s of CPU")
