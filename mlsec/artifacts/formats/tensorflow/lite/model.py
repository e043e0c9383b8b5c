"""Reads TensorFlow Lite models: the operators that are no built-in ones, and what lies behind."""

from __future__ import annotations

from mlsec.artifacts.bytes.flatbuffer import Flatbuffer
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.embedded.contents import judge_beginnings, judge_value
from mlsec.artifacts.embedded.embedded_search import search_inside
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.formats.tensorflow.lite.nodes import judge_node
from mlsec.artifacts.formats.tensorflow.operators import (
    FILE_OPERATORS,
    REASONS,
    RESTORERS,
    known_operators,
)
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity
from mlsec.core.regex import regex

# Field slots: schema.fbs of TensorFlow Lite.
MODEL_CODES, MODEL_SUBGRAPHS, MODEL_DESCRIPTION, MODEL_BUFFERS = 1, 2, 3, 4
GRAPH_OPERATORS = 3
OPERATOR_CODE, OPERATOR_OPTIONS = 0, 5
CODE_OLD, CODE_NAME, CODE_BUILTIN = 0, 1, 3
BUFFER_DATA, BUFFER_OFFSET, BUFFER_SIZE = 0, 1, 2
CUSTOM = 32
# The node that an operator of full TensorFlow was lies in its options; where such a node may write
# is an attribute of this form, whatever its key.
_FILE = regex(rb"file://[^\x00-\x20\x7f]{1,200}")
MOST_OPTIONS = 1 << 20
# Custom by name only: every build of the runtime has them, or a library of the same makers does
# (TensorFlow Lite Micro's signal library, TensorFlow Text, the Task Library, MediaPipe).
COMMON = frozenset(
    """TFLite_Detection_PostProcess ParseExample ParseExampleV2 DenseImageWarp MaxPoolWithArgmax
    TensorListReserve TensorListStack TensorListSetItem TensorListFromTensor
    Mfcc AudioSpectrogram NumericVerify Convolution2DTransposeBias
    MaxPoolingWithArgmax2D MaxUnpooling2D Rfft2d RandomStandardNormal RandomUniform Multinomial
    CumSum Conv3DTranspose ReadVariable AssignVariable edgetpu-custom-op ethos-u
    SignalDelay SignalEnergy SignalFftAutoScale SignalFilterBank SignalFilterBankLog
    SignalFilterBankSpectralSubtraction SignalFilterBankSquareRoot SignalFramer SignalIrfft
    SignalOverlapAdd SignalPCAN SignalRfft SignalStacker SignalWindow
    TFSentencepieceTokenizeOp SentencepieceTokenizer RaggedTensorToTensor
    WhitespaceTokenizeWithOffsets WordpieceTokenizeWithOffsets NGrams
    NORMALIZE PREDICT EXTRACT_FEATURES Normalize
    CUSTOM_OP_STRING_TO_BOOLS CUSTOM_OP_STRING_TO_DOUBLES CUSTOM_OP_STRING_TO_FLOATS
    CUSTOM_OP_STRING_TO_INTS CUSTOM_OP_GENERATE_LABELS DISPATCH_OP
    TransformTensorBilinear TransformLandmarks Landmarks2TransformMatrix Resampler""".split()  # noqa: SIM905
)
# Operators of TensorFlow Text by way of the Flex delegate; of LiteRT and its makers of processors.
COMMON_PREFIXES = (
    "tftext:", "stablehlo.", "odml.", "FlexSentencepiece", "FlexWhitespace", "FlexWordpiece",
    "FlexRegexSplit", "FlexUnicode", "FlexBert", "FlexFastWordpiece", "LiteRt", "MTKEXT_", "QNN",
)  # fmt: skip


def sniff_tflite(head: bytes, _window: Window) -> bool:
    """Whether the file's flatbuffer identifier is one of TensorFlow Lite's."""
    return head[4:8] in {b"TFL3", b"TFL2"}


def read_tflite(window: Window, record: Recorder) -> None:
    """Read the operator codes, and account for the flatbuffer and its buffers.

    Raises:
        ArtifactError: an offset that leads out of the file.
    """
    buffer = Flatbuffer(window)
    model = buffer.root()
    description = buffer.text(model, MODEL_DESCRIPTION)
    if description:
        record.property("producer", description[:200])
    codes = list(buffer.tables(model, MODEL_CODES))
    record.property("operators", len(codes))
    names = [buffer.text(code, CODE_NAME) for code in codes]
    # A model that goes on learning where it is used saves what it learned, and restores it.
    restores = any(name.removeprefix("Flex") in RESTORERS for name in names)
    for code, name in zip(codes, names, strict=True):
        builtin = max(buffer.byte(code, CODE_OLD), buffer.integer(code, CODE_BUILTIN))
        if name or builtin == CUSTOM:
            _judge(record, name, code, restores=restores)
    graphs = sum(1 for _ in buffer.tables(model, MODEL_SUBGRAPHS))
    if any(name.startswith("Flex") for name in names):
        _judge_options(buffer, model, names, record)
    if not graphs and not codes:
        record.fact(FactKind.BROKEN, "no graph", "neither operators nor graphs: it is not a model")
    _account(buffer, model, record)
    search_inside(window, record, "a TensorFlow Lite model")
    judge_value(description.encode("utf-8", "replace"), "the description", record)


def _judge(record: Recorder, name: str, offset: int, *, restores: bool) -> None:
    plain = name.removeprefix("Flex")
    if plain in REASONS:
        record.fact(FactKind.UNSAFE_OPERATOR, name, REASONS[plain], offset=offset)
    elif name.startswith("Flex") and plain in FILE_OPERATORS and not restores:
        detail = "writes a file, in a model that restores nothing"
        kind = FactKind.UNSAFE_OPERATOR
        record.fact(kind, name, detail, offset=offset, danger=Severity.MEDIUM)
    elif name.startswith("Flex") and plain in known_operators():
        detail = "an operator of full TensorFlow, run by the Flex delegate"
        record.fact(FactKind.CUSTOM_OPERATOR, name, detail, offset=offset, danger=Severity.LOW)
    else:
        is_common = name in COMMON or name.startswith(COMMON_PREFIXES)
        danger = Severity.LOW if is_common else None
        detail = "no built-in operator: it needs a library of its own"
        record.fact(FactKind.CUSTOM_OPERATOR, name, detail, offset=offset, danger=danger)


def _judge_options(buffer: Flatbuffer, model: int, names: list[str], record: Recorder) -> None:
    """Judge operators of full TensorFlow by the nodes that they were."""
    for graph in buffer.tables(model, MODEL_SUBGRAPHS):
        for operator in buffer.tables(graph, GRAPH_OPERATORS):
            record.budget.check_time()
            index = buffer.integer(operator, OPERATOR_CODE)
            name = names[index] if 0 <= index < len(names) else ""
            if not name.startswith("Flex"):
                continue
            start, size = buffer.vector(operator, OPERATOR_OPTIONS)
            if size > MOST_OPTIONS:
                detail = (
                    f"the options of {name[:80]} are searched for files to {MOST_OPTIONS} bytes"
                )
                record.gap(GapReason.OVER_LIMIT, detail)
            options = buffer.window.read(start, min(size, MOST_OPTIONS))
            if match := _FILE.search(options):
                place = match.group().decode("utf-8", "replace")
                detail = f"its node names a file: {place}"
                record.fact(FactKind.UNSAFE_OPERATOR, name, detail, offset=start)
            judge_node(buffer.window, name.removeprefix("Flex"), options, start, record)


def _account(buffer: Flatbuffer, model: int, record: Recorder) -> None:
    """Say which bytes belong to the model; what is appended to it stays unaccounted for."""
    end = buffer.reached
    spans: list[tuple[int, int]] = []
    for table in buffer.tables(model, MODEL_BUFFERS):
        start, size = buffer.vector(table, BUFFER_DATA)
        end = max(end, start + size)
        if size:
            spans.append((start, size))
        apart, length = buffer.long(table, BUFFER_OFFSET), buffer.long(table, BUFFER_SIZE)
        if apart > 1 and length:
            if apart + length > buffer.window.size_bytes:
                raise ArtifactError(f"a buffer at {apart} of {length} bytes lies beyond the file")
            record.understood(apart, apart + length)
            spans.append((apart, length))
    judge_beginnings(buffer.window, sorted(spans), record)
    end = max(end, buffer.reached)
    # Flatbuffers are written from the end: strings and tables of any kind lie between.
    record.understood(0, min(buffer.window.size_bytes, (end + 63) // 64 * 64))
