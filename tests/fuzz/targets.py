"""Everything that is fuzzed, by name."""

from __future__ import annotations

from tests.fuzz.readers import TARGETS as READER_TARGETS
from tests.fuzz.signing import TARGETS as SIGNING_TARGETS

TARGETS = READER_TARGETS | SIGNING_TARGETS
