"""Everything that is fuzzed, by name."""

from __future__ import annotations

from tests.fuzz.artifacts import TARGETS as ARTIFACT_TARGETS
from tests.fuzz.signing import TARGETS as SIGNING_TARGETS

TARGETS = ARTIFACT_TARGETS | SIGNING_TARGETS
