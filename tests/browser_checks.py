"""What the checker of the HTML report runs on: node, Chromium, and the packages of package.json."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

_HERE = Path(__file__).resolve().parent / "browser"


def command_and_environment(checker: Path) -> tuple[list[str], dict[str, str]]:
    """Give how to start the checker; skips the test, with what is missing, where it cannot run."""
    node = shutil.which("node")
    chrome = os.environ.get("CHROME_PATH") or shutil.which("chromium")
    root = Path(os.environ.get("NODE_ROOT") or _HERE)
    has_packages = (root / "node_modules" / "puppeteer-core").is_dir()
    for what, is_there in (
        (f"the HTML checker {checker.name} beside this checkout", checker.is_file()),
        ("node", node),
        ("Chromium (CHROME_PATH)", chrome),
        ("the packages: npm ci --ignore-scripts --prefix tests/browser", has_packages),
    ):
        if not is_there:
            pytest.skip(f"needs {what}")
    environment = {**os.environ, "NODE_ROOT": str(root), "CHROME_PATH": str(chrome)}
    return [str(node), str(checker)], environment
