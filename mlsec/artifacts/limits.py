"""The caps under which a file is read, and what is left of them."""

from __future__ import annotations

import time

import msgspec

from mlsec.artifacts.errors import OverLimitError


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Caps for one file, its members at any depth included.

    ``inflated_bytes`` counts all that compressed members give; ``held_bytes`` is what of it may
    lie in memory at a time, the rest is inflated again when asked for. ``inflation_ratio`` is
    reported only from ``ratio_from_bytes`` on, as a danger from ``large_from_bytes`` on: a few
    zeros or words always pack well. ``cpu_s`` and
    ``wall_s`` are seconds for one file; time spent waiting for a far store does not count, and
    ``asked_bytes``, beside some times its size, is what may be asked of that for one file.
    """

    depth: int = 8
    members: int = 10_000
    inflated_bytes: int = 256 << 20
    held_bytes: int = 32 << 20
    inflation_ratio: int = 200
    ratio_from_bytes: int = 8 << 20
    large_from_bytes: int = 64 << 20
    header_bytes: int = 100 << 20
    facts: int = 2_000
    cpu_s: float = 60.0
    wall_s: float = 180.0
    memory_bytes: int = 1 << 30
    asked_bytes: int = 4 << 30


class Budget:
    """What is left of the limits of one file; shared by all its members."""

    __slots__ = (
        "deadline_s",
        "held_bytes",
        "inflated_bytes",
        "limits",
        "members",
        "repeated_bytes",
    )

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.inflated_bytes = limits.inflated_bytes
        # Reading backwards in a member too large to hold means inflating it again.
        self.repeated_bytes = 4 * limits.inflated_bytes
        self.held_bytes = limits.held_bytes
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

    def repeat(self, size_bytes: int) -> None:
        """Take ``size_bytes`` of data that are inflated a second time.

        Raises:
            OverLimitError: read back and forth too often.
        """
        self.repeated_bytes -= size_bytes
        if self.repeated_bytes < 0:
            raise OverLimitError("needs its compressed members inflated again too often")

    def hold(self, size_bytes: int) -> bool:
        """Take ``size_bytes`` of memory for inflated data, if there is as much."""
        if size_bytes > self.held_bytes:
            return False
        self.held_bytes -= size_bytes
        return True

    def release(self, size_bytes: int) -> None:
        """Give back memory that was held."""
        self.held_bytes += size_bytes

    def member(self) -> None:
        """Take one member.

        Raises:
            OverLimitError: more members than the limit, at all depths together.
        """
        self.members -= 1
        if self.members < 0:
            raise OverLimitError(f"has more than {self.limits.members} members")

    def check_time(self) -> None:
        """Stop a reader that takes too long.

        Raises:
            OverLimitError: more CPU seconds than the limit.
        """
        if time.process_time() > self.deadline_s:
            raise OverLimitError(f"takes more than {self.limits.cpu_s:g} s of CPU")
