"""The process of a real unit, for workers of tests: python -m tests.fleet.unit_process."""

from __future__ import annotations

import sys

from mlsec.fleet.child import main
from mlsec.fleet.tasks.run import run_task

if __name__ == "__main__":
    sys.exit(main(run_task))
