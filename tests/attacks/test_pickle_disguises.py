"""A pickle written so that the scanner takes it for words, or takes another value from its memo.

Whoever uploads a model writes it by hand: no PROTO, only letters, and literals that Python's
loaders take though no pickler writes them. Read as a text the file has no findings at all; read
with a memo of other values its call is one of a harmless name. Each way here was silent once.
"""

from __future__ import annotations

import gzip
import pickle
import random
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind, Format, Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.pickle.files.joblib_arrays import announced
from mlsec.artifacts.pickle.files.streams import STREAMS
from mlsec.artifacts.pickle.vm.literals import INDEX_DIGITS, read_index
from mlsec.artifacts.pickle.vm.values import CallResult, Container, Global
from mlsec.core.enums import GapReason, Severity
from tests.attacks import frame_streams as made
from tests.attacks.test_pickle_frames import is_called, ran

RUN = made.COMMAND
ZEROS = b"0" * 70
BEFORE: Mapping[str, bytes] = {
    "a MARK that POP takes": b"(0",
    "a value and a MARK that POP takes": b"(N00",
    "a float with an underline": b"F1_0\n0",
    "a float in words": b"Finfinity\n0",
    "a float with blanks": b"F 1 \n0",
    "a float of many digits": b"F" + b"0" * 6_000 + b"\n0",
    "a number without digits": b"I\0\n0",
    "a number of many digits": b"I" + b"0" * 6_000 + b"\n0",
    "a text longer than what is read first": b"V" + b"w" * 70_000 + b"\n0",
    "a text longer than a block": b"V" + b"w" * (3 << 20) + b"\n0",
    "a stream of words": b"CN" + b"w" * 78 + b".",
    "a stream that leaves a MARK": b"(N.",
    "a stream of texts": b"U " + b"w" * 32 + b"0Vwords\n.",
}
NAMES = b"Vcollections\np0\n0Vos\np1\n0VOrderedDict\np2\n0Vsystem\np3\n0"
MEMO = {
    "get": NAMES + b"g" + ZEROS + b"1\ng" + ZEROS + b"3\n\x93(V:\ntR.",
    "put": b"Vcollections\np1\n0Vos\np" + ZEROS + b"1\n0h\1Vsystem\n\x93(V:\ntR.",
    "a far index": b"Vos\np" + b"9" * 70 + b"\n0Vcopy\np" + b"9" * 69 + b"8\n0"
    + b"g" + b"9" * 70 + b"\nVsystem\n\x93(V:\ntR.",
}  # fmt: skip


def look(data: bytes, name: str = "model.bin") -> Inspection:
    return inspect(Window.of(data, name))


@pytest.mark.parametrize("name", ["model.bin", "notes.txt", "model.pkl"])
@pytest.mark.parametrize("before", BEFORE)
def test_words_before_a_call_do_not_make_a_text_of_it(before: str, name: str) -> None:
    assert is_called(look(BEFORE[before] + RUN + b".", name))


@pytest.mark.parametrize("names", MEMO)
def test_a_name_from_the_memo_is_the_one_the_loader_takes(names: str) -> None:
    assert is_called(look(b"\x80\x02" + MEMO[names]))


def test_the_loaders_run_what_is_disguised(tmp_path: Path) -> None:
    streams = [before + RUN + b"." for before in BEFORE.values() if len(before) < 1 << 20]
    streams += [b"\x80\x02" + names for names in MEMO.values()]
    for data, answer in zip(streams, ran(streams, tmp_path), strict=True):
        assert any(answer.values()), data[:200]


@pytest.mark.parametrize("seed", range(3))
def test_no_random_stream_of_words_runs_unseen(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)  # noqa: S311 - any streams do
    pieces = (
        *(before for before in BEFORE.values() if len(before) < 100),
        b"(l0", b"(d0", b"(t0", b"Vword\n0", b"S'a'\n0", b"L1L\n0", b"Np0\n0g0\n0", b"N20", b"(1",
        b"N.", b"ccollections\nOrderedDict\n0", b"N", b"(", b"0", b"I01\n", b"g+0\n", b"p 1 \n",
    )  # fmt: skip
    streams = [
        b"".join(dice.choice(pieces) for _ in range(dice.randrange(6))) + RUN + b"."
        for _ in range(200)
    ]
    for data, answer in zip(streams, ran(streams, tmp_path), strict=True):
        assert not any(answer.values()) or is_called(look(data)), data


@pytest.mark.parametrize(
    "text",
    [
        b"(N.B. this is a note.)\ncos and sin\nare functions.\n",
        b"I\nFirst, a list:\n1\n2\n",
        b"F1\nscores of the model\n",
        b"Vectors are stored row by row.\n",
        b"(0, 1) is an interval.\nPoints outside\nare cut.\n",
        b"CN" + b"w" * 78 + b". And more words.\n",
        b"L1\nL2\nnorms of the weights.\n",
    ],
)
def test_words_stay_words(text: bytes) -> None:
    found = look(text, "notes.txt")
    assert not found.facts
    assert Format.PICKLE not in found.formats


def test_an_index_is_read_as_python_reads_it() -> None:
    for digits in (b"0", b"+7", b" 12 ", b"1_0", ZEROS + b"5", b"0_" * 60 + b"3"):
        assert read_index(digits) == int(digits)
    far = {read_index(digits) for digits in (b"9" * 70, b"9" * 69 + b"8", b"9" * 71)}
    assert len(far) == 3
    assert min(far) > 1 << 64
    found = look(b"\x80\x02Np" + b"0" * (INDEX_DIGITS + 1) + b"\n.")
    assert found.gaps


def test_numbers_of_a_second_stream_are_read_as_opcodes_too() -> None:
    wrapper = made.numbers_behind_a_frame(is_padded=False)[11 : -made.NUMBERS - 1]
    harmless = b"\x80\x04" + wrapper + b"N0" * (made.NUMBERS // 2) + b"."
    hostile = b"\x80\x04" + wrapper + (RUN + b"0").ljust(made.NUMBERS, b"N") + b"."
    told = [(fact.kind, fact.danger, fact.subject) for fact in look(harmless + hostile).facts]
    assert (FactKind.TWO_READINGS, Severity.CRITICAL, "os.system") in told
    assert not look(harmless + harmless).facts


def test_a_kept_pickle_is_found_with_bytes_behind_its_end() -> None:
    kept = b"\x80\x04" + RUN + b"."
    for behind in (b"", b"x", b"\0" * 9):
        assert is_called(look(pickle.dumps({"kept": kept + behind}, 4)))
    assert not look(pickle.dumps({"kept": b"\x80\x04c\0\1\2words and numbers"}, 4)).facts


def test_streams_that_are_not_read_are_a_gap() -> None:
    found = look(b"\x80\x04N." * (STREAMS + 1) + pickle.dumps(1))
    assert GapReason.OVER_LIMIT in {gap.reason for gap in found.gaps}
    assert not look(b"N." * 100).gaps


@pytest.mark.parametrize("letter", "?bBhHiIuclLqQefdgFDGSUVmM")
@pytest.mark.parametrize(
    "digits", ["", "1", "2", "4", "8", "16", "5", "08", "0" * 12 + "8", "9" * 19]
)
def test_an_element_is_as_wide_as_numpy_says(letter: str, digits: str) -> None:
    try:
        expected = np.dtype(letter + digits).itemsize
    except (TypeError, ValueError):
        return  # the loader ends there
    dtype = CallResult(Global("numpy", "dtype", 0), (letter + digits,))
    state = Container("dict")
    state.add(["shape", (3,), "dtype", dtype])
    wrapper = Global("joblib.numpy_pickle", "NumpyArrayWrapper", 0)
    if digits == "" and letter in "lLgG":  # not as wide everywhere, and never written
        with pytest.raises(ArtifactError):
            announced(CallResult(wrapper, ()), state)
        return
    array = announced(CallResult(wrapper, ()), state)
    assert array is not None
    assert array.size_bytes == 3 * expected


NUMBERS = random.Random(1).randbytes(200_000)  # noqa: S311 - any numbers do


@pytest.mark.parametrize(
    ("pack", "behind"),
    [
        (gzip.compress, b""),
        (gzip.compress, b"x" * 5_000),
        (gzip.compress, NUMBERS),
        (zlib.compress, NUMBERS),
    ],
)
def test_data_of_a_wrong_checksum_are_read_as_far_as_loaders_do(
    pack: Callable[[bytes], bytes], behind: bytes
) -> None:
    packed = bytearray(pack(b"\x80\x02" + RUN + b"." + behind))
    packed[-1] ^= 0xFF
    broken = look(bytes(packed), "model.pkl.gz")
    assert is_called(broken)
    assert broken.gaps
    good = look(pack(b"\x80\x02N." + behind), "model.pkl.gz")
    assert FactKind.BROKEN not in {fact.kind for fact in good.facts}
