"""Reads 7z archives in memory, where the optional package py7zr is installed."""

from __future__ import annotations

import lzma
import struct
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mlsec.artifacts.archives.member_names import judge_link, judge_name
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.bytes.window_file import WindowFile
from mlsec.artifacts.errors import ArtifactError, UnsupportedError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity

if TYPE_CHECKING:
    from py7zr import SevenZipFile
    from py7zr.py7zr import ArchiveFile

MAGIC = b"7z\xbc\xaf\x27\x1c"
HEAD_BYTES = 32
TARGET_BYTES = 4096
# What a broken archive makes the package raise, beside its own errors.
RAISED = (
    lzma.LZMAError, zlib.error, struct.error, OSError, EOFError, ValueError, TypeError, KeyError,
    IndexError, AttributeError, AssertionError, ArithmeticError, RuntimeError,
)  # fmt: skip


def sniff_seven_zip(head: bytes, _window: Window) -> bool:
    """Whether the file begins with the mark of 7z."""
    return head.startswith(MAGIC)


def read_seven_zip(window: Window, record: Recorder) -> None:
    """Unpack the members into memory, within the budget, and read each.

    Raises:
        ArtifactError: the archive is broken.
        UnsupportedError: py7zr is not installed.
    """
    record.understood(0, min(_end(window), window.size_bytes))
    try:
        import py7zr  # noqa: PLC0415 - optional, and only for files that need it
        from py7zr.exceptions import ArchiveError  # noqa: PLC0415
    except ImportError:
        raise UnsupportedError("reading 7z needs the py7zr package") from None
    try:
        with py7zr.SevenZipFile(WindowFile(window)) as archive:  # type: ignore[arg-type]
            _read(archive, record)
    except (ArchiveError, *RAISED) as error:
        raise ArtifactError(f"the 7z archive is broken: {type(error).__name__}: {error}") from None


def _end(window: Window) -> int:
    """Where the archive ends, from its first header.

    Raises:
        ArtifactError: that header is cut off, or points beyond the file.
    """
    head = window.exactly(0, HEAD_BYTES)
    offset, size_bytes = struct.unpack_from("<QQ", head, 12)
    if HEAD_BYTES + offset + size_bytes > window.size_bytes:
        raise ArtifactError("the header of the 7z archive lies beyond the end of the file")
    return int(HEAD_BYTES + offset + size_bytes)


def _read(archive: SevenZipFile, record: Recorder) -> None:
    if archive.needs_password():
        record.fact(FactKind.ENCRYPTED_MEMBER, "7z", "cannot be read without its password")
        record.gap(GapReason.UNSUPPORTED, "is encrypted")
        return
    files = list(archive.files)
    total = sum(int(file.uncompressed or 0) for file in files)
    # The package gives what swells in one piece, and holds it twice meanwhile.
    result = record.limits.held_bytes * (1 if _judge(files, total, record) else 2)
    if not _fits(total, len(files), record):
        return
    links = {file.filename for file in files if file.is_symlink or file.is_junction}
    record.listed(sum(file.is_directory for file in files))
    for batch in _batches(files, result, record):
        _read_batch(archive, batch, links, record)


def _batches(
    files: Sequence[ArchiveFile], value: int, record: Recorder
) -> Iterator[list[ArchiveFile]]:
    """Members that are unpacked together: as many as may be held; too large ones are reported."""
    batch, size_bytes = list[Any](), 0
    for file in files:
        if file.is_directory:
            continue
        length = int(file.uncompressed or 0)
        if length > value:
            detail = f"{length} bytes are more than are unpacked in memory"
            record.inner(file.filename).unread(GapReason.OVER_LIMIT, detail)
            record.ledger.members += 1
            continue
        if batch and size_bytes + length > value:
            yield batch
            batch, size_bytes = [], 0
        batch.append(file)
        size_bytes += length
    if batch:
        yield batch


def _read_batch(
    archive: SevenZipFile, batch: list[ArchiveFile], links: set[str], record: Recorder
) -> None:
    names = [file.filename for file in batch]
    size_bytes = sum(int(file.uncompressed or 0) for file in batch)
    result = record.budget.hold(size_bytes)
    try:
        record.budget.inflate(size_bytes)
        _members(_unpack(archive, names, size_bytes), names, links, record)
    finally:
        if result:
            record.budget.release(size_bytes)


def _judge(files: Sequence[ArchiveFile], total: int, record: Recorder) -> bool:
    """Judge names, kinds and sizes; gives whether the archive swells beyond measure."""
    limits, packed = record.limits, sum(int(file.compressed or 0) for file in files)
    swells = total >= max(limits.ratio_from_bytes, limits.inflation_ratio * max(packed, 1))
    if swells:
        detail = f"inflates to more than {limits.inflation_ratio} times its size"
        is_small = total < limits.large_from_bytes and not record.depth
        record.fact(FactKind.BOMB, "ratio", detail, danger=Severity.LOW if is_small else None)
    counts = Counter(file.filename for file in files)
    for name in sorted(counts):
        judge_name(name, record)
        if counts[name] > 1:
            detail = f"comes {counts[name]} times: which one counts depends on who reads"
            record.fact(FactKind.DUPLICATE_MEMBER, name, detail)
    for file in files:
        if file.is_socket:
            record.fact(FactKind.LINK_MEMBER, file.filename, "would be unpacked as a socket")
    return swells


def _fits(total: int, count: int, record: Recorder) -> bool:
    """Whether the members may be unpacked at all."""
    budget = record.budget
    if total <= budget.inflated_bytes and count <= budget.members:
        return True
    detail = f"{count} members of {total} bytes are more than are unpacked in memory"
    record.fact(FactKind.BOMB, "7z", detail)
    record.unread(GapReason.OVER_LIMIT, detail)
    record.ledger.members += count
    return False


def _unpack(
    archive: SevenZipFile, names: list[str], size_bytes: int
) -> Iterator[tuple[str, bytes]]:
    """Each member's name and what was unpacked of it.

    In a solid archive the package unpacks what lies before a member again for each batch.
    """
    from mlsec.artifacts.archives.seven_zip_members import Kept  # noqa: PLC0415 - it needs the package

    kept = Kept(size_bytes + 1)
    archive.reset()
    archive.extract(targets=names, factory=kept)
    return kept.taken()


def _members(
    products: Iterator[tuple[str, bytes]], names: Sequence[str], links: set[str], record: Recorder
) -> None:
    # The package gives clean paths, and a number behind names that come again.
    for number, (path, data) in enumerate(products):
        name = next((known for known in names if path.endswith(known)), f"{path} ({number})")
        if name in links:
            judge_link(name, data[:TARGET_BYTES].decode("utf-8", "backslashreplace"), record)
            record.listed(1)
        else:
            record.member(name, Window.of(data))
