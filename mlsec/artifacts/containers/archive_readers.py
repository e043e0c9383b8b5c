"""The table of formats that are archives with certain members, and how members are read."""

from __future__ import annotations

from mlsec.artifacts.archives.archive import Archive, ArchiveReader
from mlsec.artifacts.containers.archive_layouts import (
    is_keras,
    is_numpy_zip,
    is_skops,
    is_torch_package,
    note_layout,
)
from mlsec.artifacts.containers.oci_layout import is_oci_layout, read_oci_layout
from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.facts import FactKind, Format
from mlsec.artifacts.formats.tensorflow.bundle_archive import is_bundle_archive, read_bundle_archive
from mlsec.artifacts.formats.tensorflow.keras.archive import read_keras_archive
from mlsec.artifacts.formats.torch.archives import (
    is_exported,
    is_torch_zip,
    is_torchscript,
    read_exported,
    read_torch_zip,
    read_torchscript,
)
from mlsec.artifacts.recorder import Recorder

# Every one that recognises the archive reads it, then the members that none claimed are read.
ARCHIVE_READERS: tuple[ArchiveReader, ...] = (
    ArchiveReader(format=Format.TORCH_ZIP, recognise=is_torch_zip, read=read_torch_zip),
    ArchiveReader(format=Format.TORCHSCRIPT, recognise=is_torchscript, read=read_torchscript),
    ArchiveReader(format=Format.TORCH_EXPORT, recognise=is_exported, read=read_exported),
    ArchiveReader(format=Format.OCI_LAYOUT, recognise=is_oci_layout, read=read_oci_layout),
    ArchiveReader(
        format=Format.TENSOR_BUNDLE, recognise=is_bundle_archive, read=read_bundle_archive
    ),
    # Recognised only: all that matters of them is in their members.
    ArchiveReader(format=Format.NUMPY_ZIP, recognise=is_numpy_zip, read=note_layout),
    ArchiveReader(format=Format.KERAS_V3, recognise=is_keras, read=read_keras_archive),
    ArchiveReader(format=Format.SKOPS, recognise=is_skops, read=note_layout),
)


def read_members(archive: Archive, record: Recorder) -> None:
    """Read an archive with every reader that knows its kind, then its other members one by one."""
    for reader in ARCHIVE_READERS:
        if not reader.recognise(archive):
            continue
        record.format(reader.format)
        try:
            reader.read(archive, record)
        except OverLimitError as error:
            record.unread(error.reason, error.message)
        except ArtifactError as error:
            record.broken(reader.format.value, error)
    note_layout(archive, record)
    record.runs_source = record.runs_source or is_torch_package(archive)
    record.listed(archive.claimed())
    left = archive.left()
    for number, member in enumerate(left):
        if record.budget.members <= 0:
            _give_up(len(left) - number, record)
            return
        try:
            with member.open() as window:
                record.member(member.name, window)
        except ArtifactError as error:
            record.inner(member.name).unread(error.reason, error.message)


def _give_up(left: int, record: Recorder) -> None:
    detail = f"has more than {record.limits.members} members; {left} were not read"
    record.ledger.members += left
    record.fact(FactKind.BOMB, "members", detail)
    record.unread(OverLimitError.reason, detail)
