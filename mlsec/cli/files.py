"""Read and write the files that commands are given, with one clear sentence when that fails."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mlsec.core.errors import MlsecError
from mlsec.core.named_file import check_replaceable, read_named_file

if TYPE_CHECKING:
    from collections.abc import Collection

    from mlsec.core.assessment import Assessment
    from mlsec.core.catalogue import Catalogue

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


def assessment_file(path: Path) -> Path:
    """Name the assessment.json that a path means: itself, or the one in a folder of a scan."""
    return path / _ASSESSMENT if stat.S_ISDIR(mode_of(path)) else path


def digest_of_file(path: Path) -> str:
    """Give the SHA-256 of a file, in hex."""
    return hashlib.sha256(read_file(path)).hexdigest()


def load_assessment(path: Path) -> Assessment:
    """Read an assessment.json, or the one in a folder that a scan wrote."""
    from mlsec.render.assessment_read import read_assessment

    file = assessment_file(path)

    def find(digest: str, rules: Collection[str]) -> Catalogue | None:
        return _catalogue_beside(file, digest) or _installed_catalogue(digest, rules)

    try:
        return read_assessment(read_file(file), find)
    except MlsecError as error:
        if not error.location:
            error.location = str(file)
        raise


def _catalogue_beside(file: Path, digest: str) -> Catalogue | None:
    """Read the catalogue in the folder of an assessment; None where it has another digest."""
    from mlsec.core.catalogue import CATALOGUE_FILE, read_catalogue

    path = file.parent / CATALOGUE_FILE
    if not path.is_file():
        return None
    payload = read_file(path)
    return read_catalogue(payload) if hashlib.sha256(payload).hexdigest() == digest else None


def _installed_catalogue(digest: str, rules: Collection[str]) -> Catalogue | None:
    """Describe those of the installed rules, if that is what the digest names."""
    from mlsec.core.catalogue import catalogue_digest
    from mlsec.core.content_paths import content_folder
    from mlsec.engine.assessment.catalogue import catalogue_of
    from mlsec.engine.rules.load import load_content

    catalogue = catalogue_of(load_content(content_folder("rules"), ()), rules)
    return catalogue if catalogue_digest(catalogue) == digest else None


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
