"""Everything of the signing side that is fuzzed, by name."""

from __future__ import annotations

from tests.fuzz.parsers import PARSER_TARGETS
from tests.fuzz.target import Target
from tests.fuzz.verifying import VERIFYING_TARGETS

TARGETS: dict[str, Target] = {one.name: one for one in (*VERIFYING_TARGETS, *PARSER_TARGETS)}
