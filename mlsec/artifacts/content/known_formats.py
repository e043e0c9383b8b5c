"""Formats of models that no reader knows: recognised by sight, and not assessed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

from mlsec.artifacts.bytes.protobuf import BYTES, VARINT, Field, Wire
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.core.regex import regex

# By the first bytes.
MARKS: tuple[tuple[bytes, str], ...] = (
    (b"\xac\xed\0\5", "Java objects, whose classes run code when they are read"),
    (b"\0\1\0\0\0\xff\xff\xff\xff\1\0\0\0", ".NET objects, which run code when read"),
    (b"MATLAB 5.0 MAT-file", "a MATLAB file"),
    (b"B\n\2\0\0\0", "objects of R, which may hold code that runs when it is used"),
    (b"B\n\3\0\0\0", "objects of R, which may hold code that runs when it is used"),
    (b"\x12\1\0\0\0\0\0\0", "MXNet parameters"),
    (b"\xba\x16\x4f\x2f", "a fastText model"),
    (b"lmgg", "an old ggml model"), (b"tjgg", "an old ggjt model"), (b"fmgg", "an old ggmf model"),
    (b"algg", "an old ggla adapter"), (b"ggml", "an old ggml model"),
    (b"PAR1", "a Parquet table"), (b"ARROW1", "an Arrow table"), (b"FEA1", "a Feather table"),
    (b"\0\0\0\1Bud1", "the view of a folder"),
    (b"ORC", "an ORC table"), (b"Obj\1", "an Avro file"), (b"SQLite format 3\0", "an SQLite file"),
    (b"B\0C\0N\0", "a CNTK model"), (b"RKNN", "an RKNN model"), (b"IMOD", "a CANN model"),
    (b"\1HEF", "a Hailo model"), (b"7767517\n", "an ncnn model"), (b"MLPKG", "a model package"),
    (b"DLC\n", "a Qualcomm model"), (b"\4\0\0\0", "a Lua Torch file, which may hold Lua code"),
)  # fmt: skip
# SQLite's header names the program whose file it is.
OWN_MARK, OWN_EVIDENCE = b"mlse", "evidence of an mlsec scan"
# Archives that are not opened here, and whose first bytes other formats may take for text.
ARCHIVES: Mapping[bytes, str] = {
    b"Rar!\x1a\7": "a RAR archive", b"MSCF\0\0\0\0": "a cabinet archive",
    b"\xed\xab\xee\xdb": "an RPM package", b"hsqs": "a SquashFS image",
    b"\xff\6\0\0sNaPpY": "data packed with Snappy", b"\xd0\xcf\x11\xe0": "an OLE document",
    b"MSWIM\0\0\0": "a WIM image", b"xar!": "an xar archive", b"\x60\xea": "an ARJ archive",
}  # fmt: skip
# By the identifier of a flatbuffer.
FLATBUFFERS: Mapping[bytes, str] = {
    b"ORTM": "an ONNX Runtime model", b"TNN1": "a TNN model", b"CM01": "a MindSpore model",
    b"CIRC": "a Circle model", b"MSL2": "a MindSpore model", b"TFPL": "a TensorFlow Lite plan",
}  # fmt: skip
# Tables, office documents and what a desktop keeps: recognised by their first bytes, and read by
# no loader of models.
NO_MODEL_INSIDE = frozenset({
    "a Parquet table", "an Arrow table", "a Feather table", "an ORC table", "an Avro file",
    "an SQLite file", "an OLE document", "the view of a folder",
})  # fmt: skip
# Tables and archives, and what a single field of a message says: no model by that alone.
_NO_MODELS = frozenset({
    OWN_EVIDENCE, "a MATLAB file", "a Caffe model", *NO_MODEL_INSIDE, *ARCHIVES.values(),
})  # fmt: skip
# By what the name says, where the content says nothing.
NAMES: Mapping[str, str] = {
    ".mlmodel": "a Core ML model", ".pdmodel": "a PaddlePaddle program",
    ".pdiparams": "PaddlePaddle parameters", ".pdparams": "PaddlePaddle parameters",
    ".caffemodel": "a Caffe model", ".params": "MXNet parameters", ".msgpack": "a MessagePack file",
    ".weights": "Darknet weights", ".rds": "objects of R", ".rdata": "objects of R",
    ".t7": "a Lua Torch file, which may hold Lua code", ".mnn": "an MNN model",
    ".dlc": "a Qualcomm model", ".engine": "a compiled engine", ".plan": "a compiled engine",
    ".trt": "a compiled engine", ".mindir": "a MindSpore model", ".bigdl": "a BigDL model",
    ".rknn": "an RKNN model", ".hef": "a Hailo model", ".om": "a CANN model", ".xmodel": "a model",
    ".nb": "a Paddle Lite model", ".bst": "an XGBoost model", ".model": "a model",
    ".ftz": "a fastText model", ".llamafile": "a llamafile", ".pt": "a PyTorch file",
    ".pth": "a PyTorch file", ".ckpt": "a checkpoint", ".bin": "weights", ".zarr": "a Zarr array",
    ".ort": "an ONNX Runtime model", ".espdl": "an ESP-DL model", ".kmodel": "a Kendryte model",
}  # fmt: skip
# Data that go on behind a compressed value are not a gap: its own format is not read.
CONTINUED: Mapping[bytes, str] = {b"\x0c\xdb\x20\xde": "nodes of a TensorStore database"}
# Classes that are known to turn reading of foreign objects into running commands.
GADGETS = regex(
    rb"org[./]apache[./]commons[./]collections4?[./](?:functors|keyvalue|comparators)"
    rb"|(?:InvokerTransformer|InstantiateTransformer|ChainedTransformer|TemplatesImpl|MethodClosure"
    rb"|BadAttributeValueExpException|JdbcRowSetImpl|ProcessBuilder|java[./]lang[./]Runtime"
    rb"|ScriptEngineManager|BeanComparator|JtaTransactionManager|ysoserial|rmi[./]server"
    rb"|System\.Diagnostics\.Process|ObjectDataProvider|WindowsIdentity|TypeConfuseDelegate"
    rb"|ActivitySurrogateSelector|PSObject|TextFormattingRunProperties)"
)
SEARCHED_BYTES = 1 << 20
_CORE_ML = frozenset((*range(200, 211), *range(300, 320), *range(400, 420), *range(500, 560),
                      *range(600, 620), 900, *range(2000, 2010), 3000))  # fmt: skip
_FIELDS = 200


def look_of(window: Window) -> str:
    """What a file looks like, in words; "" where it is not known."""
    return _content_look(window) or NAMES.get(PurePosixPath(window.name).suffix.lower(), "")


def is_look_of_model(window: Window) -> bool:
    """Whether the content is that of a model which no reader knows."""
    look = _content_look(window)
    return bool(look) and look not in _NO_MODELS


def _content_look(window: Window) -> str:
    head = window.read(0, 72)
    if is_own_evidence(head):
        return OWN_EVIDENCE
    for mark, name in (*ARCHIVES.items(), *MARKS):
        if head.startswith(mark) and (mark != b"\4\0\0\0" or b"V 1" in head[:24]):
            return name
    if flatbuffer := FLATBUFFERS.get(head[4:8]):
        return flatbuffer
    return _message_look(window)


def is_own_evidence(head: bytes) -> bool:
    """Whether the first 72 bytes of a file are those of a snapshot that a scan wrote."""
    return head.startswith(b"SQLite format 3\0") and head[68:72] == OWN_MARK


def gadget_in(window: Window) -> str:
    """The name of a class that foreign objects are known to run commands by, or ""."""
    if not window.read(0, 16).startswith((MARKS[0][0], MARKS[1][0])):
        return ""
    match = GADGETS.search(window.read(0, SEARCHED_BYTES))
    return match.group().decode("ascii") if match else ""


def is_core_ml(window: Window) -> bool:
    """Whether the first fields are those of a Core ML model."""
    try:
        fields = list(itertools.islice(Wire(window).fields(), _FIELDS))
    except ArtifactError:
        return False
    return bool(fields) and _is_core_ml(fields)


def _message_look(window: Window) -> str:
    """Which protobuf message a file is, by the numbers of its first fields."""
    try:
        fields = list(itertools.islice(Wire(window).fields(), _FIELDS))
    except ArtifactError:
        return ""
    for is_one, name in _MESSAGES:
        if fields and is_one(fields):
            return name
    return ""


def _is_core_ml(fields: list[Field]) -> bool:
    first = fields[0]
    return (
        first.number == 1 and first.wire == VARINT and first.value < 100
        and any(field.number in _CORE_ML and field.wire == BYTES for field in fields)
    )  # fmt: skip


def _is_caffe(fields: list[Field]) -> bool:
    return any(field.number == 100 and field.wire == BYTES for field in fields)


_MESSAGES: tuple[tuple[Callable[[list[Field]], bool], str], ...] = (
    (_is_core_ml, "a Core ML model"),
    (_is_caffe, "a Caffe model"),
)
