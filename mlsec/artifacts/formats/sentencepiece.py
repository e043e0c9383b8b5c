"""Reads SentencePiece models: pieces of words with their scores; nothing in them runs."""

from __future__ import annotations

import itertools

from mlsec.artifacts.bytes.protobuf import BYTES, FIXED32, VARINT, Field, Wire
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.embedded.contents import judge_field, judge_value
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.recorder import Recorder

# Field numbers: sentencepiece_model.proto of SentencePiece.
PIECES, TRAINER, NORMALIZER, SELF_TEST, DENORMALIZER = 1, 2, 3, 4, 5
PIECE_TEXT, PIECE_SCORE, PIECE_KIND = 1, 2, 3
TRIED = 4
LONGEST_PIECE = 1024


def sniff_sentencepiece(_head: bytes, window: Window) -> bool:
    """Whether the first fields are pieces, each a text, and some of them with a score."""
    wire = Wire(window)
    try:
        first = list(itertools.islice(wire.fields(), TRIED))
        pieces = [_numbers(wire, field) for field in first if field.number == PIECES]
        # The first piece, <unk>, is often written without its score, which is 0.
        return any(PIECE_SCORE in numbers for numbers in pieces) and all(
            field.wire == BYTES
            and (bool(_numbers(wire, field)) if field.number == PIECES else at > 0)
            and field.number <= DENORMALIZER
            for at, field in enumerate(first)
        )
    except ArtifactError:
        return False


def _numbers(wire: Wire, field: Field) -> frozenset[int]:
    """Give the numbers of the fields of a piece; none where it is not a piece."""
    kinds = {PIECE_TEXT: BYTES, PIECE_SCORE: FIXED32, PIECE_KIND: VARINT}
    inner = list(itertools.islice(wire.inside(field), 4))
    is_piece = bool(inner) and inner[0].number == PIECE_TEXT
    if not is_piece or any(kinds.get(item.number) != item.wire for item in inner):
        return frozenset()
    return frozenset(item.number for item in inner)


def read_sentencepiece(window: Window, record: Recorder) -> None:
    """Walk all fields; those other than pieces are judged as text or bytes of unknown meaning.

    Raises:
        ArtifactError: a message that breaks off.
    """
    wire, pieces = Wire(window, record.budget), 0
    for field in wire.fields():
        if field.number == PIECES and field.wire == BYTES:
            pieces += 1
            for inner in wire.inside(field):
                if inner.wire == BYTES and inner.end - inner.start > LONGEST_PIECE:
                    judge_value(wire.raw(inner), "a piece", record, offset=inner.start)
        elif field.wire == BYTES:
            judge_field(wire, field, f"field {field.number}", record)
    record.property("producer", "sentencepiece")
    record.property("pieces", pieces)
    record.understood(0, window.size_bytes)
