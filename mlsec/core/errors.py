"""The one base error: what a person must mend before the run can go on."""

from __future__ import annotations


class MlsecError(Exception):
    """Stops the run because of bad usage or input (exit code 2).

    Args:
        message: what is wrong and what was expected, in one sentence.
        hint: what to do about it, or "".
        location: where: ``file:line:column``, an account and region, or "".
    """

    def __init__(self, message: str, *, hint: str = "", location: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.location = location

    def __str__(self) -> str:
        """Give ``location: message (hint)``, leaving out what is empty."""
        where = f"{self.location}: " if self.location else ""
        what_next = f" ({self.hint})" if self.hint else ""
        return f"{where}{self.message}{what_next}"


class UsageError(MlsecError):
    """A mistake in a command line: what is wrong and what to do fit into one line."""


class NoRoomError(MlsecError):
    """The disk of the evidence is full or failing; what was recorded before is in its file."""


class LimitError(MlsecError):
    """What is foreign is larger than a scan takes: a limit of ours, and no mistake of theirs."""
