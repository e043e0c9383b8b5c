"""Tar archives header by header, as honest writers and as others write them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from tests.artifacts.builders.payloads import EVIL_PICKLE, EVIL_PICKLE_2, GOOD_PICKLE, SCRIPT, elf
from tests.artifacts.builders.pickles import named, stream
from tests.artifacts.builders.zips import archive, torch_entries

BLOCK = 512
END = bytes(2 * BLOCK)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)


def header(
    name: bytes,
    size_bytes: int = 0,
    *,
    kind: bytes = b"0",
    target: bytes = b"",
    prefix: bytes = b"",
    size_field: bytes | None = None,
    tail: bytes = b"",
) -> bytes:
    """One header block with its checksum; ``tail`` replaces what begins at byte 345."""
    size = b"%011o\0" % size_bytes if size_field is None else size_field
    start = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + size + b"00000000000\0"
    rest = kind + target.ljust(100, b"\0") + b"ustar\00000" + bytes(64) + b"0000000\0" * 2
    rest += (tail or prefix).ljust(167, b"\0")
    total = sum(start) + 8 * 32 + sum(rest)
    return start + b"%06o\0 " % total + rest


def member(name: bytes, data: bytes = b"", **values: bytes) -> bytes:
    return header(name, len(data), **values) + padded(data)  # type: ignore[arg-type]


def pax(kind: bytes = b"x", **fields: str) -> bytes:
    """An extended header; each record says its own length, the digits of the length included."""
    records = b""
    for key, value in fields.items():
        body = f" {key}={value}\n".encode()
        length = len(body) + 1
        while len(str(length)) + len(body) != length:
            length = len(str(length)) + len(body)
        records += str(length).encode() + body
    return member(b"PaxHeaders/x", records, kind=kind)


def sparse(name: bytes, data: bytes) -> bytes:
    """An old GNU sparse member with one block more of its map."""
    head = header(name, len(data), kind=b"S", tail=bytes(137) + b"\1")
    return head + bytes(504) + b"\0" + bytes(7) + padded(data)


def tar(*members: bytes) -> bytes:
    return b"".join(members) + END


def torch_storage(
    kind: str = "FloatStorage", data: bytes = struct.pack("<3f", 0.5, -1, 3e7)
) -> bytes:
    """A storage of torch's oldest format: what it is, how many elements, its numbers."""
    described = stream(b"K\x05", b"X\3\0\0\0cpu", named("torch", kind), b"\x87", protocol=2)
    return described + struct.pack("<q", len(data) // 4) + data


def torch_tensor() -> bytes:
    """A tensor over it: one axis of three elements, stride 1, from the first one on."""
    described = stream(b"K\x07K\x05", named("torch", "FloatTensor"), b"\x87", protocol=2)
    return described + struct.pack("<qqqq", 1, 3, 1, 0)


def torch_tar(
    *storages: bytes, more: bytes = b"", tensors: bytes = b"", count: int | None = None
) -> bytes:
    """Torch's oldest format; ``more`` follows the table of storages."""
    number = len(storages) if count is None else count
    table = stream(b"K" + bytes([number]), protocol=2) + b"".join(storages)
    tensors = tensors or stream(b"K\1", protocol=2) + torch_tensor()
    return tar(
        member(b"sys_info", stream(b"}", protocol=2)),
        member(b"pickle", stream(b"X\1\0\0\x007Q", protocol=2)),
        member(b"storages", table + stream(b"]", protocol=2) + more),
        member(b"tensors", tensors),
    )


HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "tar/payload": lambda: tar(member(b"model.pkl", EVIL_PICKLE)),
    "tar/payload-odd-name": lambda: tar(member(b"weights.txt", EVIL_PICKLE_2)),
    "tar/payload-no-end-mark": lambda: member(b"model.pkl", EVIL_PICKLE),
    "tar/payload-long-name": lambda: tar(
        member(b"././@LongLink", b"d/" * 80 + b"m.pkl\0", kind=b"L"), member(b"m", EVIL_PICKLE)
    ),
    "tar/payload-pax-name": lambda: tar(pax(path="a.pkl"), member(b"b.txt", EVIL_PICKLE)),
    "tar/payload-old-kind": lambda: tar(member(b"model.pkl", EVIL_PICKLE, kind=b"\0")),
    "tar/payload-sparse": lambda: tar(sparse(b"model.pkl", EVIL_PICKLE)),
    "tar/payload-base-256-size": lambda: tar(
        header(b"m", size_field=b"\x80" + struct.pack(">3xQ", len(EVIL_PICKLE)))
        + padded(EVIL_PICKLE)
    ),
    "tar/payload-behind-the-end": lambda: (
        tar(member(b"a", b"text")) + tar(member(b"model.pkl", EVIL_PICKLE))
    ),
    "tar/payload-in-padding": lambda: tar(
        header(b"a", 4) + (b"text" + EVIL_PICKLE_2).ljust(BLOCK, b"\0")
    ),
    "tar/payload-after": lambda: tar(member(b"a", b"text")) + EVIL_PICKLE_2,
    "tar/payload-behind-folder": lambda: tar(member(b"folder/", EVIL_PICKLE, kind=b"5")),
    "tar/two-sizes": lambda: tar(pax(size="4"), member(b"a", EVIL_PICKLE_2)),
    "tar/duplicate": lambda: tar(member(b"m.pkl", GOOD_PICKLE), member(b"m.pkl", EVIL_PICKLE)),
    "tar/slip": lambda: tar(member(b"../../etc/cron.d/x", b"inert")),
    "tar/absolute-name": lambda: tar(member(b"/etc/cron.d/x", b"inert")),
    "tar/slip-in-pax": lambda: tar(pax(path="../../x"), member(b"x", b"inert")),
    "tar/slip-under-pax": lambda: tar(pax(path="x"), member(b"../../x", b"inert")),
    "tar/symlink-outside": lambda: tar(header(b"m", kind=b"2", target=b"../../etc/passwd")),
    "tar/symlink-absolute": lambda: tar(header(b"m", kind=b"2", target=b"/etc/passwd")),
    "tar/hard-link-outside": lambda: tar(header(b"m", kind=b"1", target=b"../etc/passwd")),
    "tar/device": lambda: tar(header(b"m", kind=b"3")),
    "tar/pipe": lambda: tar(header(b"m", kind=b"6")),
    "tar/unknown-kind": lambda: tar(member(b"m", b"inert", kind=b"Q")),
    "tar/size-beyond-end": lambda: header(b"m", 1 << 30) + b"text",
    "tar/elf": lambda: tar(member(b"lib.so", elf())),
    "tar/script": lambda: tar(member(b"setup.sh", SCRIPT)),
    "tar/nemo-payload": lambda: tar(
        member(b"./model_config.yaml", b"target: nemo.Model\n"),
        member(b"./model_weights.ckpt", archive(torch_entries(EVIL_PICKLE_2))),
    ),
    "tar/only-common-header": lambda: pax(b"g", comment="x") + EVIL_PICKLE_2,
    "tar/torch-bytes-behind-storages": lambda: torch_tar(torch_storage(), more=b"\1\2\3"),
    "tar/torch-payload-behind-storages": lambda: torch_tar(torch_storage(), more=EVIL_PICKLE_2),
    "tar/torch-payload-as-storage": lambda: torch_tar(torch_storage(), EVIL_PICKLE_2, count=2),
    "tar/torch-undeclared-storage": lambda: torch_tar(torch_storage(), torch_storage(), count=1),
    "tar/torch-storage-of-no-known-type": lambda: torch_tar(torch_storage("OddStorage")),
    "tar/torch-storage-beyond-end": lambda: torch_tar(
        torch_storage(data=b"")[:-8] + struct.pack("<q", 1 << 40) + b"\1\2\3"
    ),
    "tar/torch-storage-count-is-negative": lambda: torch_tar(
        torch_storage(data=b"")[:-8] + struct.pack("<q", -1) + b"\1\2\3"
    ),
    "tar/torch-tensor-of-many-axes": lambda: torch_tar(
        torch_storage(),
        tensors=stream(b"K\1", protocol=2) + torch_tensor()[:-32] + struct.pack("<q", 1 << 33 | 1),
    ),
    "tar/nested": lambda: tar(member(b"a.tar", tar(member(b"m.pkl", EVIL_PICKLE)))),
}

BENIGN: Mapping[str, Callable[[], bytes]] = {
    "tar/plain": lambda: tar(
        header(b"model/", kind=b"5"),
        member(b"model/m.pkl", GOOD_PICKLE),
        member(b"model/README", b"hi\n"),
    ),
    "tar/pax": lambda: tar(pax(b"g", comment="x"), pax(path="a.pkl"), member(b"a", GOOD_PICKLE)),
    "tar/tape-blocks": lambda: tar(member(b"m.pkl", GOOD_PICKLE)).ljust(10240, b"\0"),
    "tar/torch": lambda: torch_tar(torch_storage()),
    "tar/torch-two-storages": lambda: torch_tar(torch_storage(), torch_storage("IntStorage")),
    "tar/torch-no-elements": lambda: torch_tar(torch_storage(data=b"")),
    "tar/symlink-inside": lambda: tar(
        member(b"a/m.pkl", GOOD_PICKLE), header(b"b/m.pkl", kind=b"2", target=b"../a/m.pkl")
    ),
    "tar/nemo": lambda: tar(
        member(b"./model_config.yaml", b"target: nemo.Model\n"),
        member(b"./model_weights.ckpt", archive(torch_entries())),
    ),
}  # fmt: skip
