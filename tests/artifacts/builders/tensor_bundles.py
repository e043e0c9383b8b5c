"""TensorFlow checkpoints: the index as a sorted table, and archives of it with its shards."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from tests.artifacts.builders.payloads import EVIL_PICKLE, EVIL_PICKLE_2, elf
from tests.artifacts.builders.protobufs import message, number, varint
from tests.artifacts.builders.tars import member, tar
from tests.artifacts.builders.zips import Entry, archive

MAGIC = (0xDB4775248B80FB57).to_bytes(8, "little")
FLOAT, STRING = 1, 7
SHARD = "v.data-00000-of-00001"


def block(*items: tuple[bytes, bytes], restarts: bytes = bytes(4) + b"\1\0\0\0") -> bytes:
    """Entries that share as much of their keys as they can; the trailer says "not compressed"."""
    out, before = b"", b""
    for key, value in items:
        shared = 0
        while shared < min(len(key), len(before)) and key[shared] == before[shared]:
            shared += 1
        out += varint(shared) + varint(len(key) - shared) + varint(len(value))
        out += key[shared:] + value
        before = key
    return out + restarts + bytes(5)


def handle(start: int, stop: int) -> bytes:
    return varint(start) + varint(stop - start - 5)


def table(*blocks: tuple[bytes, bytes], more: bytes = b"", filling: bytes = b"") -> bytes:
    """A whole file: (last key, block) pairs, the empty block about blocks, their index, footer."""
    out, pointers = b"", list[tuple[bytes, bytes]]()
    for key, body in blocks:
        pointers.append((key, handle(len(out), len(out) + len(body))))
        out += body
    out += more
    meta_at, meta = len(out), block()
    top_at, top = meta_at + len(meta), block(*pointers)
    end = top_at + len(top)
    handles = handle(meta_at, top_at) + handle(top_at, end)
    return out + meta + top + (handles + filling).ljust(40, b"\0") + MAGIC


def entry(
    offset: int, size_bytes: int, *, dtype: int = FLOAT, shape: tuple[int, ...] = (), shard: int = 0
) -> bytes:
    dims = b"".join(message(2, number(1, size)) for size in shape or (size_bytes // 4,))
    parts = number(1, dtype) + message(2, dims) + (number(3, shard) if shard else b"")
    return parts + number(4, offset) + number(5, size_bytes) + b"\x35\1\2\3\4"


def index(shards: int = 1, /, **tensors: bytes) -> bytes:
    first = (b"", number(1, shards) + message(3, number(1, 1)))
    items = [first, *((name.encode(), tensors[name]) for name in sorted(tensors))]
    return table((items[-1][0] + b"~", block(*items)))


TWO = {"a": entry(0, 16), "b": entry(16, 8)}


def tarred(shard: bytes, table_bytes: bytes = b"") -> bytes:
    """A checkpoint in a tar, as models are often packed."""
    return tar(
        member(b"m/v.index", table_bytes or index(**TWO)), member(f"m/{SHARD}".encode(), shard)
    )


def zipped(shard: bytes) -> bytes:
    entries = [
        Entry(name=b"m/v.index", data=index(**TWO)), Entry(name=f"m/{SHARD}".encode(), data=shard)
    ]  # fmt: skip
    return archive(entries)


HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "bundle/overlap": lambda: index(a=entry(0, 16), b=entry(8, 16)),
    "bundle/same-bytes-twice": lambda: index(a=entry(0, 16), b=entry(0, 16)),
    "bundle/shape-lies": lambda: index(a=entry(0, 16, shape=(3,))),
    "bundle/shape-overflows": lambda: index(a=entry(0, 16, shape=(1 << 62, 1 << 62))),
    "bundle/unknown-dtype": lambda: index(a=entry(0, 16, dtype=99)),
    "bundle/shard-that-is-none": lambda: index(a=entry(0, 16, shard=7)),
    "bundle/unknown-field": lambda: index(a=entry(0, 16) + message(9, EVIL_PICKLE)),
    "bundle/slices-and-bytes": lambda: index(a=entry(0, 16) + message(7)),
    "bundle/no-shards": lambda: index(0),
    "bundle/pickle-between-blocks": lambda: table(
        (b"~", block((b"", number(1, 1)))), more=EVIL_PICKLE_2
    ),
    "bundle/pickle-in-footer": lambda: table((b"~", block((b"", number(1, 1)))), filling=b"cos\n"),
    "bundle/pickle-in-restarts": lambda: table(
        (b"~", block((b"", number(1, 1)), restarts=EVIL_PICKLE[:24] + struct.pack("<I", 6)))
    ),
    "bundle/keys-out-of-order": lambda: table(
        (b"~", block((b"", number(1, 1)), (b"b", entry(0, 16)), (b"a", entry(16, 4))))
    ),
    "bundle/same-key-twice": lambda: table(
        (b"~", block((b"", number(1, 1)), (b"a", entry(0, 16)), (b"a", entry(16, 4))))
    ),
    "bundle/keys-behind-their-index": lambda: table(
        (b"a", block((b"", number(1, 1)), (b"b", entry(0, 16))))
    ),
    "bundle/cut-in-front": lambda: b"\0\0" + index(**TWO)[20:],
    "bundle/in-tar-trailing": lambda: tarred(bytes(24) + b"more"),
    "bundle/in-tar-gap": lambda: tarred(bytes(40), index(a=entry(0, 16), b=entry(32, 8))),
    "bundle/in-tar-truncated": lambda: tarred(bytes(20)),
    "bundle/in-tar-pickle": lambda: tarred(EVIL_PICKLE_2.ljust(24, b"\0")),
    "bundle/in-tar-old-pickle": lambda: tarred(EVIL_PICKLE.ljust(24, b"\0")),
    "bundle/in-tar-elf": lambda: tarred(elf()),
    "bundle/in-tar-import-later": lambda: tarred(bytes(24) + EVIL_PICKLE_2),
    "bundle/in-zip-trailing": lambda: zipped(bytes(24) + b"more"),
}

BENIGN: Mapping[str, Callable[[], bytes]] = {
    "bundle/index": lambda: index(**TWO),
    "bundle/index-empty": index,
    "bundle/index-two-shards": lambda: index(2, a=entry(0, 16), b=entry(0, 8, shard=1)),
    "bundle/index-text": lambda: index(a=entry(0, 7, dtype=STRING, shape=(1,))),
    "bundle/index-sliced": lambda: index(a=entry(0, 0, shape=(4, 2)) + message(7, message(1))),
    "bundle/index-two-blocks": lambda: table(
        (b"a", block((b"", number(1, 1)), (b"a", entry(0, 16)))),
        (b"c", block((b"b", entry(16, 4)))),
    ),
    "bundle/in-tar": lambda: tarred(struct.pack("<6f", 0.1, -0.2, 0.3, 1e-9, 3e7, -1.5)),
    "bundle/in-zip": lambda: zipped(struct.pack("<6f", 0.1, -0.2, 0.3, 1e-9, 3e7, -1.5)),
}
