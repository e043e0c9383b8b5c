"""Numpy's .npy and .npz files: arrays of numbers, of objects, and headers that lie."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from tests.artifacts.builders.payloads import EVIL_PICKLE, EVIL_PICKLE_2, GOOD_PICKLE
from tests.artifacts.builders.zips import DEFLATED, Entry, archive

NUMBERS = "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }"
OBJECTS = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"


def npy(header: str = NUMBERS, data: bytes = bytes(16), version: int = 1) -> bytes:
    """One file; the header is filled with spaces as numpy does."""
    text = header.encode("utf-8")
    form = "<H" if version == 1 else "<I"
    begin = 8 + struct.calcsize(form)
    text += b" " * (-(begin + len(text) + 1) % 64) + b"\n"
    return b"\x93NUMPY" + bytes((version, 0)) + struct.pack(form, len(text)) + text + data


def npz(*arrays: bytes, method: int = DEFLATED) -> bytes:
    return archive(
        [
            Entry(name=b"arr_%d.npy" % number, data=data, method=method)
            for number, data in enumerate(arrays)
        ]
    )


def structured(kind: str) -> str:
    fields = f"[('a', '<f4'), ('b', '{kind}', (2,))]"
    return f"{{'descr': {fields}, 'fortran_order': False, 'shape': (2,), }}"


HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "numpy/objects": lambda: npy(OBJECTS, EVIL_PICKLE),
    "numpy/objects-version-2": lambda: npy(OBJECTS, EVIL_PICKLE_2, 2),
    "numpy/objects-version-3": lambda: npy(OBJECTS, EVIL_PICKLE_2, 3),
    "numpy/objects-in-field": lambda: npy(structured("|O"), EVIL_PICKLE),
    "numpy/objects-in-archive": lambda: npz(npy(), npy(OBJECTS, EVIL_PICKLE)),
    "numpy/second-array": lambda: npy() + npy(OBJECTS, EVIL_PICKLE_2),
    "numpy/objects-behind-spaces": lambda: npy(OBJECTS, b"   " + EVIL_PICKLE),
    "numpy/tail": lambda: npy() + EVIL_PICKLE_2,
    "numpy/tail-text-pickle": lambda: npy() + EVIL_PICKLE,
    "numpy/header-calls": lambda: npy("{'descr': __import__('os').system('echo inert')}"),
    "numpy/header-duplicate": lambda: npy(NUMBERS[:-1] + "'descr': '|O'}", EVIL_PICKLE),
    "numpy/header-nested": lambda: npy("(" * 20_000),
    "numpy/header-long": lambda: npy(NUMBERS + " " * 80_000, version=2),
    "numpy/shape-huge": lambda: npy(NUMBERS.replace("(4,)", "(1000000000000,)")),
    "numpy/shape-negative": lambda: npy(NUMBERS.replace("(4,)", "(-4,)")),
    "numpy/unknown-type": lambda: npy(NUMBERS.replace("<f4", "exec"), EVIL_PICKLE_2),
}

BENIGN: Mapping[str, Callable[[], bytes]] = {
    "numpy/numbers": npy,
    "numpy/numbers-version-2": lambda: npy(version=2),
    "numpy/two-arrays": lambda: npy() + npy(),
    "numpy/structured": lambda: npy(structured("<i8"), bytes(40)),
    "numpy/text": lambda: npy(NUMBERS.replace("<f4", "<U2"), bytes(32)),
    "numpy/times": lambda: npy(NUMBERS.replace("<f4", "<M8[ns]"), bytes(32)),
    "numpy/scalar": lambda: npy(NUMBERS.replace("(4,)", "()"), bytes(4)),
    "numpy/objects": lambda: npy(OBJECTS, GOOD_PICKLE),
    "numpy/archive": lambda: npz(npy(), npy()),
    "numpy/archive-of-zeros": lambda: npz(
        npy(NUMBERS.replace("(4,)", "(2097152, 2)"), bytes(16 << 20))
    ),
    "numpy/archive-stored": lambda: npz(npy(), npy(), method=0),
}  # fmt: skip
