"""The exit codes: a contract that scripts rely on."""

from __future__ import annotations

CLEAN = 0
CRASH = 1
BAD_INPUT = 2
FINDINGS = 10
INCOMPLETE = 11
INTERRUPTED = 130
BROKEN_PIPE = 141
EPILOG = (
    "Exit codes: 0 clean, 10 findings, 11 incomplete (something could not be assessed), 2 bad usage"
    " or input, 1 a crash of mlsec."
)
_OF_GATE = {"findings": FINDINGS, "incomplete": INCOMPLETE}


def of_gate(result: str) -> int:
    """Give the exit code for what a gate said."""
    return _OF_GATE.get(result, CLEAN)
