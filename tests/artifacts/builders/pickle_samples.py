"""Pickles by technique: each hostile one would run an inert command if it were loaded."""

from __future__ import annotations

import collections
import datetime
import struct
from collections.abc import Callable, Mapping
from functools import partial

from tests.artifacts.builders.payloads import EVIL_PICKLE, EVIL_PICKLE_2
from tests.artifacts.builders.pickles import (
    COMMAND,
    call,
    dumped,
    long_text,
    named,
    stacked,
    stream,
    text,
)

Build = Callable[[], bytes]
RUN = call("os", "system", COMMAND)
ONE = text(COMMAND) + b"\x85"
TORCH_HEAD = (
    b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", b"\x80\x02M\xe9\x03.", b"\x80\x02}q\x00.",
)  # fmt: skip


def _wrapped(dtype: bytes, shape: bytes, raw: bytes) -> bytes:
    """A joblib array wrapper whose raw bytes stand between two opcodes, and a call after them."""
    state = b"}(" + text("shape") + shape + text("dtype") + dtype + b"u"
    wrapper = named("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81" + state + b"b"
    return b"\x80\x04(" + wrapper + raw + RUN + b"t."


def _dtype(code: str) -> bytes:
    return named("numpy", "dtype") + b"(" + text(code) + b"K\x00K\x01tR"


def _frame(body: bytes, length: int) -> bytes:
    return b"\x80\x04\x95" + struct.pack("<Q", length) + body + b"."


def _many(piece: bytes, count: int) -> bytes:
    return piece * count


def torch_legacy(count: int, *, declared: int = 2, behind: bytes = b"") -> bytes:
    """As torch before 1.6 wrote ``count`` storages of two numbers each."""
    keys = [str(number) for number in range(count)]
    ids = b"".join(
        b"(" + text("storage") + named("torch", "FloatStorage") + text(key) + text("cpu")
        + b"K\x02NtQ" for key in keys
    )  # fmt: skip
    stored = struct.pack("<q2f", declared, 1.5, 2.5) * count
    return b"".join(
        (*TORCH_HEAD, stream(b"](", ids, b"e", protocol=2), dumped(keys, 2), stored, behind)
    )


HOSTILE: Mapping[str, Build] = {
    # Plain opcodes.
    "pickle/reduce": lambda: EVIL_PICKLE,
    "pickle/reduce-protocol-2": lambda: EVIL_PICKLE_2,
    "pickle/inst": lambda: b"(S'echo inert'\nios\nsystem\n.",
    "pickle/obj": lambda: stream(b"(" + named("os", "system") + text(COMMAND) + b"o"),
    "pickle/obj-then-pop": lambda: stream(
        b"(" + named("os", "system") + text(COMMAND) + b"o0N"
    ),
    "pickle/newobj": lambda: stream(stacked("subprocess", "Popen") + ONE + b"\x81"),
    "pickle/newobj-ex": lambda: stream(stacked("subprocess", "Popen") + ONE + b"}\x92"),
    "pickle/stack-global": lambda: stream(stacked("posix", "system") + ONE + b"R"),
    "pickle/in-a-dict-value": lambda: stream(b"}(" + text("k") + RUN + b"u"),
    # Python 2 names that the loader maps.
    "pickle/python-2-builtin": lambda: b"c__builtin__\neval\n(S'echo'\ntR.",
    "pickle/python-2-commands": lambda: b"ccommands\ngetoutput\n(S'echo inert'\ntR.",
    # Names by number.
    "pickle/extension-1": lambda: stream(b"\x82\x01" + ONE + b"R"),
    "pickle/extension-2": lambda: stream(b"\x83\x01\x00" + ONE + b"R"),
    "pickle/extension-4": lambda: stream(b"\x84\x01\x00\x00\x00" + ONE + b"R"),
    # Pickles inside.
    "pickle/nested-loads": lambda: stream(
        named("pickle", "loads") + b"C" + bytes([len(EVIL_PICKLE)]) + EVIL_PICKLE + b"\x85R"
    ),
    "pickle/nested-torch": lambda: stream(
        named("torch.storage", "_load_from_bytes")
        + b"B" + struct.pack("<I", len(EVIL_PICKLE_2)) + EVIL_PICKLE_2 + b"\x85R"
    ),
    "pickle/nested-as-data": lambda: dumped({"weights": EVIL_PICKLE_2, "n": [1, 2]}),
    # More streams, deep payloads.
    "pickle/second-stream": lambda: dumped([1, 2]) + EVIL_PICKLE_2,
    "pickle/tenth-stream": lambda: dumped({"a": 1}) * 9 + EVIL_PICKLE,
    "pickle/after-much-data": lambda: stream(
        b"](" + _many(b"K\x01", 60_000) + b"e" + RUN + b"a"
    ),
    "pickle/torch-legacy-object": lambda: b"".join(
        (*TORCH_HEAD, EVIL_PICKLE_2, b"\x80\x02]q\x00.")
    ),
    "pickle/torch-legacy-behind-storages": lambda: torch_legacy(300, behind=b"\0" + EVIL_PICKLE_2),
    "pickle/torch-legacy-storage-below-zero": lambda: torch_legacy(3, declared=-9),
    "pickle/torch-legacy-first": lambda: b"".join((EVIL_PICKLE_2, *TORCH_HEAD)),
    # Literals that the loader takes and pickletools refuses.
    "pickle/hexadecimal-int": lambda: b"I0x1\n0" + EVIL_PICKLE,
    "pickle/octal-long": lambda: b"L0o17L\n0" + EVIL_PICKLE,
    "pickle/int-with-nul": lambda: b"I1\x00garbage\n0" + EVIL_PICKLE,
    "pickle/put-with-nul": lambda: b"I1\np1\x00x\n0" + EVIL_PICKLE,
    "pickle/string-not-ascii": lambda: b"S'\xff\xfe'\n0" + EVIL_PICKLE,
    # Payload first, damage later.
    "pickle/then-garbage": lambda: stream(RUN)[:-1] + b"\xff\xff\xff\xff",
    "pickle/then-cut-off": lambda: stream(RUN + long_text("x" * 50))[:-20],
    "pickle/damage-before": lambda: b"\x80\x04K\x01\xff\xff" + b"\x00" * 40 + RUN + b".",
    "pickle/empty-stack": lambda: b"\x80\x04K\x010000" + RUN + b".",
    # What STACK_GLOBAL takes is hidden by memo and stack.
    "pickle/name-from-memo": lambda: stream(
        text("os") + b"\x940" + text("system") + b"\x940h\x00h\x01\x93" + ONE + b"R"
    ),
    "pickle/name-by-put-of-top": lambda: stream(
        text("os") + text("system") + b"q\x07" + b"0q\x0800" + b"h\x08h\x07\x93" + ONE + b"R"
    ),
    "pickle/name-duplicated": lambda: stream(
        text("os") + b"20" + text("system") + b"(10" + b"N0" + text("system") + b"\x93" + ONE + b"R"
    ),
    "pickle/name-from-a-batch": lambda: stream(
        b"](" + _many(text("numpy") + b"\x94", 500) + text("os") + b"\x94" + text("system")
        + b"\x94" + _many(b"K\x01", 200) + b"eh\xf4h\xf5" + b"0j\xf4\x01\x00\x00j\xf5\x01\x00\x00"
        + b"\x93" + ONE + b"R"
    ),
    "pickle/name-computed": lambda: stream(b"K\x01K\x02\x93" + ONE + b"R"),
    "pickle/call-of-a-result": lambda: stream(
        call("collections", "OrderedDict") + ONE + b"R"
    ),
    # Dotted names and attributes.
    "pickle/dotted": lambda: stream(stacked("numpy", "f2py.os.system") + ONE + b"R"),
    "pickle/dotted-hook": lambda: stream(stacked("collections", "OrderedDict.__class__")),
    "pickle/getattr-module": lambda: stream(
        named("builtins", "getattr") + b"(" + named("sklearn", "os") + text("system") + b"tR"
        + ONE + b"R"
    ),
    "pickle/getattr-hook": lambda: stream(
        named("builtins", "getattr") + b"(" + named("collections", "OrderedDict")
        + text("__subclasses__") + b"tR)R"
    ),
    "pickle/attrgetter": lambda: stream(call("operator", "attrgetter", "system.x")),
    # Patching.
    "pickle/build-on-a-name": lambda: stream(
        named("numpy", "ndarray") + b"}(" + text("__setstate__") + named("os", "system") + b"ub"
    ),
    "pickle/setitem-on-a-name": lambda: stream(
        named("sys", "modules") + text("json") + named("sys", "modules") + b"s"
    ),
    "pickle/append-on-a-name": lambda: stream(named("sys", "path") + text("/tmp") + b"a"),
    "pickle/build-of-a-hook": lambda: stream(
        call("collections", "OrderedDict") + b"}" + text("__class__")
        + named("collections", "deque") + b"sb"
    ),
    "pickle/build-of-another-hook": lambda: stream(
        call("collections", "OrderedDict") + b"}" + text("__delattr__") + text("x") + b"sb"
    ),
    # An allowed name that another package carries too, given what only that one would take.
    "pickle/allowed-name-given-code": lambda: stream(
        call("collections", "OrderedDict", "import os\nos.system('echo inert')")
    ),
    "pickle/allowed-name-given-a-command": lambda: stream(
        call("collections", "OrderedDict", "echo inert > /tmp/x")
    ),
    "pickle/allowed-name-given-code-after-many": lambda: stream(
        named("collections", "OrderedDict") + b"\x940" + b"h\x00)R0" * 3_000
        + b"h\x00" + text("import os") + b"\x85R"
    ),
    "pickle/allowed-name-given-code-of-the-memo": lambda: stream(
        named("collections", "OrderedDict") + b"\x940" + text("import os") + b"\x940"
        + b"h\x00)R0" * 3_000 + b"h\x00h\x01\x85R"
    ),
    # Frames.
    "pickle/frame-too-long": lambda: _frame(RUN, 1 << 40),
    "pickle/frame-too-short": lambda: _frame(RUN, 3),
    "pickle/frame-past-stop": lambda: _frame(RUN, len(RUN) + 5) + b"abcd",
    # Listed names with the wrong arguments.
    "pickle/partial": lambda: stream(
        named("functools", "partial") + b"(" + named("os", "system") + text(COMMAND) + b"tR"
    ),
    "pickle/rebuild-calls": lambda: stream(
        named("torch._tensor", "_rebuild_from_type_v2") + b"(" + named("os", "system")
        + named("torch", "Tensor") + ONE + b"}tR"
    ),
    "pickle/reconstructor": lambda: stream(
        named("copyreg", "_reconstructor") + b"(" + named("subprocess", "Popen")
        + named("builtins", "object") + b"NtR"
    ),
    "pickle/ufunc": lambda: stream(call("numpy.core", "_ufunc_reconstruct", "os", "system")),
    "pickle/class-made-by-type": lambda: stream(
        named("builtins", "type") + b"(" + text("X") + b")}tR"
    ),
    "pickle/maker": lambda: stream(
        named("pandas.core.indexes.base", "_new_Index") + b"(" + named("os", "system") + b"}tR"
    ),
    "pickle/code-object": lambda: stream(named("types", "CodeType") + b"(K\x00tR"),
    "pickle/unknown-with-address": lambda: stream(
        call("somewhere.client", "Session", "http://198.51.100.1/x")
    ),
    # Between and inside raw arrays.
    "joblib/after-an-array": lambda: _wrapped(_dtype("f8"), b"K\x03\x85", b"\xff" * 24),
    "joblib/array-of-objects": lambda: _wrapped(_dtype("O8"), b"K\x01\x85", EVIL_PICKLE_2),
}  # fmt: skip

BENIGN: Mapping[str, Build] = {
    # Of the list of keys only the first 256 values are kept; the storages of all are told.
    **{f"pickle/torch-legacy-{count}": partial(torch_legacy, count) for count in (1, 257, 900)},
    # TorchScript names these for its lists in the tables of its source positions.
    "pickle/torchscript-list": lambda: stream(call("torch.jit._pickle", "build_intlist", "x")),
    "pickle/matrix": lambda: stream(named("numpy.matrixlib.defmatrix", "matrix") + b")\x81"),
    **{
    f"pickle/{name}-{protocol}": lambda value=value, protocol=protocol: dumped(value, protocol)
    for protocol in range(6)
    for name, value in {
        "data": {"a": [1, 2.5, None, True, ("x", b"y", 1 << 70)], "b": {1, 2}, "é": "ü" * 300},
        "ordered": collections.OrderedDict(weights=[0.5] * 50, epoch=3),
        "dates": [datetime.date(2024, 1, day) for day in range(1, 29)],
        "long": list(range(5_000)),
        "bytes": [bytes(range(256)), b"x" * 70_000, bytearray(b"abc")],
    }.items()
    },
}  # fmt: skip
