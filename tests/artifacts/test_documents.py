"""What lies beside models and is none: documents, programs of Java, arrays without a header."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind, Format
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.limits import Limits
from mlsec.core.enums import GapReason, Severity
from tests.artifacts.builders.documents import java_class, packed, pdf
from tests.artifacts.builders.onnx_models import tensor
from tests.artifacts.builders.payloads import EVIL_PICKLE, EVIL_PICKLE_2, GOOD_PICKLE
from tests.artifacts.builders.seven_zips import seven_zip
from tests.artifacts.builders.zips import Entry, archive

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}


@pytest.mark.parametrize("said", [b"/JavaScript (x)", b"/J#61vaScript (x)", b"/Launch << >>"])
@pytest.mark.parametrize("hide", [lambda said: said, packed], ids=["open", "packed"])
def test_what_a_viewer_would_run_is_named_wherever_it_stands(said: bytes, hide: object) -> None:
    seen = inspect(Window.of(pdf(b"<< >>", hide(said))))  # type: ignore[operator]
    assert seen.formats == (Format.PDF,)
    assert not seen.gaps
    assert [fact.kind for fact in seen.facts] == [FactKind.EMBEDDED_CODE]


RECORD = b'{"text": "some words of a data set", "id": 5}\n'


def test_records_one_a_line_are_json_however_many() -> None:
    seen = inspect(Window.of(RECORD * 150_000, "train.jsonl"))
    assert (seen.formats, seen.facts, seen.gaps) == ((Format.JSON,), (), ())
    seen = inspect(Window.of(RECORD * 9 + b"{,}\n" + RECORD, "train.jsonl"))
    assert seen.gaps


def test_a_template_of_azure_may_have_comments_and_nothing_else_is_left_unread() -> None:
    schema = b'{"$schema": "https://x.example/2019/deploymentTemplate.json#", // words\n "a": 1}'
    assert not inspect(Window.of(schema, "main.json")).gaps
    deep = schema.replace(b"// words\n", b"").replace(b"1", b"[" * 100_000 + b"]" * 100_000)
    assert [gap.reason for gap in inspect(Window.of(deep, "a.json")).gaps] == [GapReason.OVER_LIMIT]


def test_a_program_of_java_is_told_once_for_its_archive() -> None:
    classes = [
        Entry(name=f"a/C{number}.class".encode(), data=java_class(number)) for number in range(9)
    ]
    seen = inspect(Window.of(archive(classes)))
    assert [fact.kind for fact in seen.facts] == [FactKind.EMBEDDED_EXECUTABLE]


def test_a_lone_tensor_of_onnx_is_read_whole() -> None:
    seen = inspect(Window.of(tensor()))
    assert seen.formats == (Format.ONNX_TENSOR,)
    assert not seen.gaps


def old_array(data: bytes) -> bytes:
    return b"ZF" + hex(len(data)).ljust(19).encode() + zlib.compress(data)


def test_an_array_that_old_joblib_kept_apart_is_numbers() -> None:
    numbers = np.random.default_rng(0).random(4000).tobytes()
    seen = inspect(Window.of(old_array(numbers)).named("model.pkl_01.npy.z"))
    assert not seen.gaps
    assert not seen.facts


@pytest.mark.parametrize("data", [EVIL_PICKLE, EVIL_PICKLE_2, bytes(64) + EVIL_PICKLE_2])
def test_a_pickle_named_as_such_an_array_is_seen(data: bytes) -> None:
    seen = inspect(Window.of(old_array(data)).named("model.pkl_01.npy.z"))
    assert {fact.danger for fact in seen.facts} & FLAGGING


def test_a_message_of_no_known_kind_is_partly_read_by_its_name() -> None:
    data = b"\x0a\x0a\x12\x08ReadFile" * 3
    seen = inspect(Window.of(data).named("part.pb"))
    assert {fact.kind for fact in seen.facts} >= {FactKind.UNSAFE_OPERATOR}
    assert seen.gaps


def test_members_of_a_7z_are_unpacked_in_turn_and_only_the_too_large_is_left() -> None:
    data = seven_zip(
        ("a.pkl", GOOD_PICKLE),
        ("b.bin", bytes(3000)),
        ("c.bin", bytes(9000)),
        ("d.pkl", EVIL_PICKLE),
    )
    seen = inspect(Window.of(data), Limits(held_bytes=2000))
    assert FactKind.DENIED_CALL in {fact.kind for fact in seen.facts if fact.place == "d.pkl"}
    assert [gap.place for gap in seen.gaps] == ["c.bin"]
    assert seen.members == 4
