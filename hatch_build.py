"""The packaging step: a wheel brings its rules checked, so that no first run has to.

Only a wheel does: in a checkout rules change, and those of an editable installation with them.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PLACE = "mlsec/content/checked-rules.bin"


class CheckedRules(BuildHookInterface):  # type: ignore[type-arg]
    """Checks the rules of the very tree that is packed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the file in a process that sees this tree first, whatever else is installed."""
        if version == "editable":
            return
        self._made = tempfile.TemporaryDirectory()
        file = Path(self._made.name) / "checked-rules.bin"
        command = [sys.executable, "-m", "mlsec.engine.rules.precompile", str(file)]
        subprocess.run(command, cwd=self.root, check=True)  # noqa: S603 - our own code
        build_data["force_include"][str(file)] = PLACE

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Leave nothing behind."""
        if version != "editable":
            self._made.cleanup()
