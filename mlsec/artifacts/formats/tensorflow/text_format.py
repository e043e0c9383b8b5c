"""Reads TensorFlow graphs in protobuf's text format: .pbtxt files of any of the containers."""

# Why not google.protobuf.text_format: it needs TensorFlow's compiled schemas and stops at the
# first unknown field; a fragment or a newer graph is to be judged too.

from __future__ import annotations

import re
from collections.abc import Iterator

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.expanded_size import note_shape
from mlsec.artifacts.content.json_text import read_json
from mlsec.artifacts.content.references import note_reference
from mlsec.artifacts.embedded.metadata_text import judge_metadata
from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.formats.tensorflow.graph import PLACE_ATTRIBUTES, SHORTEST_CODE, judge_place
from mlsec.artifacts.formats.tensorflow.operators import FILE_OPERATORS, RESTORERS, judge_operator
from mlsec.artifacts.formats.tensorflow.text_assets import ASSET_MESSAGES, Text, replaced_texts
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import Severity
from mlsec.core.regex import regex

MOST_BYTES = 64 << 20
_START = regex(
    rb"(?:\s|#[^\n]*\n|(?!))*+(?:(?:node|library|versions|meta_graphs|meta_info_def|graph_def"
    rb"|saver_def|collection_def|signature_def|asset_file_def|object_graph_def|debug_info|initializer"
    rb"|node_def)\s*+(?::\s*+)?(?:\[\s*+)?[{<]|saved_model_schema_version\s*+:\s*+\d)"
)
_NODES = regex(rb"\b(?:node|node_def|meta_graphs|graph_def|library)\s*+(?::\s*+)?(?:\[\s*+)?[{<]")
_TOKEN = regex(
    rb"""[\s,;]+|\#[^\n]*|(?P<word>[A-Za-z_][A-Za-z0-9_.\-/]*|\[[A-Za-z][\w.\-/]{0,200}\])
    |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?P<open>[{<\[])|(?P<close>[}>\]])
    |(?P<colon>:)|(?P<number>[+\-]?[0-9][A-Za-z0-9_.+\-]*|-[a-z]+)""",
    re.VERBOSE | re.DOTALL,
)
_SHAPE = regex(rb"(?:\bdim\s*+(?::\s*+)?\{\s*+size\s*+:\s*+\d{1,19}\s*+\}[\s,;]*+){1,64}")
_SIZE = regex(rb"\d{1,19}")
_ESCAPE = regex(
    rb"""\\(?:([0-7]{1,3})|[xX]([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))""",
    re.VERBOSE | re.DOTALL,
)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b", b"f": b"\f"}


def sniff_text_format(head: bytes, window: Window) -> bool:
    """Whether a file starts as the text form of a TensorFlow graph, or is named and has some."""
    is_named = window.name.lower().endswith((".pbtxt", ".pbtext"))
    return bool(_START.match(head)) or (is_named and bool(_NODES.search(head)))


def read_text_format(window: Window, record: Recorder) -> None:
    """Judge the operators, assets and Keras texts of a .pbtxt.

    Raises:
        ArtifactError: no text format.
        OverLimitError: longer than 64 MiB.
    """
    if window.size_bytes > MOST_BYTES:
        raise OverLimitError(f"a text graph of {window.size_bytes} bytes is over {MOST_BYTES}")
    texts: list[Text] = []
    data = window.read(0, MOST_BYTES)
    try:
        texts.extend(texts_of(data))
    finally:
        _judge(texts, data, record)
    for match in _SHAPE.finditer(data):
        sizes = [int(size) for size in _SIZE.findall(match.group())]
        note_shape(record, sizes, "a constant", offset=match.start())
    record.understood(0, window.size_bytes)


def _judge(texts: list[Text], data: bytes, record: Recorder) -> None:
    local = frozenset(
        text.value
        for text in texts
        if text.field == "name" and text.path[-2:] == ("function", "signature")
    )
    _judge_files(texts, replaced_texts(data, texts), record)
    key = ""
    for text in texts:
        if text.field == "key":
            key = text.value
        elif text.field == "s" and key in PLACE_ATTRIBUTES:
            judge_place(key, text.value, text.offset, record)
        elif text.field == "string_val" and len(text.value) >= SHORTEST_CODE:
            judge_metadata(text.value, "a constant", record, offset=text.offset)
        if text.field == "op" and text.path and text.path[-1] in {"node", "node_def"}:
            judge_operator(record, text.value, local, where="as text", offset=text.offset)
        elif text.field == "filename" and text.path[-1:] in ASSET_MESSAGES:
            note_reference(record, text.value, "an asset", offset=text.offset)
        elif text.field == "metadata" and text.value.lstrip()[:1] == "{":
            from mlsec.artifacts.formats.tensorflow.keras.config import judge_keras  # noqa: PLC0415 - it loads much

            judge_keras(read_json(text.value.encode(), record, offset=text.offset), record)


def _judge_files(texts: list[Text], replaced: frozenset[int], record: Recorder) -> None:
    """Judge operators that save, and the paths that they may be given."""
    seen = {text.value for text in texts if text.field == "op"}
    if FILE_OPERATORS.isdisjoint(seen):
        return
    operator = min(FILE_OPERATORS & seen)
    for text in texts:
        if text.offset in replaced:
            continue
        if text.field == "string_val" and text.value.count("/") >= 2:
            note_reference(record, text.value, f"what {operator} may write", offset=text.offset)
    if RESTORERS.isdisjoint(seen):
        detail = "writes a file, in a graph that restores nothing"
        danger = Severity.MEDIUM
        record.fact(FactKind.UNSAFE_OPERATOR, operator, detail, danger=danger)


def texts_of(data: bytes) -> Iterator[Text]:
    """The quoted texts of a message in text format, in file order.

    Raises:
        ArtifactError: something that is not a token of the text format.
    """
    path: list[str] = []
    word = ""
    result: list[bytes] = []
    position = held_at = 0
    while position < len(data):
        token = _TOKEN.match(data, position)
        if token is None:
            raise ArtifactError(f"no text format at {position}")
        kind = token.lastgroup
        if kind == "text":
            held_at = held_at if result else position
            result.append(_unquote(token.group()))
        elif kind and result:
            yield Text(path=tuple(path[-8:]), field=word, value=_joined(result), offset=held_at)
            result = []
        position = token.end()
        if kind == "word":
            word = token.group().decode("ascii", "replace")
        elif kind == "open" and token.group() != b"[":
            path.append(word)
            if len(path) > 200:
                raise ArtifactError("messages in text format lie more than 200 deep")
        elif kind == "close" and path and token.group() != b"]":
            # In a list of messages only the first has the field's name before it.
            word = path.pop()
    if result:
        yield Text(path=tuple(path[-8:]), field=word, value=_joined(result), offset=held_at)


def _joined(parts: list[bytes]) -> str:
    return b"".join(parts).decode("utf-8", "replace")


def _unquote(token: bytes) -> bytes:
    return _ESCAPE.sub(_escaped, token[1:-1])


def _escaped(match: re.Match[bytes]) -> bytes:
    octal, hexadecimal, four, eight, letter = match.groups()
    if octal:
        return bytes([int(octal, 8) & 0xFF])
    if hexadecimal:
        return bytes([int(hexadecimal, 16)])
    if four or eight:
        number = int(four or eight, 16)
        return chr(number).encode("utf-8", "replace") if number < 0x110000 else b"?"
    return _LETTERS.get(letter, letter)
