"""HDF5 files byte by byte: a version 2 superblock and one root group with messages."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from typing import Any

from tests.artifacts.builders.keras_configs import DENSE, OLD_LAMBDA, layer, sequential
from tests.artifacts.builders.payloads import EVIL_PICKLE_2

SIGNATURE = b"\x89HDF\r\n\x1a\n"
NOWHERE = b"\xff" * 8
SUPERBLOCK = 48


def message(kind: int, data: bytes) -> bytes:
    return struct.pack("<BHB", kind, len(data), 0) + data


def attribute(name: str, value: bytes) -> bytes:
    label = name.encode() + b"\0"
    datatype = bytes([0x13, 0, 0, 0]) + struct.pack("<I", len(value))
    dataspace = b"\x02\0\0\0"
    head = struct.pack("<BBHHHB", 3, 0, len(label), len(datatype), len(dataspace), 0)
    return message(0x0C, head + label + datatype + dataspace + value)


def old_attribute(name: str, value: bytes) -> bytes:
    def padded(part: bytes) -> bytes:
        return part + bytes(-len(part) % 8)

    label = name.encode() + b"\0"
    datatype = bytes([0x13, 0, 0, 0]) + struct.pack("<I", len(value))
    dataspace = b"\x01\0\0\0\0\0\0\0"
    head = struct.pack("<BBHHH", 1, 0, len(label), len(datatype), len(dataspace))
    return message(0x0C, head + padded(label) + padded(datatype) + padded(dataspace) + value)


def link(name: str, *, external: str = "", soft: str = "", hard: int = 0, kind: int = -1) -> bytes:
    label = name.encode()
    if external:
        kind = 64
        target = b"\0" + external.encode() + b"\0/data\0"
    else:
        target = soft.encode()
        kind = 1 if soft else kind
    if kind < 0:
        body = bytes([1, 0, len(label)]) + label + struct.pack("<Q", hard)
        return message(0x06, body)
    return message(
        0x06, bytes([1, 8, kind, len(label)]) + label + struct.pack("<H", len(target)) + target
    )


def header(*messages: bytes) -> bytes:
    body = b"".join(messages)
    return b"OHDR\x02\x02" + struct.pack("<I", len(body)) + body + bytes(4)


def file(*messages: bytes, behind: Callable[[int], bytes] = lambda _: b"", base: int = 0) -> bytes:
    """A file with one root group; ``behind`` gives what follows it, from its address."""
    root = header(*messages)
    rest = behind(SUPERBLOCK + len(root))
    end = base + SUPERBLOCK + len(root) + len(rest)
    sizes = struct.pack("<BBBB", 2, 8, 8, 0)
    places = struct.pack("<Q", base) + NOWHERE + struct.pack("<QQ", end, SUPERBLOCK) + bytes(4)
    return SIGNATURE + sizes + places + root + rest


def model(config: Any, make: Callable[[str, bytes], bytes] = attribute) -> bytes:
    value = json.dumps(config).encode()
    return file(make("keras_version", b"2.15.0"), make("model_config", value))


def heap(*texts: bytes) -> bytes:
    objects = b""
    for index, text in enumerate(texts, 1):
        objects += struct.pack("<HHIQ", index, 1, 0, len(text)) + text + bytes(-len(text) % 8)
    size = 16 + len(objects) + 16
    return b"GCOL\x01\0\0\0" + struct.pack("<Q", size) + objects + bytes(16)


def variable_text(config: Any) -> bytes:
    """A model_config of variable length, whose text lies in a global heap."""
    value = json.dumps(config).encode()

    def root(place: int) -> bytes:
        label = b"model_config\0"
        datatype = (
            bytes([0x19, 1, 0, 0]) + struct.pack("<I", 16) + bytes([0x13, 0, 0, 0, 1, 0, 0, 0])
        )
        dataspace = b"\x02\0\0\0"
        head = struct.pack("<BBHHHB", 3, 0, len(label), len(datatype), len(dataspace), 0)
        reference = struct.pack("<IQI", len(value), place, 1)
        return message(0x0C, head + label + datatype + dataspace + reference)

    place = SUPERBLOCK + len(header(root(0)))
    return file(root(place), behind=lambda _: heap(value))


def external_data(name: str) -> bytes:
    """A dataset below the root whose bytes lie in another file."""
    names = b"\0" * 8 + name.encode() + b"\0"
    dataset_at = 0

    def behind(start: int) -> bytes:
        heap_at = start + 80
        slots = struct.pack("<B3xHHQQQQ", 1, 1, 1, heap_at, 8, 0, 100)
        dataset = header(message(0x07, slots))
        local = b"HEAP\0\0\0\0" + struct.pack("<QQQ", len(names), 1, heap_at + 32)
        return dataset.ljust(80, b"\0") + local + names

    dataset_at = SUPERBLOCK + len(header(link("d", hard=0)))
    return file(link("d", hard=dataset_at), behind=behind)


def dataset(
    *axes: int, stored: int | None = 0, size_bytes: int = 8, chunked: bool = False
) -> bytes:
    """A dataset below the root, of which ``stored`` bytes are there; None: none were written."""
    shape = message(
        0x01, struct.pack("<BBBB", 2, len(axes), 0, 1) + struct.pack(f"<{len(axes)}Q", *axes)
    )
    kind = message(0x03, bytes([0x11, 0x20, 0x3F, 0]) + struct.pack("<I", size_bytes) + bytes(12))
    dataset_at = SUPERBLOCK + len(header(link("d", hard=0)))
    place = NOWHERE if stored is None else struct.pack("<Q", dataset_at)
    room = struct.pack("<Q", stored or 0)
    layout = message(
        0x08, b"\x03\x02\x01" + NOWHERE + bytes(8) if chunked else b"\x03\x01" + place + room
    )
    body = header(shape, kind, layout)
    return file(link("d", hard=dataset_at), behind=lambda _: body + bytes(stored or 0))


def leaf(kind: int, record: bytes, at: int) -> bytes:
    """A version 2 B-tree of one record, which begins at ``at``."""
    head = b"BTHD\0" + struct.pack("<BIHHBB", kind, 512, len(record), 0, 100, 40)
    return (
        head
        + struct.pack("<QHQ", at + 48, 1, 1).ljust(48 - len(head), b"\0")
        + (b"BTLF\0" + bytes([kind]) + record + bytes(4))
    )


def huge_attribute(config: Any, *, key: int = 1) -> bytes:
    """A model_config too large for the blocks of the heap that its attribute lies in."""
    body = attribute("model_config", json.dumps(config).encode())[4:]
    info_at = SUPERBLOCK + len(header(message(0x15, bytes(18))))
    names_at, huge_at, body_at = info_at + 200, info_at + 400, info_at + 600
    heap_head = b"FRHP\0" + struct.pack("<HHBIQQQ", 8, 0, 0, 4096, 2, huge_at, 0) + NOWHERE
    heap_head += bytes(64) + struct.pack("<HQQHH", 4, 512, 65536, 32, 1) + NOWHERE + bytes(6)
    heap_id = b"\x10" + key.to_bytes(7, "little")
    rest = heap_head.ljust(200, b"\0")
    rest += leaf(8, heap_id + bytes(9), names_at).ljust(200, b"\0")
    rest += leaf(1, struct.pack("<QQQ", body_at, len(body), 1), huge_at).ljust(200, b"\0") + body
    root = message(0x15, bytes(2) + struct.pack("<QQ", info_at, names_at))
    return file(root, behind=lambda _: rest)


def virtual(*files: str, shared: bool = False) -> bytes:
    """A virtual dataset with a part from each of these files; ``shared``: as HDF5 2 lists them."""
    whole = struct.pack("<IIII", 3, 1, 0, 0)
    listed = bytes([int(shared)]) + struct.pack("<Q", len(files))
    for name in files:
        own = shared and name == "."
        listed += bytes([4] if own else [0] if shared else [])
        listed += (b"" if own else name.encode() + b"\0") + b"d\0" + whole + whole

    def root(place: int) -> bytes:
        return message(0x08, b"\x04\x03" + struct.pack("<QI", place, 1))

    place = SUPERBLOCK + len(header(root(0)))
    return file(root(place), behind=lambda _: heap(listed + bytes(4)))


ELF = b"\x7fELF\x02\x01\x01" + bytes(300)
WINDOWS = b"MZ" + bytes(58) + struct.pack("<I", 128) + bytes(64) + b"PE\0\0\x64\x86" + bytes(300)
LAMBDA = sequential(OLD_LAMBDA)

HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "hdf5/own-model": lambda: model({"class_name": "OwnModel", "config": {"dtype": "float32"}}),
    "hdf5/lambda": lambda: model(LAMBDA),
    "hdf5/lambda-old-attribute": lambda: model(LAMBDA, old_attribute),
    "hdf5/lambda-in-heap": lambda: variable_text(LAMBDA),
    "hdf5/lambda-in-training": lambda: file(
        attribute("training_config", json.dumps({"loss": OLD_LAMBDA, **LAMBDA}).encode())
    ),
    "hdf5/external-link": lambda: file(link("w", external="/etc/passwd")),
    "hdf5/external-link-beside": lambda: file(link("w", external="other.h5")),
    "hdf5/user-link": lambda: file(link("w", kind=99)),
    "hdf5/external-storage": lambda: external_data("/etc/passwd"),
    "hdf5/lambda-in-a-huge-attribute": lambda: huge_attribute(LAMBDA),
    "hdf5/huge-attribute-nowhere": lambda: huge_attribute(sequential(DENSE), key=9),
    "hdf5/view-into-a-file": lambda: virtual("/etc/other.h5"),
    "hdf5/view-into-a-second-file": lambda: virtual(".", "../other.h5"),
    "hdf5/view-into-a-file-new-list": lambda: virtual(".", "../other.h5", shared=True),
    "hdf5/program-in-the-middle": lambda: file(behind=lambda _: bytes(500) + ELF),
    "hdf5/windows-program-in-the-middle": lambda: file(behind=lambda _: bytes(500) + WINDOWS),
    "hdf5/text-of-a-dataset": lambda: file(
        behind=lambda _: heap(b"words", b"__import__('os').system('echo inert')")
    ),
    "hdf5/dataset-without-end": lambda: dataset(1 << 21, 1 << 21, stored=None),
    "hdf5/chunks-without-end": lambda: dataset(1 << 41, chunked=True),
    "hdf5/dataset-never-written": lambda: dataset(1 << 30, stored=None),
    "hdf5/dataset-hardly-written": lambda: dataset(1 << 30, stored=64),
    "hdf5/pickled-attribute": lambda: file(attribute("state", EVIL_PICKLE_2)),
    "hdf5/user-block": lambda: b"#!/bin/sh\necho inert\n".ljust(512, b"\0") + file(base=512),
    "hdf5/cut-short": lambda: model(LAMBDA)[:100],
    "hdf5/appended": lambda: model(sequential(DENSE)) + b"#!/bin/sh\necho inert\n" * 20,
    "hdf5/circle": lambda: file(message(0x10, struct.pack("<QQ", SUPERBLOCK + 10 - 4, 100 + 8))),
}
BENIGN: Mapping[str, Callable[[], bytes]] = {
    "hdf5/model": lambda: model(sequential(DENSE)),
    "hdf5/model-old-attribute": lambda: model(sequential(DENSE), old_attribute),
    "hdf5/model-in-heap": lambda: variable_text(sequential(layer("Flatten"))),
    "hdf5/dataset": lambda: dataset(64, stored=512),
    "hdf5/huge-attribute": lambda: huge_attribute(sequential(DENSE)),
    "hdf5/view-of-itself": lambda: virtual(".", "."),
    "hdf5/view-of-itself-new-list": lambda: virtual(".", ".", shared=True),
    "hdf5/dataset-not-written-yet": lambda: dataset(1 << 20, stored=None),
    "hdf5/dataset-in-chunks": lambda: dataset(1 << 34, chunked=True),
    "hdf5/soft-link": lambda: file(link("w", soft="/other")),
    "hdf5/matlab": lambda: b"MATLAB 7.3 MAT-file".ljust(512, b" ") + file(base=512),
}
