"""Carries the owner of the repository from pyproject.toml, which alone decides, to all pages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Written by hand, but for the name of the owner.
FILES = (
    ".github/ISSUE_TEMPLATE/config.yml",
    "docs/ci.md",
    "docs/release.md",
    "docs/schedule.md",
    "mlsec/cli/config/schedules.py",
)
_OWNER = re.compile(
    r"(github\.com/|ghcr\.io/|[\s`])[\w-]+(?=/mlsec(?:@|`|\s|/\.github/|/security/))"
)


def address() -> str:
    """Give the address of the repository, whose last parts are its owner and its name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return str(project["urls"]["Repository"])


def with_address(text: str, repository: str) -> str:
    """Give a text that names the owner of this repository wherever it names one."""
    return _OWNER.sub(rf"\g<1>{repository.split('/')[-2]}", text)
