"""Tar archives header by header, as honest writers and as others write them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from tests.artifacts.builders.payloads import EVIL_PICKLE, EVIL_PICKLE_2, GOOD_PICKLE, SCRIPT, elf
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
    "tar/symlink-inside": lambda: tar(
        member(b"a/m.pkl", GOOD_PICKLE), header(b"b/m.pkl", kind=b"2", target=b"../a/m.pkl")
    ),
    "tar/nemo": lambda: tar(
        member(b"./model_config.yaml", b"target: nemo.Model\n"),
        member(b"./model_weights.ckpt", archive(torch_entries())),
    ),
}  # fmt: skip
