"""The packaging step: a wheel brings its rules checked, and the schema of rules for editors.

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
    """Checks the rules of the very tree that is packed, and writes their schema."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the file in a process that sees this tree first, whatever else is installed."""
        if version == "editable":
            return
        self._made = tempfile.TemporaryDirectory()
        file = Path(self._made.name) / "checked-rules.bin"
        command = [sys.executable, "-m", "mlsec.engine.rules.precompile", str(file)]
        subprocess.run(command, cwd=self.root, check=True)  # noqa: S603 - our own code
        build_data["force_include"][str(file)] = PLACE
        # Git ignores it, and a wheel takes all that is in the folder of rules.
        schema = Path(self.root) / "rules/schema/rule.schema.json"
        command = [sys.executable, "-m", "mlsec.engine.rules.schema", str(schema)]
        subprocess.run(command, cwd=self.root, check=True)  # noqa: S603 - our own code

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Leave nothing behind."""
        if version != "editable":
            self._made.cleanup()
