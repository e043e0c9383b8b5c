"""Puts report files into a folder: private, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mlsec.core.assessment import Assessment
from mlsec.core.errors import MlsecError
from mlsec.render.formats import FORMATS, Format
from mlsec.render.settings import DEFAULT, RenderSettings


def write_reports(
    assessment: Assessment,
    folder: Path,
    formats: Sequence[str],
    settings: RenderSettings = DEFAULT,
) -> tuple[Path, ...]:
    """Write each format's files; they appear together at the end, mode 0600.

    Returns:
        The files written, the main one of each format first.

    Raises:
        MlsecError: unknown format, folder that cannot be written, full disk. Nothing half-written
            is left behind and files of an earlier run stay as they were.
    """
    chosen = [_format(name) for name in formats]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as leftovers:
            staged = [
                (_stage(folder, name, chunks, leftovers), folder / name)
                for one in chosen
                for name, chunks in _files(one, assessment, settings)
            ]
            for temporary, target in staged:
                temporary.replace(target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise MlsecError(
            f"the report could not be written: {reason}",
            hint="choose another folder with -o, or make room",
            location=str(folder),
        ) from error
    return tuple(dict.fromkeys(target for _, target in staged))


def _format(name: str) -> Format:
    if name not in FORMATS:
        known = ", ".join(sorted(FORMATS))
        raise MlsecError(f'unknown report format "{name}"', hint=f"choose from {known}")
    return FORMATS[name]


def _files(
    one: Format, assessment: Assessment, settings: RenderSettings
) -> Iterator[tuple[str, Iterable[bytes]]]:
    if one.files:
        for name, payload in one.files(assessment, settings).items():
            yield name, (payload,)
        return
    rendered = one.render(assessment, settings)
    yield one.file_name, (rendered,) if isinstance(rendered, bytes) else rendered


def _stage(
    folder: Path, name: str, chunks: Iterable[bytes], leftovers: contextlib.ExitStack
) -> Path:
    """Write a temporary file (created with mode 0600) beside its target, down to the disk."""
    handle, path = tempfile.mkstemp(prefix=f".{name}.", suffix=".part", dir=folder)
    temporary = Path(path)
    leftovers.callback(temporary.unlink, missing_ok=True)
    with os.fdopen(handle, "wb") as file:
        file.writelines(chunks)
        file.flush()
        os.fsync(file.fileno())
    return temporary
