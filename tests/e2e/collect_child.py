"""Collect into the snapshot that is named, as a child that a test may kill at any moment."""

from __future__ import annotations

import sys
from pathlib import Path

from mlsec import pipeline
from tests.e2e import runs

if __name__ == "__main__":
    runs.collect(
        Path(sys.argv[1]),
        pipeline.load(pipeline.Judging()),
        target=sys.argv[2],
        resume=sys.argv[3:] == ["--resume"],
        **runs.THOROUGH,
    )
