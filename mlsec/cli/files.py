"""Read and write the files that commands are given, with one clear sentence when that fails."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mlsec.core.errors import MlsecError
from mlsec.core.named_file import check_replaceable, read_named_file

if TYPE_CHECKING:
    from mlsec.core.assessment import Assessment

_ASSESSMENT = "assessment.json"


def read_file(path: Path) -> bytes:
    """Read a whole file.

    Raises:
        MlsecError: it is not there or cannot be read.
    """
    try:
        return read_named_file(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise MlsecError(f"cannot be read: {reason}", location=str(path)) from None


def mode_of(path: Path) -> int:
    """Give the file mode of what a path leads to.

    Raises:
        MlsecError: nothing is there, a link leads nowhere, or a folder above it is closed.
    """
    try:
        return path.stat().st_mode
    except OSError as error:
        reason = error.strerror or str(error)
        raise MlsecError(f"cannot be read: {reason}", location=str(path)) from None


def load_assessment(path: Path) -> Assessment:
    """Read an assessment.json, or the one in a folder that a scan wrote."""
    from mlsec.render.assessment_json import read_assessment

    file = path / _ASSESSMENT if stat.S_ISDIR(mode_of(path)) else path
    try:
        return read_assessment(read_file(file))
    except MlsecError as error:
        if not error.location:
            error.location = str(file)
        raise


def write_file(path: Path, payload: bytes) -> None:
    """Write a file whole or not at all, mode 0600.

    Raises:
        MlsecError: the folder cannot be written or the disk is full.
    """
    try:
        check_replaceable(path)
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
