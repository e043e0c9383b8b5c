"""safetensors files: honest ones, and headers that lie about the bytes behind them."""

from __future__ import annotations

import json
import struct
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

from tests.artifacts.builders.keras_configs import encoded


def pack(header: bytes, data: bytes = b"", *, length: int | None = None) -> bytes:
    size = len(header) if length is None else length
    return struct.pack("<Q", size) + header + data


def tensor(start: int, end: int, dtype: str = "U8", shape: list[int] | None = None) -> Any:
    return {"dtype": dtype, "shape": shape or [end - start], "data_offsets": [start, end]}


def file(data_bytes: int, /, _metadata: Any = None, **tensors: Any) -> bytes:
    header = {} if _metadata is None else {"__metadata__": _metadata}
    return pack(json.dumps({**header, **tensors}).encode(), bytes(data_bytes))


# os.system("echo inert"), as protocol 4 writes it.
_PICKLE = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x0aecho inert\x85R."
_OLD_PICKLE = b"(S'echo inert'\nios\nsystem\n."
_TRAINING = {
    "format": "pt",
    "ss_dataset_dirs": '{"img": {"n_repeats": 10, "img_count": 20}}',
    "modelspec.title": "eval of a style",
    "ss_session_id": "80",
}
TWICE = b'{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"a":{"dtype":"U8","shape":[8],'
HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "safetensors/mark-before-the-header": lambda: pack(
        b'\xef\xbb\xbf{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}', bytes(8)
    ),
    "safetensors/wide-header": lambda: pack(
        '{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}'.encode("utf-16"), bytes(8)
    ),
    "safetensors/appended": lambda: file(8, a=tensor(0, 8)) + b"#!/bin/sh\necho inert\n",
    "safetensors/hole": lambda: file(40, a=tensor(0, 8), b=tensor(32, 40)),
    "safetensors/overlap": lambda: file(12, a=tensor(0, 8), b=tensor(4, 12)),
    "safetensors/beyond-file": lambda: file(8, a=tensor(0, 800)),
    "safetensors/shape-lies": lambda: file(8, a=tensor(0, 8, shape=[3])),
    "safetensors/shape-overflows": lambda: file(8, a=tensor(0, 8, shape=[1 << 62, 1 << 62])),
    "safetensors/backwards": lambda: file(8, a=tensor(8, 0, shape=[8])),
    "safetensors/negative": lambda: file(8, a=tensor(-8, 0, shape=[8])),
    "safetensors/unknown-dtype": lambda: file(8, a=tensor(0, 8, dtype="OBJECT")),
    "safetensors/duplicate-name": lambda: pack(TWICE + b'"data_offsets":[0,8]}}', bytes(8)),
    "safetensors/length-beyond-file": lambda: pack(b'{"a":1}', length=1 << 20),
    "safetensors/length-over-cap": lambda: pack(b'{"a":1}', length=1 << 62),
    "safetensors/no-object": lambda: pack(b'{"a"' + b" " * 20),
    "safetensors/space-before-header": lambda: pack(b'  {"a":{}}'),
    "safetensors/metadata-no-text": lambda: file(0, {"format": {"a": 1}}),
    "safetensors/metadata-code": lambda: file(0, {"x": encoded("os", "system")}),
    "safetensors/metadata-command": lambda: file(0, {"setup": "rm -rf /tmp/x && echo inert"}),
    "safetensors/metadata-script": lambda: file(0, {"about": "<script>alert(1)</script>"}),
    "safetensors/metadata-python": lambda: file(0, {"a": "import os; os.system('echo inert')"}),
    "safetensors/metadata-code-key": lambda: file(0, {"__reduce__": "x"}),
    "safetensors/metadata-code-name": lambda: file(0, {"a": "os.system"}),
    "safetensors/metadata-pickle": lambda: file(0, {"a": b64encode(_PICKLE).decode()}),
    "safetensors/metadata-pickle-hex": lambda: file(0, {"a": _PICKLE.hex()}),
    "safetensors/metadata-old-pickle": lambda: file(0, {"a": b64encode(_OLD_PICKLE).decode()}),
    "safetensors/metadata-old-pickle-hex": lambda: file(0, {"a": _OLD_PICKLE.hex()}),
    "safetensors/name-slip": lambda: file(8, **{"a/../../x": tensor(0, 8)}),
    "safetensors/name-slip-backslash": lambda: file(8, **{"..\\x": tensor(0, 8)}),
    "safetensors/name-absolute": lambda: file(8, **{"/etc/x": tensor(0, 8)}),
    "safetensors/name-line-end": lambda: file(8, **{"a\r\nX: b": tensor(0, 8)}),
    "safetensors/very-deep": lambda: pack(b'{"a":' + b"[" * 100_000),
    "safetensors/cut-short": lambda: file(800, a=tensor(0, 800))[:-100],
}
BENIGN: Mapping[str, Callable[[], bytes]] = {
    "safetensors/plain": lambda: file(16, {"format": "pt"}, a=tensor(0, 8), b=tensor(8, 16)),
    "safetensors/training": lambda: file(
        16, _TRAINING, **{"/encoder/Add": tensor(0, 8), "w:0": tensor(8, 16)}
    ),
    "safetensors/empty": lambda: file(0),
    "safetensors/texts-in-base64": lambda: file(
        0,
        {
            "a": b64encode(b"(lp0\nI1\naI2\na.").decode(),
            "b": b64encode(b"certain words, and the end.").decode(),
            "c": b64encode(bytes(range(60)) + b".").decode(),
            "d": "cartesian coordinates of all the points of it",
        },
    ),
    "safetensors/padded": lambda: pack(
        b'{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}   ', bytes(4)
    ),
    "safetensors/empty-tensor": lambda: file(8, a=tensor(0, 8), b=tensor(8, 8, shape=[0])),
}
