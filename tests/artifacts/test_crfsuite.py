"""Models of CRFsuite: a header, five tables, and nothing that runs."""

from __future__ import annotations

import pickle
import struct

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind, Format, Inspection
from mlsec.artifacts.inspect.inspect import inspect
from tests.model_files.test_source_beside import Shell

TABLES = (b"FEAT", b"CQDB", b"CQDB", b"LFRF", b"AFRF")


def model(inside: bytes = b"\0" * 12, *, marks: tuple[bytes, ...] = TABLES, more: int = 0) -> bytes:
    parts = [mark + inside for mark in marks]
    places = [48 + sum(map(len, parts[:number])) for number in range(len(parts))]
    size = 48 + sum(map(len, parts)) + more
    head = struct.pack("<4sI4s4I5I", b"lCRF", size, b"FOMC", 100, 0, 2, 3, *places)
    return head + b"".join(parts)


def look(data: bytes) -> Inspection:
    return inspect(Window.of(data, name="a.crfsuite"))


def test_a_model_is_recognised_and_read_to_its_end() -> None:
    found = look(model())
    assert found.formats == (Format.CRFSUITE,)
    assert not found.facts
    assert not found.gaps


@pytest.mark.parametrize(
    "data", [model(more=9), model(marks=(b"FEAT", b"CQDB", b"XXXX", b"LFRF", b"AFRF"))]
)
def test_a_header_that_does_not_fit_is_damage(data: bytes) -> None:
    assert any(fact.kind is FactKind.BROKEN for fact in look(data).facts)


def test_a_pickle_in_a_table_or_behind_the_model_is_flagged() -> None:
    evil = pickle.dumps(Shell())
    for data in (model(b"\0" * 40 + evil), model() + evil):
        kinds = {fact.kind for fact in look(data).facts}
        assert kinds & {FactKind.DENIED_CALL, FactKind.UNACCOUNTED_BYTES}, kinds
