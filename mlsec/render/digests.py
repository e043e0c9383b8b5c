"""SHA256SUMS: what each file of a report folder held when written, as sha256sum checks it."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from mlsec.core.errors import MlsecError
from mlsec.core.named_file import check_regular, read_named_text
from mlsec.core.sanitize import visible

SUMS_FILE = "SHA256SUMS"
# Names with a folder in them are refused: the list speaks of its own folder only.
_LINE = re.compile(r"([0-9a-f]{64})  ([^/\\\x00-\x1f]+)")


def sums_of(digests: Mapping[str, str]) -> bytes:
    """Write the list, sorted by name."""
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests)).encode()


def read_sums(folder: Path) -> dict[str, str]:
    """Read a folder's list: name to digest; empty when it has none.

    Raises:
        MlsecError: a line that is not a digest and name, or a list that cannot be read.
    """
    path = folder / SUMS_FILE
    try:
        lines = read_named_text(path).splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise MlsecError(f"cannot be read: {reason}", location=str(path)) from None
    result = {}
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        if match is None or match[2] in ("..", ".", SUMS_FILE):
            raise MlsecError(
                f'"{visible(line, 60)}" is not a digest and a file name',
                location=f"{path}:{number}",
            )
        result[match[2]] = match[1]
    return result


def unlisted_in(folder: Path, known: Collection[str]) -> tuple[str, ...]:
    """Name what lies in a folder, at any depth, that is not known; sorted.

    Folders count by what is in them, and links and special files as they are.
    """
    names_inside: list[str] = []

    def refuse(error: OSError) -> None:
        raise MlsecError(f"cannot be read: {error.strerror}", location=str(error.filename))

    for home, folders, names in os.walk(folder, onerror=refuse):
        base = Path(home).relative_to(folder)
        links = [name for name in folders if (Path(home) / name).is_symlink()]
        names_inside += [(base / name).as_posix() for name in (*names, *links)]
    return tuple(sorted({*names_inside} - {*known}))


def changes_in(folder: Path, digests: Mapping[str, str]) -> dict[str, str]:
    """Compare the files with their digests; give what is wrong by name, in order."""
    wrong = {}
    for name in sorted(digests):
        try:
            check_regular(folder / name)
            with (folder / name).open("rb") as file:
                actual = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            wrong[name] = "is missing" if isinstance(error, FileNotFoundError) else "is unreadable"
            continue
        if actual != digests[name]:
            wrong[name] = "was changed"
    return wrong
