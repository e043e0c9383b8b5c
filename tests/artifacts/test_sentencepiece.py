"""Models of SentencePiece: pieces of words, the first of them with or without its score."""

from __future__ import annotations

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import Format
from mlsec.artifacts.inspect.inspect import inspect
from tests.artifacts.builders.protobufs import message, text

SCORE, CONTROL = b"\x15\0\0\0\0", b"\x18\3"


def piece(word: str, more: bytes = SCORE) -> bytes:
    return message(1, text(1, word), more)


@pytest.mark.parametrize("more", [SCORE, CONTROL, SCORE + b"\x18\2"])
def test_a_model_is_recognised_whether_or_not_its_first_piece_has_a_score(more: bytes) -> None:
    data = b"".join((piece("<unk>", more), piece("a"), piece("b"), message(2, text(3, "x"))))
    found = inspect(Window.of(data, name="a.model"))
    assert found.formats == (Format.SENTENCEPIECE,)
    assert not found.gaps


def test_texts_without_any_score_are_not_taken_for_a_model() -> None:
    data = b"".join(piece(word, CONTROL) for word in ("<unk>", "a", "b", "c"))
    assert Format.SENTENCEPIECE not in inspect(Window.of(data, name="a.model")).formats
