"""Resource bombs of each kind, all inert: small files that take the memory or time of a reader."""

from __future__ import annotations

import bz2
import json
import lzma
import struct
from collections.abc import Callable, Mapping

from tests.artifacts.builders import hdf5_files, numpy_files, onnx_models, tars, tflites, zips
from tests.artifacts.builders.compressed_files import gz, lz4_frame, zstd
from tests.artifacts.builders.protobufs import message
from tests.artifacts.builders.seven_zips import seven_zip

MIB = 1 << 20
ZEROS = 32 * MIB
LARGE = 1 << 40


def _shaped(*shape: int, descr: str = "<f4", data: bytes = bytes(16)) -> bytes:
    return numpy_files.npy(
        f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape!r}, }}", data
    )


def _gguf(tensors: int, pairs: int, rest: bytes = b"") -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, pairs) + rest


def _gguf_text(length: int) -> bytes:
    return _gguf(0, 1, struct.pack("<Q", length) + b"general.name")


def _gguf_arrays(depth: int) -> bytes:
    inner = struct.pack("<IQ", 9, 1) * depth
    return _gguf(0, 1, struct.pack("<Q", 1) + b"a" + struct.pack("<I", 9) + inner)


def _safetensors(header: bytes, length: int | None = None) -> bytes:
    return struct.pack("<Q", len(header) if length is None else length) + header


def _tensor(*shape: int) -> bytes:
    return json.dumps({"w": {"dtype": "F32", "shape": shape, "data_offsets": [0, LARGE]}}).encode()


def _nested_attribute(depth: int) -> bytes:
    """Graphs in attributes of nodes of graphs, ``depth`` levels of them."""
    levels = (1, 5, 6)  # a node of a graph, its attribute, the graph in it
    length, heads = 0, []
    for number in range(depth * 3):
        head = message(levels[2 - number % 3], b"")[:1] + _varint(length)
        heads.append(head)
        length += len(head)
    return onnx_models.model(b"".join(reversed(heads)))


def _varint(value: int) -> bytes:
    result = bytearray()
    while value >= 0x80:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*result, value])


def _aliases(levels: int) -> bytes:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in range(1, levels):
        row = ", ".join([f"*a{level - 1}"] * 9)
        lines.append(f"a{level}: &a{level} [{row}]")
    return "\n".join(["flavors:", *lines, ""]).encode()


def _entities(levels: int) -> bytes:
    names = [f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "x"}">' for n in range(levels)]
    return f"<?xml version='1.0'?><!DOCTYPE PMML [{''.join(names)}]><PMML>&a9;</PMML>".encode()


def _shared_lists(levels: int) -> bytes:
    """Lists that each hold the one before ten times."""
    body = b"\x80\x04]\x94"
    for level in range(levels):
        body += b"](" + b"h" + bytes([level]) + b"h" + bytes([level]) + b"e\x94"
    return body + b"."


def _lzma(dictionary: int) -> bytes:
    head = b"\x5d" + struct.pack("<I", dictionary) + b"\xff" * 8
    return head + lzma.compress(bytes(MIB), lzma.FORMAT_ALONE)[13:]


def _ratio(pack: Callable[[bytes], bytes]) -> Callable[[], bytes]:
    return lambda: pack(bytes(ZEROS)) * 16


def _tflite_vector() -> bytes:
    """A model whose list of operators says that it is two billion long."""
    data = bytearray(tflites.model("0"))
    root = struct.unpack_from("<I", data, 0)[0]
    table = root - struct.unpack_from("<i", data, root)[0]
    slot = root + struct.unpack_from("<H", data, table + 4 + 2)[0]
    vector = slot + struct.unpack_from("<I", data, slot)[0]
    struct.pack_into("<I", data, vector, 0x7FFFFFFF)
    return bytes(data)


def _tflite_vtable() -> bytes:
    """A root table whose list of fields lies beyond the file."""
    data = bytearray(tflites.model("0"))
    struct.pack_into("<i", data, struct.unpack_from("<I", data, 0)[0], -(1 << 30))
    return bytes(data)


# name: (file name, how it is made). A claim says that more follows than does; a ratio is zeros.
BOMBS: Mapping[str, tuple[str, Callable[[], bytes]]] = {
    "pickle claims a long of 2 GiB": (
        "m.pkl", lambda: b"\x80\x04\x8b" + struct.pack("<i", 0x7FFFFFFF) + bytes(9) + b"."
    ),
    "pickle claims a short long": ("m.pkl", lambda: b"\x80\x04\x8a\xff" + bytes(9) + b"."),
    "pickle claims bytes of 4 EiB": (
        "m.pkl", lambda: b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + bytes(9) + b"."
    ),
    "pickle claims a bytearray of 1 TiB": (
        "m.pkl", lambda: b"\x80\x05\x96" + struct.pack("<Q", LARGE) + bytes(9) + b"."
    ),
    "pickle claims a frame of 1 TiB": (
        "m.pkl", lambda: b"\x80\x04\x95" + struct.pack("<Q", LARGE) + b"]."
    ),
    "pickle holds a number of 8 MiB": (
        "m.pkl",
        lambda: b"\x80\x04\x8b" + struct.pack("<i", 8 * MIB) + b"\x7f" * (8 * MIB) + b".",
    ),
    "pickle holds a number of 8 million digits": (
        "m.pkl", lambda: b"I" + b"7" * (8 * MIB) + b"\n."
    ),
    "pickle holds 16 million marks": ("m.pkl", lambda: b"\x80\x04" + b"(" * (16 * MIB) + b"."),
    "pickle nests a million tuples": (
        "m.pkl", lambda: b"\x80\x04)" + b"\x85" * MIB + b"."
    ),
    "pickle nests a million lists": (
        "m.pkl", lambda: b"\x80\x04" + b"]" * MIB + b"a" * (MIB - 1) + b"."
    ),
    "pickle fills the memo up to its highest index": (
        "m.pkl", lambda: b"\x80\x04]r" + struct.pack("<I", 0xFFFFFFFE) + b"."
    ),
    "pickle keeps 8 million entries of one value in the memo": (
        "m.pkl", lambda: b"\x80\x04]" + b"\x94" * (8 * MIB) + b"."
    ),
    "pickle shares lists in lists": ("m.pkl", lambda: _shared_lists(200)),
    "pickle doubles the stack": ("m.pkl", lambda: b"\x80\x04]" + b"2" * (8 * MIB) + b"."),
    "hdf5 claims a shape of 1 TiB": (
        "m.h5", lambda: hdf5_files.dataset(1 << 20, 1 << 20, stored=16)
    ),
    "hdf5 claims chunks of a shape without end": (
        "m.h5", lambda: hdf5_files.dataset(1 << 62, stored=None, chunked=True)
    ),
    "npy claims a shape of 4 TiB": ("m.npy", lambda: _shaped(LARGE)),
    "npy claims a shape beyond 64 bits": ("m.npy", lambda: _shaped(1 << 62, 1 << 62)),
    "npy claims objects of a shape without end": (
        "m.npy", lambda: _shaped(LARGE, descr="|O", data=b"\x80\x04]."),
    ),
    "npy claims a header of 4 GiB": (
        "m.npy", lambda: b"\x93NUMPY\x02\x00" + struct.pack("<I", 0xFFFFFFF0) + b"{" * 99
    ),
    "npy nests its header": (
        "m.npy", lambda: b"\x93NUMPY\x01\x00" + struct.pack("<H", 60_000) + b"(" * 60_000
    ),
    "zip of zeros": ("m.zip", lambda: zips.huge(1024)),
    "zip whose members overlap": ("m.zip", lambda: zips.overlapping(3000)),
    "zip of zips of zips": ("m.zip", zips.forty_two),
    "zip nested without end": ("m.zip", lambda: zips.nested(400)),
    "zip of 70,000 members": ("m.zip", lambda: zips.many(70_000)),
    "gzip of zeros": ("m.gz", _ratio(gz)),
    "bzip2 of zeros": ("m.bz2", _ratio(bz2.compress)),
    "xz of zeros": ("m.xz", _ratio(lzma.compress)),
    "zstd of zeros": ("m.zst", _ratio(zstd)),
    "lz4 of zeros": ("m.lz4", _ratio(lz4_frame)),
    "lzma with a dictionary of 3 GiB": ("m.lzma", lambda: _lzma(3 << 30)),
    "7z of zeros": ("m.7z", lambda: seven_zip(("zeros", bytes(64 * MIB)))),
    "tar claims a member of 8 GiB": (
        "m.tar", lambda: tars.tar(tars.header(b"w.bin", 8**11 - 1))
    ),
    "gguf claims tensors without end": ("m.gguf", lambda: _gguf(1 << 60, 0)),
    "gguf claims keys without end": ("m.gguf", lambda: _gguf(0, 1 << 60)),
    "gguf claims a text of 4 EiB": ("m.gguf", lambda: _gguf_text(1 << 62)),
    "gguf nests arrays": ("m.gguf", lambda: _gguf_arrays(100_000)),
    "onnx nests graphs": ("m.onnx", lambda: _nested_attribute(20_000)),
    "onnx claims a tensor of 4 TiB": (
        "m.onnx",
        lambda: onnx_models.model(onnx_models.graph(onnx_models.node("Relu"))
            + message(11, onnx_models.value(1 << 20, 1 << 20, 4))),
    ),
    "json nests a million lists": ("config.json", lambda: b"[" * MIB + b"]" * MIB),
    "json holds a number of 8 million digits": (
        "config.json", lambda: b'{"model_type": ' + b"9" * (8 * MIB) + b"}"
    ),
    "yaml repeats itself": ("MLmodel", lambda: _aliases(12)),
    "yaml nests a million lists": ("MLmodel", lambda: b"flavors: !x\na: " + b"[" * MIB),
    "xml repeats itself": ("m.pmml", lambda: _entities(10)),
    "safetensors claims a header of 4 EiB": (
        "m.safetensors", lambda: _safetensors(b'{"w":', 1 << 62)
    ),
    "safetensors claims a tensor of 1 TiB": (
        "m.safetensors", lambda: _safetensors(_tensor(LARGE // 4))
    ),
    "safetensors nests its header": (
        "m.safetensors", lambda: _safetensors(b'{"w":' + b"[" * MIB)
    ),
    "tflite claims two billion operators": ("m.tflite", _tflite_vector),
    "tflite points beyond the file": ("m.tflite", _tflite_vtable),
    "template counts without end": (
        "chat_template.jinja", lambda: b"{% for x in range(10**12) %}{{ x }}{% endfor %}"
    ),
    "template repeats a text without end": (
        "chat_template.jinja", lambda: b"{{ 'x' * 10**12 }}{{ messages }}"
    ),
}  # fmt: skip
