"""TensorFlow Lite models: a flatbuffer with operator codes and buffers."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from tests.artifacts.builders.protobufs import message, number, text
from tests.artifacts.builders.tensorflow_graphs import node


def table(*slots: tuple[int, bytes] | None) -> tuple[bytes, list[int]]:
    """A vtable and its table; gives their bytes and where each field lies in them."""
    size, places, body = 4 + 2 * len(slots), [0] * len(slots), b""
    for index, slot in enumerate(slots):
        if slot is not None:
            places[index] = 4 + len(body)
            body += slot[1]
    vtable = struct.pack("<HH", size, 4 + len(body))
    vtable += b"".join(struct.pack("<H", place) for place in places)
    return vtable + struct.pack("<i", size) + body, [size + place for place in places]


class Builder:
    """Lays parts one behind the other; offsets point forward, as flatbuffers allow."""

    def __init__(self) -> None:
        self.data = bytearray(struct.pack("<I", 0) + b"TFL3")

    def table(self, *slots: bytes | None) -> tuple[int, list[int]]:
        raw, places = table(*[None if slot is None else (0, slot) for slot in slots])
        start = len(self.data)
        self.data += raw
        return start + 4 + 2 * len(slots), [start + place for place in places]

    def point(self, place: int) -> None:
        """Let the offset at ``place`` lead to what is laid next."""
        struct.pack_into("<I", self.data, place, len(self.data) - place)

    def point_to(self, place: int, target: int) -> None:
        struct.pack_into("<I", self.data, place, target - place)

    def text(self, place: int, value: str) -> None:
        self.point(place)
        raw = value.encode()
        self.data += struct.pack("<I", len(raw)) + raw + b"\0" + bytes(-(len(raw) + 1) % 4)


def model(
    *operators: str, buffers: tuple[bytes, ...] = (b"",), options: tuple[bytes, ...] = ()
) -> bytes:
    """A model with these operator codes; its graph has an operator for each of ``options``."""
    build = Builder()
    root, slots = build.table(bytes(4), bytes(4), bytes(4), bytes(4), bytes(4))
    struct.pack_into("<I", build.data, 0, root)
    build.text(slots[3], "made by hand")
    build.point(slots[1])
    first = len(build.data) + 4
    build.data += struct.pack("<I", len(operators)) + bytes(4 * len(operators))
    for index, name in enumerate(operators):
        builtin = name.isdecimal()
        number = int(name) if builtin else 32
        code, fields = build.table(
            bytes([number]), None if builtin else bytes(4), None, struct.pack("<i", number)
        )
        build.point_to(first + 4 * index, code)
        if not builtin:
            build.text(fields[1], name)
    build.point(slots[2])
    if options:
        _graph(build, options)
    else:
        build.data += struct.pack("<I", 0)
    build.point(slots[4])
    first = len(build.data) + 4
    build.data += struct.pack("<I", len(buffers)) + bytes(4 * len(buffers))
    for index, content in enumerate(buffers):
        place, fields = build.table(bytes(4) if content else None)
        build.point_to(first + 4 * index, place)
        if content:
            build.point(fields[0])
            build.data += struct.pack("<I", len(content)) + content
    return bytes(build.data)


def _graph(build: Builder, options: tuple[bytes, ...]) -> None:
    first = len(build.data) + 4
    build.data += struct.pack("<I", 1) + bytes(4)
    graph, fields = build.table(None, None, None, bytes(4))
    build.point_to(first, graph)
    build.point(fields[3])
    first = len(build.data) + 4
    build.data += struct.pack("<I", len(options)) + bytes(4 * len(options))
    for index, content in enumerate(options):
        number = struct.pack("<i", index)
        operator, places = build.table(number, None, None, None, None, bytes(4))
        build.point_to(first + 4 * index, operator)
        build.point(places[5])
        build.data += struct.pack("<I", len(content)) + content + bytes(-len(content) % 4)


def node_options(operator: str, **attributes: bytes) -> bytes:
    """What an operator of full TensorFlow has in its options: its name, and the node it was.

    As a flexbuffer writes it: a vector of two texts, each with its length in front.
    """
    name, body = operator.encode(), node(operator, **attributes)
    return bytes([len(name)]) + name + b"\0" + bytes([len(body)]) + body + b"\0\2\5"


def numbers_last() -> bytes:
    """A model whose last bytes, beyond a multiple of 64, are the numbers of an operator."""
    build = Builder()
    root, slots = build.table(bytes(4), bytes(4))
    struct.pack_into("<I", build.data, 0, root)
    build.point(slots[1])
    at = len(build.data) + 4
    build.data += struct.pack("<I", 1) + bytes(4)
    # The table ends 8 bytes behind the 64th: its version and its number of the built-in operator.
    build.data += bytes(64 - 4 - 12 - len(build.data))
    code, _ = build.table(bytes([3]), None, bytes(3 + 4), struct.pack("<i", 3))
    build.point_to(at, code)
    return bytes(build.data)


HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "tflite/custom-operator": lambda: model("3", "EvilOperator"),
    "tflite/flex-python": lambda: model("FlexPyFunc"),
    "tflite/flex-reads-file": lambda: model("FlexReadFile"),
    "tflite/flex-prints-to-a-file": lambda: model(
        "3",
        "FlexPrintV2",
        options=(b"", node_options("PrintV2", output_stream=text(2, "file:///tmp/inert.log"))),
    ),
    "tflite/flex-writes": lambda: model("FlexWriteFile"),
    "tflite/flex-draws-from-a-generator": lambda: model("FlexGeneratorDataset"),
    "tflite/flex-saves-and-never-restores": lambda: model("FlexSaveV2"),
    "tflite/flex-names-a-file-by-its-path": lambda: model(
        "FlexFixedUnigramCandidateSampler",
        options=(node_options("FixedUnigramCandidateSampler", vocab_file=text(2, "/etc/passwd")),),
    ),
    "tflite/flex-sends-to-a-debugger": lambda: model(
        "FlexDebugNumericSummary",
        options=(
            node_options(
                "DebugNumericSummary",
                debug_urls=message(1, text(2, "grpc://203.0.113.9:6006")),
            ),
        ),
    ),
    "tflite/flex-holds-a-constant-without-end": lambda: model(
        "FlexConst",
        options=(
            node_options(
                "Const",
                value=message(8, number(1, 1), message(2, message(2, number(1, 1 << 45)))),
            ),
        ),
    ),
    "tflite/program-in-the-middle": lambda: model(
        "3", buffers=(b"", bytes(100) + b"\x7fELF\x02\x01\x01" + bytes(300))
    ),
    "tflite/appended": lambda: model("3") + b"#!/bin/sh\necho inert\n" * 20,
    "tflite/cut-short": lambda: model("3", buffers=(b"", bytes(100)))[:-60],
}
BENIGN: Mapping[str, Callable[[], bytes]] = {
    "tflite/numbers-last": numbers_last,
    "tflite/plain": lambda: model("3", "9", buffers=(b"", bytes(64))),
    "tflite/flex": lambda: model("FlexErf"),
    "tflite/flex-learns-on": lambda: model("FlexSaveV2", "FlexRestoreV2"),
    "tflite/flex-with-a-node": lambda: model(
        "FlexErf", options=(node_options("Erf", T=number(6, 1)),)
    ),
    "tflite/flex-prints": lambda: model(
        "FlexPrintV2", options=(node_options("PrintV2", output_stream=text(2, "stderr")),)
    ),
    "tflite/signals": lambda: model("SignalPCAN", "tftext:Ngrams"),
    "tflite/detection": lambda: model("TFLite_Detection_PostProcess"),
}
