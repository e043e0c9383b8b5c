"""Reads one file: recognise, read with every reader that knows it, account for every byte."""

from __future__ import annotations

from pathlib import PurePosixPath

from mlsec.artifacts.bytes.window import FileSource, Window
from mlsec.artifacts.content.known_formats import ARCHIVES
from mlsec.artifacts.content.unaccounted_bytes import account
from mlsec.artifacts.embedded.pickle_literals import keeps_archive
from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.facts import MODEL_FORMATS, FactKind, Format, Inspection
from mlsec.artifacts.inspect.failed_inspection import CHANGED, in_order
from mlsec.artifacts.inspect.readers import READERS, SNIFF_BYTES, Reader
from mlsec.artifacts.limits import Budget, Limits
from mlsec.artifacts.recorder import Ledger, Recorder
from mlsec.core.enums import GapReason, Severity


def inspect(window: Window, limits: Limits | None = None) -> Inspection:
    """Read one file statically; nothing in it is loaded, imported, run or written to disk."""
    budget, ledger = Budget(limits or Limits()), Ledger()
    root = Recorder(budget, ledger, descend)
    try:
        descend(window, root)
    except ArtifactError as error:
        root.unread(error.reason, error.message)
    _check_unchanged(window, root)
    _check_suffix(window, root)
    return Inspection(
        size_bytes=window.size_bytes,
        formats=tuple(ledger.formats) or (Format.UNKNOWN,),
        facts=in_order(ledger.facts),
        gaps=tuple(ledger.gaps),
        members=ledger.members,
        members_read=ledger.members_read,
        bytes_read=window.source.bytes_read,
        properties=dict(sorted({**_held(ledger), **ledger.properties}.items())),
    )


def python_only(window: Window) -> Inspection | None:
    """Say that a file is Python and nothing else, without looking into it; None where it is not."""
    try:
        known = recognise(window) if window.size_bytes else []
    except ArtifactError:
        return None
    if [reader.format for reader in known] != [Format.PYTHON]:
        return None
    return Inspection(
        size_bytes=window.size_bytes,
        formats=(Format.PYTHON,),
        bytes_read=window.source.bytes_read,
    )


def _held(ledger: Ledger) -> dict[str, list[str]]:
    """The formats of models among the members, as a property; nothing where there are none."""
    names = sorted(format_.value for format_ in ledger.held & MODEL_FORMATS)
    return {"holds": names} if names else {}


# Endings of models that are never plain text.
NEVER_TEXT = frozenset(
    """.pt .pth .ckpt .pkl .pickle .joblib .h5 .hdf5 .keras .onnx .pb .tflite .safetensors .gguf
    .npy .npz .nemo .skops .dill .pt2 .pte .mlmodel .caffemodel .msgpack .engine""".split()  # noqa: SIM905
)
PLAIN = {Format.TEXT, Format.JSON, Format.YAML, Format.XML}
# Files that belong to a model of TensorFlow Lite are put behind it as a zip: both are read whole.
WITH_FILES = {Format.ZIP, Format.TFLITE}
PROGRAM_AND_ARCHIVE = {Format.ZIP, Format.EXECUTABLE}
# A pickled model of Keras holds an archive; a zip reader opens the same archive.
KEPT = {Format.ZIP, Format.PICKLE}


def descend(window: Window, record: Recorder) -> None:
    """Read a file or a member with every reader that recognises it."""
    if not window.size_bytes:
        if record.depth == 0:
            record.gap(GapReason.MALFORMED, "the file is empty", size_bytes=0)
        return
    known = recognise(window)
    for reader in known:
        record.format(reader.format)
    if len(known) > 1 and {reader.format for reader in known} != WITH_FILES:
        names = ", ".join(reader.format.value for reader in known)
        is_kept = {reader.format for reader in known} == KEPT and keeps_archive(window)
        danger = Severity.LOW if is_kept else None
        if {reader.format for reader in known} >= PROGRAM_AND_ARCHIVE:
            danger = Severity.HIGH  # whoever starts it runs it; whoever loads it reads an archive
        detail = "can be read as more than one format"
        record.fact(FactKind.SEVERAL_FORMATS, names, detail, danger=danger)
    for reader in known:
        _read(reader, window, record)
    account(window, record, is_known=bool(known))


def recognise(window: Window) -> list[Reader]:
    """The readers that recognise the bytes; a weak one is tried only where no other one does."""
    head = window.read(0, SNIFF_BYTES)
    strong = [reader for reader in READERS if not reader.weak and _sniffs(reader, head, window)]
    if strong or head.startswith(tuple(ARCHIVES)):
        return strong
    weak = (reader for reader in READERS if reader.weak and _sniffs(reader, head, window))
    return [reader for reader, _ in zip(weak, range(1), strict=False)]


def _sniffs(reader: Reader, head: bytes, window: Window) -> bool:
    try:
        return reader.sniff(head, window)
    except ArtifactError as error:
        if error.reason is GapReason.MALFORMED:
            return False
        raise  # the bytes were not given: that says nothing of the format


def _read(reader: Reader, window: Window, record: Recorder) -> None:
    try:
        reader.read(window, record)
    except OverLimitError as error:
        record.unread(error.reason, error.message)
    except ArtifactError as error:
        record.broken(reader.format.value, error)
    except (MemoryError, RecursionError) as error:
        record.unread(
            GapReason.OVER_LIMIT,
            f"reading it as {reader.format.value} needs too much ({type(error).__name__})",
            danger=Severity.HIGH,
        )


def _check_suffix(window: Window, record: Recorder) -> None:
    """Note a gap for a file that is named as a model and holds only text."""
    suffix = PurePosixPath(window.name).suffix.lower()
    if (
        suffix in NEVER_TEXT
        and record.ledger.formats
        and not record.ledger.gaps
        and record.ledger.formats.keys() <= PLAIN
    ):
        detail = f"is named as a {suffix} model is, and is plain text"
        record.gap(GapReason.MALFORMED, detail, size_bytes=window.size_bytes)


def _check_unchanged(window: Window, record: Recorder) -> None:
    if isinstance(window.source, FileSource) and window.source.is_changed():
        record.unread(GapReason.UNRESOLVED, CHANGED, danger=Severity.HIGH)
