"""Everything of the reading of model files that is fuzzed, by name."""

from __future__ import annotations

from tests.fuzz.loaders import LOADER_TARGET
from tests.fuzz.readers import TARGETS as READER_TARGETS
from tests.fuzz.target import Target

TARGETS: dict[str, Target] = READER_TARGETS | {LOADER_TARGET.name: LOADER_TARGET}
