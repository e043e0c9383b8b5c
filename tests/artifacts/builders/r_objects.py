"""Objects of R as it serializes them: data, and what runs when they are used."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable, Mapping

from tests.artifacts.builders.payloads import EVIL_PICKLE_2

NIL, GLOBAL, UNBOUND, EMPTY = (struct.pack(">I", mark) for mark in (254, 253, 252, 242))


def flags(kind: int, *, tag: bool = False, attributes: bool = False, levels: int = 0) -> bytes:
    return struct.pack(">I", kind | (0x200 * attributes) | (0x400 * tag) | (levels << 12))


def chars(text: str) -> bytes:
    raw = text.encode()
    return flags(9, levels=64) + struct.pack(">i", len(raw)) + raw


def symbol(name: str) -> bytes:
    return flags(1) + chars(name)


def strings(*texts: str) -> bytes:
    return flags(16) + struct.pack(">i", len(texts)) + b"".join(chars(text) for text in texts)


def numbers(*values: float) -> bytes:
    return flags(14) + struct.pack(f">i{len(values)}d", len(values), *values)


def pairs(*items: tuple[str, bytes], levels: int = 0) -> bytes:
    made = b"".join(flags(2, tag=True, levels=levels) + symbol(n) + item for n, item in items)
    return made + NIL


def call(name: str, *arguments: bytes) -> bytes:
    return flags(6) + symbol(name) + b"".join(flags(2) + one for one in arguments) + NIL


def promise(value: bytes, expression: bytes) -> bytes:
    return flags(5, tag=True) + GLOBAL + value + expression


def closure(body: bytes) -> bytes:
    return flags(3, tag=True) + GLOBAL + NIL + body


def environment(frame: bytes) -> bytes:
    return flags(4) + bytes(4) + EMPTY + frame + NIL + NIL


def alternative(form: str, state: bytes) -> bytes:
    info = flags(2) + symbol(form) + flags(2) + symbol("base") + flags(2) + numbers(14.0) + NIL
    return flags(238) + info + state + NIL


def frame(*columns: tuple[str, bytes]) -> bytes:
    """A list with names, as an attribute."""
    items = b"".join(item for _, item in columns)
    names = pairs(("names", strings(*[name for name, _ in columns])))
    return flags(19, attributes=True) + struct.pack(">i", len(columns)) + items + names


def rds(item: bytes, version: int = 3) -> bytes:
    encoding = struct.pack(">i", 5) + b"UTF-8" if version == 3 else b""
    return b"X\n" + struct.pack(">iii", version, 0x40503, 0x30500) + encoding + item


def rdata(*items: tuple[str, bytes]) -> bytes:
    return b"RDX3\n" + rds(pairs(*items))


RUNS = call("system", strings("echo inert"))
HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "r/promise": lambda: rds(promise(UNBOUND, RUNS)),
    "r/promise-without-a-command": lambda: rds(promise(UNBOUND, call("print", strings("x")))),
    "r/promise-old-version": lambda: rds(promise(UNBOUND, RUNS), version=2),
    "r/promise-among-data": lambda: rdata(("x", numbers(1.0)), ("y", promise(UNBOUND, RUNS))),
    "r/promise-packed": lambda: gzip.compress(rds(promise(UNBOUND, RUNS))),
    "r/promise-in-an-environment": lambda: rds(
        environment(pairs(("x", promise(UNBOUND, RUNS))))
    ),
    "r/promise-as-an-attribute": lambda: rds(
        flags(14, attributes=True) + struct.pack(">id", 1, 1.0)
        + pairs(("class", promise(UNBOUND, RUNS)))
    ),
    "r/variable-that-runs": lambda: rds(
        environment(pairs(("x", closure(call("Sys.time"))), levels=0x8000))
    ),
    "r/function-that-runs-commands": lambda: rds(closure(RUNS)),
    "r/function-in-a-list": lambda: rds(frame(("f", closure(call("f", RUNS))))),
    "r/data-in-a-file": lambda: rds(alternative("mmap_real", strings("/etc/passwd"))),
    "r/text-is-code": lambda: rds(strings("__import__('os').system('echo inert')")),
    "r/appended": lambda: rds(numbers(1.0)) + EVIL_PICKLE_2,
    "r/cut-short": lambda: rds(strings("words", "words"))[:-4],
    "r/no-such-type": lambda: rds(flags(99)),
}  # fmt: skip
BENIGN: Mapping[str, Callable[[], bytes]] = {
    "r/numbers": lambda: rds(numbers(1.0, 2.0)),
    "r/frame": lambda: rds(frame(("a", numbers(1.0)), ("b", strings("words")))),
    "r/several": lambda: rdata(("x", numbers(1.0)), ("y", strings("a"))),
    "r/function": lambda: rds(closure(call("sum", symbol("x")))),
    "r/formula": lambda: rds(call("~", symbol("y"), symbol("x"))),
    "r/promise-kept": lambda: rds(promise(numbers(1.0), symbol("x"))),
    "r/sequence": lambda: rds(alternative("compact_intseq", numbers(3.0, 1.0, 1.0))),
    "r/packed": lambda: gzip.compress(rds(numbers(1.0), version=2)),
}
