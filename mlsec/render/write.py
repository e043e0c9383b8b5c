"""Puts report files into a folder: private, whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.catalogue import CATALOGUE_FILE
from mlsec.core.entry_path import entry_path
from mlsec.core.errors import MlsecError
from mlsec.core.foreign import refuse_foreign_link
from mlsec.render.digests import SUMS_FILE, read_sums, sums_of
from mlsec.render.formats import FORMATS, Format
from mlsec.render.settings import DEFAULT, INVENTORY_FILE, RenderSettings


def write_reports(
    assessment: Assessment,
    folder: Path,
    formats: Sequence[str],
    settings: RenderSettings = DEFAULT,
) -> tuple[Path, ...]:
    """Write each format's files and SHA256SUMS; they appear together at the end, mode 0600.

    The list keeps the lines of an earlier run for files that are not written anew.

    Returns:
        The files written, the main one of each format first, the list last.

    Raises:
        MlsecError: unknown format, folder that cannot be written or that a link of what is scanned
            leads to, full disk. Nothing half-written
            is left behind and files of an earlier run stay as they were.
    """
    chosen = [_format(name) for name in formats]
    refuse_foreign_link(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as leftovers:
            staged = {
                name: _stage(folder, name, chunks, leftovers)
                for item in chosen
                for name, chunks in files_of(item, assessment, settings)
            }
            digests = _known(folder) | {name: value.digest for name, value in staged.items()}
            staged[SUMS_FILE] = _stage(folder, SUMS_FILE, (sums_of(digests),), leftovers)
            for name, result in staged.items():
                result.path.replace(folder / name)
    except OSError as error:
        reason = error.strerror or str(error)
        raise MlsecError(
            f"the report could not be written: {reason}",
            hint="choose another folder with -o, or make room",
            location=str(folder),
        ) from error
    return tuple(folder / name for name in staged)


def files_in(folder: Path, formats: Sequence[str]) -> frozenset[str]:
    """Name the files that ``write_reports`` puts into a folder, with the links above resolved."""
    names = [SUMS_FILE, *(_format(name).file_name for name in formats)]
    if any(name.startswith("sarif") for name in formats):
        names.append(INVENTORY_FILE)
    if "json" in formats:
        names.append(CATALOGUE_FILE)
    return frozenset(entry_path(folder / name) for name in names)


def _known(folder: Path) -> dict[str, str]:
    """Give the digests of an earlier run; a list that cannot be read is written anew."""
    try:
        return read_sums(folder)
    except MlsecError:
        return {}


def _format(name: str) -> Format:
    if name not in FORMATS:
        known = ", ".join(sorted(FORMATS))
        raise MlsecError(f'unknown report format "{name}"', hint=f"choose from {known}")
    return FORMATS[name]


def files_of(
    format_: Format, assessment: Assessment, settings: RenderSettings
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Give the files of one format, each with its name and its bytes in pieces."""
    if format_.files:
        yield from format_.files(assessment, settings).items()
        return
    rendered = format_.render(assessment, settings)
    yield format_.file_name, (rendered,) if isinstance(rendered, bytes) else rendered


class _Staged(msgspec.Struct, frozen=True, kw_only=True):
    path: Path
    digest: str


def _stage(
    folder: Path, name: str, chunks: Iterable[bytes], leftovers: contextlib.ExitStack
) -> _Staged:
    """Write a temporary file (created with mode 0600) beside its target, down to the disk."""
    digest = hashlib.sha256()
    handle, path = tempfile.mkstemp(prefix=f".{name}.", suffix=".part", dir=folder)
    temporary = Path(path)
    leftovers.callback(temporary.unlink, missing_ok=True)
    with os.fdopen(handle, "wb") as file:
        for chunk in chunks:
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return _Staged(path=temporary, digest=digest.hexdigest())
