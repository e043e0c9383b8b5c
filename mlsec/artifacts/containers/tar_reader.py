"""Reads a tar forward, header by header, also past the mark that should be its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from mlsec.artifacts.archives.archive import Archive, Member
from mlsec.artifacts.archives.member_names import judge_link, judge_name
from mlsec.artifacts.archives.tar_headers import (
    BLOCK,
    BLOCK_DEVICE,
    CHARACTER,
    DESCRIBING,
    FILES,
    FOLDER,
    HARD_LINK,
    PIPE,
    SYMLINK,
    TarMember,
    headers,
    is_header,
)
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind, Format
from mlsec.artifacts.recorder import Recorder

LEGACY_TORCH = frozenset({"sys_info", "pickle", "storages", "tensors"})
SPECIAL = {CHARACTER: "a character device", BLOCK_DEVICE: "a block device", PIPE: "a pipe"}
HEAD_BYTES = 16


def sniff_tar(head: bytes, _window: Window) -> bool:
    """Whether the first block has the checksum of a tar header."""
    return len(head) >= BLOCK and is_header(head[:BLOCK])


def read_tar(window: Window, record: Recorder) -> None:
    """Read every member, and those of archives that follow behind the end mark.

    Raises:
        ArtifactError: a header is broken; the members before it are read.
    """
    result, problem = list[TarMember](), None
    try:
        _collect(window, record, result)
    except ArtifactError as error:
        problem = error
    _judge(result, record)
    files = [member for member in result if member.kind not in SPECIAL and _is_file(member)]
    record.listed(len(result) - len(files))
    archive = Archive([_member(window, member) for member in files])
    if set(archive.names()) >= LEGACY_TORCH:
        record.format(Format.TORCH_LEGACY)
    from mlsec.artifacts.containers.archive_readers import read_members  # noqa: PLC0415 - only for an archive

    read_members(archive, record)
    if problem:
        raise problem


def _collect(window: Window, record: Recorder, tar_members: list[TarMember]) -> None:
    offset = 0
    while True:
        for member in headers(window, offset):
            record.budget.check_time()
            tar_members.append(member)
            # What fills the last block is left to the accounting: it must be zeros.
            record.understood(member.start, member.data + member.size_bytes)
            offset = min(member.end, window.size_bytes)
        zeros = _zeros(window, offset)
        if zeros is None:
            return
        record.understood(offset, zeros)
        if zeros == offset or not is_header(window.read(zeros, BLOCK)):
            return
        detail = "members follow behind the end of the archive: some readers stop before them"
        record.fact(FactKind.TWO_READINGS, "tar", detail, offset=zeros)
        offset = zeros


def _zeros(window: Window, offset: int) -> int | None:
    """Where the run of zero blocks from ``offset`` ends; None where it reaches the end."""
    for data in window.blocks(offset):
        stripped = data.lstrip(b"\0")
        if stripped:
            at = offset + len(data) - len(stripped)
            return at - (at - offset) % BLOCK
        offset += len(data)
    return None


def _is_file(member: TarMember) -> bool:
    if member.kind in {SYMLINK, FOLDER} or member.kind in DESCRIBING:
        return bool(member.size_bytes)
    return member.kind != HARD_LINK or bool(member.size_bytes)


def _judge(tar_members: list[TarMember], record: Recorder) -> None:
    names = Counter(member.name for member in tar_members if member.kind in FILES)
    for name in sorted(name for name, count in names.items() if count > 1):
        detail = f"comes {names[name]} times: the last one stays when it is unpacked"
        record.fact(FactKind.DUPLICATE_MEMBER, name, detail)
    for member in tar_members:
        judge_name(member.name, record, member.start)
        if member.short_name:
            judge_name(member.short_name, record, member.start)
        for doubt in member.doubts:
            record.fact(FactKind.TWO_READINGS, member.name, doubt, offset=member.start)
        if member.kind in SPECIAL:
            detail = f"would be unpacked as {SPECIAL[member.kind]}"
            record.fact(FactKind.LINK_MEMBER, member.name, detail, offset=member.start)
        elif member.kind == SYMLINK:
            judge_link(member.name, member.target, record, member.start)
        elif member.kind == HARD_LINK:
            # The target of a hard link counts from the top of the archive, not from its folder.
            judge_link("", member.target, record, member.start)
        elif member.kind not in FILES | DESCRIBING | {FOLDER}:
            detail = f"is of the unknown kind {member.kind!r}"
            record.fact(FactKind.NOT_FULLY_READ, member.name, detail, offset=member.start)


def _member(window: Window, member: TarMember) -> Member:
    return Member(
        name=member.name,
        start=member.data,
        size_bytes=member.size_bytes,
        packed_bytes=member.size_bytes,
        is_stored=True,
        head=b"",
        open=partial(_opened, window, member),
    )


@contextmanager
def _opened(window: Window, member: TarMember) -> Iterator[Window]:
    left = window.size_bytes - member.data
    yield window.part(member.data, min(member.size_bytes, max(left, 0)))
    if member.size_bytes > left:
        raise ArtifactError(f"{member.size_bytes - left} of its bytes are not there")
