"""The lines of scanned code that the text report shows, without secrets."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlsec.cli.target import is_path
from mlsec.core.sanitize import plain_name
from mlsec.render.settings import SourceLine

if TYPE_CHECKING:
    from mlsec.collect.secrets.masking import Masker

# Looking for secrets takes its time; a report that is read by a person needs no more.
_MOST_BYTES = 256 * 1024
_MOST_FILES = 50


class SourceLines:
    """Finds files of the scanned folders by the scope of a resource, and reads lines of them."""

    def __init__(self, targets: Sequence[str]) -> None:
        self._folders: Mapping[str, Path] = {
            f"code/{plain_name(target).rstrip('/') or '/'}": _folder(target)
            for target in targets
            if is_path(target)
        }
        self._files: dict[Path, list[str]] = {}
        self._masker: Masker | None = None

    def __call__(self, scope: str, file: str, line: int) -> SourceLine | None:
        """Give the path from the working folder and the line there, None when it is not there."""
        folder = self._folders.get(scope)
        if folder is None:
            return None
        path = Path(os.path.normpath(folder / file))
        if not _is_inside(path, folder):
            return None
        lines = self._lines(path)
        return SourceLine(path=str(path), text=lines[line - 1] if line <= len(lines) else "")

    def _lines(self, path: Path) -> list[str]:
        """Give the lines of a file; none where it is large, or a secret goes over several lines."""
        if path not in self._files:
            is_wanted = len(self._files) < _MOST_FILES
            self._files[path] = self._read(path) if is_wanted else []
        return self._files[path]

    def _read(self, path: Path) -> list[str]:
        from mlsec.collect.secrets.masking import Masker
        from mlsec.core.named_file import read_named_text

        try:
            text = read_named_text(path, _MOST_BYTES)
        except (OSError, UnicodeDecodeError):
            return []
        self._masker = self._masker or Masker(secrets.token_hex(16))
        masked = self._masker.mask(text)
        return masked.split("\n") if masked.count("\n") == text.count("\n") else []


def _folder(target: str) -> Path:
    path = Path(target)
    return path if path.is_dir() else path.parent


def _is_inside(path: Path, folder: Path) -> bool:
    """Whether a path stays in the folder, links resolved."""
    real, root = os.path.realpath(path), os.path.realpath(folder)
    return real.startswith(root.rstrip("/") + "/")
