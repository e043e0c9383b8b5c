"""Read and write the files that commands are given, with one clear sentence when that fails."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mlsec.core.errors import MlsecError

if TYPE_CHECKING:
    from mlsec.core.assessment import Assessment

_ASSESSMENT = "assessment.json"


def read_file(path: Path) -> bytes:
    """Read a whole file.

    Raises:
        MlsecError: it is not there or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise MlsecError(f"cannot be read: {reason}", location=str(path)) from None


def check_exists(path: Path) -> None:
    """Refuse a path with nothing there, or with a link that leads nowhere.

    Raises:
        MlsecError: what the system says of it.
    """
    try:
        path.stat()
    except OSError as error:
        reason = error.strerror or str(error)
        raise MlsecError(f"cannot be read: {reason}", location=str(path)) from None


def load_assessment(path: Path) -> Assessment:
    """Read an assessment.json, or the one in a folder that a scan wrote."""
    from mlsec.render.assessment_json import read_assessment

    found = path / _ASSESSMENT if path.is_dir() else path
    try:
        return read_assessment(read_file(found))
    except MlsecError as error:
        if not error.location:
            error.location = str(found)
        raise


def write_file(path: Path, payload: bytes) -> None:
    """Write a file whole or not at all, mode 0600.

    Raises:
        MlsecError: the folder cannot be written or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(payload)
            Path(draft).replace(path)
        finally:
            Path(draft).unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise MlsecError(f"cannot be written: {reason}", location=str(path)) from None
