"""What torch writes into zips: pickles beside raw storages, TorchScript, exported programs."""

from __future__ import annotations

import re

from mlsec.artifacts.archives.archive import Archive, Member
from mlsec.artifacts.embedded.recognition import HEAD_BYTES, holds_loadable, may_begin
from mlsec.artifacts.facts import FactKind, Format
from mlsec.artifacts.pickle.files.loadable import is_loadable, may_be_loadable
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity
from mlsec.core.regex import regex

PICKLE = regex(r"(?P<root>(?:[^/]+/)?)data\.pkl\Z")
STORAGE = regex(r"(?:[^/]+/)?(?:data|constants|tensors)/\w+(?:\.storage)?\Z")
SOURCE = regex(r"(?:[^/]+/)?code/.+\.py\Z")
EXPORTED = regex(r"(?:^|/)(?:archive_format|serialized_exported_program\.json)\Z")
SMALL = ("version", ".format_version", "byteorder", ".storage_alignment", ".data/serialization_id")
SMALL_BYTES = 128
SOURCE_BYTES = 16 << 20

# TorchScript cannot import; its reach is what operators offer. Source: torch's own registry.
OWN_OPERATORS = frozenset(
    {"aten", "prim", "prims", "quantized", "quantized_decomposed", "prepacked", "inductor",
     "_c10d_functional", "c10d", "mkldnn", "mkldnn_prepacked", "onednn", "xnnpack", "metal",
     "vulkan", "cuda", "cudnn", "static_runtime", "sparse", "_quantized", "higher_order",
     # Of torch's sister packages.
     "torchvision", "torchaudio"}
)  # fmt: skip
OPERATOR = regex(r"(?<![\w.])(?:torch\.)?ops\.(\w+)\.(\w+)")
CLASS = regex(r"__torch__\.torch\.classes\.(\w+)\.\w+")
OWN_CLASSES = frozenset({"quantized", "xnnpack", "vulkan", "metal", "sparse", "rnn", "profiling"})
REACHES_OUT = regex(
    r"\b(?:torch|ops\.aten)\.(from_file|save|load|_load_global_deps|set_num_threads)\s*\("
    r"|\bops\.(?:aten\.|profiler\.|prim\.)?(rpc_\w+|PythonOp|fork_rpc|_record_function_enter)\s*\("
)
NO_TORCHSCRIPT = regex(
    r"(?<![\w.])(?:__import__|eval|exec|compile|open|globals)\s*\(|(?<![\w.])os\.\w+"
    r"|(?<![\w.])(?:subprocess|socket)\b|\b__(?:builtins|globals|subclasses|reduce)__"
    r"|^[ \t\r\f\v]*+(?:import|from)\s+\w+",
    re.MULTILINE,
)


def is_torch_zip(archive: Archive) -> bool:
    """Whether there is a data.pkl with torch's own small members beside it."""
    return any(
        any(f"{match['root']}{name}" in archive for name in SMALL)
        for name in archive.names()
        if (match := PICKLE.match(name))
    )


def read_torch_zip(archive: Archive, record: Recorder) -> None:
    """Account for storages without reading them; the pickles are read as members are."""
    for member in archive.members:
        if STORAGE.match(member.name):
            _claim_storage(archive, member)
        elif member.name.partition("/")[2] in SMALL or member.name in SMALL:
            _claim_small(archive, member, record)


def _claim_storage(archive: Archive, member: Member) -> None:
    """Account for raw numbers, unless their first bytes show another format."""
    if not member.is_stored:
        return
    if may_be_loadable(member.head) or may_begin(member.head):
        with member.open() as window:
            if is_loadable(window) or holds_loadable(window.read(0, HEAD_BYTES), window):
                return
    archive.claim(member)


def _claim_small(archive: Archive, member: Member, record: Recorder) -> None:
    if member.size_bytes > SMALL_BYTES or not member.is_stored:
        return
    with member.open() as window:
        data = window.read(0, SMALL_BYTES)
    if not re.fullmatch(rb"[\w .:-]*\n?", data):
        detail = "does not hold what torch writes there"
        record.inner(member.name).fact(FactKind.UNACCOUNTED_BYTES, member.name, detail)
    else:
        archive.claim(member)
        if member.name.endswith("version"):
            record.property("archive_version", data.decode("ascii").strip())


def is_torchscript(archive: Archive) -> bool:
    """Whether the archive holds code for torch's own interpreter."""
    names = archive.names()
    return any(SOURCE.match(name) for name in names) and any(
        name.endswith(("constants.pkl", "data.pkl", "bytecode.pkl")) for name in names
    )


def read_torchscript(archive: Archive, record: Recorder) -> None:
    """Judge the source that torch compiles when the file is loaded."""
    count = 0
    for member in archive.members:
        if not SOURCE.match(member.name):
            continue
        count += 1
        with member.open() as window:
            if window.size_bytes > SOURCE_BYTES:
                detail = f"more than {SOURCE_BYTES} bytes of source"
                record.inner(member.name).unread(GapReason.OVER_LIMIT, detail)
                continue
            source = window.read(0, SOURCE_BYTES)
        judge_source(source.decode("utf-8", "replace"), record.inner(member.name))
        archive.claim(member)
    record.fact(
        FactKind.CUSTOM_CODE, "TorchScript", f"{count} source files that torch compiles",
        danger=Severity.INFO,
    )  # fmt: skip


def judge_source(source: str, record: Recorder) -> None:
    """Note what TorchScript source reaches for beyond torch's own operators."""
    for match in REACHES_OUT.finditer(source):
        name, detail = match[0].rstrip("( "), "reads, writes or sends outside the model"
        record.fact(FactKind.UNSAFE_OPERATOR, name, detail, offset=match.start())
    for match in NO_TORCHSCRIPT.finditer(source):
        detail = "is not TorchScript: plain Python put where torch keeps its code"
        record.fact(FactKind.EMBEDDED_CODE, match[0].strip(), detail, offset=match.start())
    for match in OPERATOR.finditer(source):
        if match[1] not in OWN_OPERATORS:
            detail = "needs a library of operators that is not torch's own"
            record.fact(FactKind.CUSTOM_OPERATOR, f"{match[1]}::{match[2]}", detail)
    for match in CLASS.finditer(source):
        if match[1] not in OWN_CLASSES:
            detail = "needs a class that is not torch's own"
            record.fact(FactKind.CUSTOM_OPERATOR, match[0], detail)


def is_exported(archive: Archive) -> bool:
    """Whether ``torch.export`` wrote the archive."""
    return any(EXPORTED.search(name) for name in archive.names())


def read_exported(archive: Archive, record: Recorder) -> None:
    """Account for the weights; compiled libraries are recognised as members."""
    for member in archive.members:
        if re.search(r"/data/(?:weights|constants)/[\w.]+\Z", member.name):
            _claim_storage(archive, member)
    record.property("layout", Format.TORCH_EXPORT.value)
