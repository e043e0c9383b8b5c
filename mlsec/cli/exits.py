"""The exit codes: a contract that scripts rely on."""

from __future__ import annotations

CLEAN = 0
CRASH = 1
BAD_INPUT = 2
FINDINGS = 10
INCOMPLETE = 11
INTERRUPTED = 130
BROKEN_PIPE = 141
