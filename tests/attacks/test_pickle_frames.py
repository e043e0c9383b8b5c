"""A pickle whose FRAME ends inside an opcode, made by who wants a scanner to miss what it calls.

They put it where a model is loaded from: a file, an archive, an array of objects, a literal. Some
loaders go on behind the frame, and there run what others, and a scanner, take for the content of a
literal. What they gain: ``os.system`` in a file that reads as data.
"""

from __future__ import annotations

import gzip
import io
import json
import pickle
import random
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind, Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import Severity
from tests.attacks import frame_streams as made
from tests.attacks import framed_streams, pickle_loaders

LOADERS = Path(pickle_loaders.__file__)
PYTHONS = {sys.executable, *filter(None, map(shutil.which, ("python3.11", "python3.13")))}
BY_OPCODE = dict(made.by_opcode())
BETWEEN = {**made.between_streams(), **made.before_numbers()}
BINUNICODE = b"\x80\x04" + BY_OPCODE["BINUNICODE-3"].data


def look(data: bytes, name: str = "model.pkl") -> Inspection:
    return inspect(Window.of(data, name))


def worst(data: bytes) -> int:
    """The rank of the worst fact: 0 is critical."""
    return min((fact.danger.rank for fact in look(data).facts), default=9)


def is_called(found: Inspection) -> bool:
    return any(
        fact.kind is FactKind.DENIED_CALL and fact.subject == "os.system" for fact in found.facts
    )


def ran(streams: Iterable[bytes], folder: Path) -> list[Mapping[str, list[str]]]:
    """Of each stream what the loaders of all Pythons here run."""
    batch = folder / "batch"
    batch.write_bytes(b"".join(struct.pack("<I", len(data)) + data for data in streams))
    answers = []
    for python in sorted(PYTHONS):
        words = [python, "-I", LOADERS, batch]
        loaded = subprocess.run(words, capture_output=True, check=True)  # noqa: S603 - our own
        answers.append(json.loads(loaded.stdout))
    return [
        {f"{n}: {name}": names for n, one in enumerate(of) for name, names in one.items()}
        for of in zip(*answers, strict=True)
    ]


@pytest.mark.parametrize("name", BY_OPCODE)
def test_what_stands_behind_a_cut_opcode_is_flagged_as_its_plain_twin(name: str) -> None:
    for where, sample in made.wrapped(BY_OPCODE[name]):
        assert worst(sample.data) <= worst(sample.twin) <= Severity.HIGH.rank, where


@pytest.mark.parametrize("name", BETWEEN)
def test_what_stands_behind_a_frame_that_is_left_early_is_flagged_as_its_twin(name: str) -> None:
    assert is_called(look(BETWEEN[name].data))
    assert worst(BETWEEN[name].data) <= worst(BETWEEN[name].twin) == Severity.CRITICAL.rank


def test_no_loader_runs_a_cut_opcode_that_is_not_flagged(tmp_path: Path) -> None:
    samples = {name: b"\x80\x04" + sample.data for name, sample in BY_OPCODE.items()}
    samples |= {name: sample.data for name, sample in BETWEEN.items()}
    answers = dict(zip(samples, ran(samples.values(), tmp_path), strict=True))
    for name, answer in answers.items():
        is_run = [loader for loader, one in answer.items() if one]
        highest = Severity.HIGH if name.startswith("PERSID") else Severity.CRITICAL
        assert not is_run or worst(samples[name]) <= highest.rank, (name, is_run)
    # The samples are what they say: of loaders that drop bytes, where this Python still has one.
    assert any(one for name in made.before_numbers() for one in answers[name].values())


@pytest.mark.parametrize("seed", range(4))
def test_no_loader_runs_a_random_stream_that_is_not_flagged(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)  # noqa: S311 - any streams do
    streams = [made.drawn(dice) for _ in range(250)]
    for data, answer in zip(streams, ran(streams, tmp_path), strict=True):
        assert not any(answer.values()) or worst(data) == Severity.CRITICAL.rank, data


@pytest.mark.parametrize("seed", range(4))
def test_no_loader_calls_a_name_that_was_not_seen(seed: int, tmp_path: Path) -> None:
    """Frames in one another, beyond the file, across streams, of no bytes, ends inside opcodes."""
    dice = random.Random(seed)  # noqa: S311 - any streams do
    streams = [framed_streams.drawn(dice) for _ in range(250)]
    for data, answer in zip(streams, ran(streams, tmp_path), strict=True):
        called = {name for names in answer.values() for name in names}
        assert called <= seen_in(data), (data, answer)


def seen_in(data: bytes) -> set[str]:
    """The names that calls are told of; every name where not all readings were followed."""
    facts = look(data).facts
    if any(f.kind is FactKind.TWO_READINGS and f.danger is Severity.CRITICAL for f in facts):
        return {f"unheard.f{number}" for number in range(framed_streams.NAMES)}
    return {fact.subject for fact in facts if fact.kind is FactKind.UNKNOWN_CALL}


def _objects(data: bytes) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": "|O", "fortran_order": False, "shape": (1,)}
    )
    return file.getvalue() + data


def zipped(members: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def _loaded_bytes(data: bytes) -> bytes:
    literal = b"B" + struct.pack("<I", len(data)) + data
    return b"\x80\x04ctorch.storage\n_load_from_bytes\n" + literal + b"\x85R."


INSIDE = {
    "model.npy": _objects,
    "model.npz": lambda data: zipped({"a.npy": _objects(data)}),
    "model.pt": lambda data: zipped({"x/data.pkl": data, "x/version": b"3\n"}),
    "model.pkl.gz": gzip.compress,
    "model.zip": lambda data: zipped({"deep/model.bin": data}),
    "bytes.pkl": _loaded_bytes,
    "data.pkl": lambda data: pickle.dumps({"kept": data}, 4),
    "dill.pkl": lambda data: b"\x80\x04cdill._dill\n_create_type\n0N.\x80\x04" + data[2:],
}


@pytest.mark.parametrize("name", INSIDE)
def test_a_cut_opcode_is_found_where_pickles_are_kept(name: str) -> None:
    assert is_called(look(INSIDE[name](BINUNICODE), name))


def test_the_command_is_told_by_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(BINUNICODE)
    words = [sys.executable, "-m", "mlsec", "scan", str(tmp_path), "--offline"]
    told = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603
    assert told.returncode == 10
    assert "os.system" in told.stdout


def test_a_stream_of_words_does_not_hide_the_one_behind_it() -> None:
    words = b"CN" + b"words ".ljust(78, b"w") + b"."
    assert is_called(look(words + made.COMMAND + b".", "notes.txt"))
    assert not look(words + b"more words.", "notes.txt").facts


@pytest.mark.parametrize("count", [1, 5, 40])
def test_more_readings_than_are_followed_are_critical_by_themselves(count: int) -> None:
    lines = (made.frame(2) + b"Vx" + b"\n0") * count
    found = look(b"\x80\x04" + lines + BINUNICODE[2:])
    assert min(fact.danger.rank for fact in found.facts) == Severity.CRITICAL.rank


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x04" + b"".join(made.frame(9 * (200_000 - n) + 2) for n in range(200_000)) + b"N.",
        b"\x80\x04" + (made.frame(2) + b"Vx\n0") * 50_000 + b"N.",
    ],
    ids=["in one another", "one behind the other"],
)
def test_many_frames_take_no_time(data: bytes) -> None:
    # With the square of their number it would be given up after a minute, which is a gap.
    assert look(data).gaps == ()


HONEST = [
    [[f"text {n}" * (n % 50), n, b"x" * (n * 97 % 70_000)] for n in range(900)],
    {"a": bytearray(200_000), "b": "t" * 200_000, "c": [1.5] * 90_000, "d": {}},
    [b"x" * 131_072, {}, b"y" * 300, frozenset((1, 2)), 1 << 4000],
    None,
]


@pytest.mark.parametrize("pickler", [pickle.Pickler, pickle._Pickler])  # type: ignore[attr-defined]
@pytest.mark.parametrize("protocol", [4, 5])
@pytest.mark.parametrize("value", HONEST)
def test_what_picklers_write_has_one_reading(pickler: type, protocol: int, value: object) -> None:
    file = io.BytesIO()
    pickler(file, protocol).dump([value, complex])
    pickler(file, protocol).dump(value)
    found = look(file.getvalue())
    assert not found.gaps
    assert not [fact for fact in found.facts if fact.kind is FactKind.TWO_READINGS]


@pytest.mark.parametrize("is_padded", [False, True])
def test_what_joblib_writes_has_one_reading(is_padded: bool) -> None:
    found = look(made.numbers_behind_a_frame(is_padded=is_padded))
    assert not found.facts
    assert not found.gaps


def test_a_cut_opcode_that_hides_nothing_is_two_readings_and_no_more() -> None:
    found = look(b"\x80\x04" + made.frame(3) + b"Vab" + b"c\n.")
    told = [(fact.kind, fact.danger) for fact in found.facts]
    assert told == [(FactKind.TWO_READINGS, Severity.HIGH)]
