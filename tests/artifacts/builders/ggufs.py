"""GGUF files of all versions and both byte orders."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

from tests.artifacts.builders.payloads import EVIL_PICKLE
from tests.artifacts.builders.template_texts import ATTACKS, CHAT

EVIL = ATTACKS["plain"]
U32, STRING, ARRAY = 4, 8, 9


class Writer:
    """Writes the fields of one version in one byte order."""

    def __init__(self, version: int = 3, order: str = "<") -> None:
        self.version = version
        self.order = order

    def count(self, value: int) -> bytes:
        return struct.pack(self.order + ("I" if self.version == 1 else "Q"), value)

    def u32(self, value: int) -> bytes:
        return struct.pack(self.order + "I", value)

    def text(self, value: str) -> bytes:
        raw = value.encode()
        return self.count(len(raw)) + raw

    def value(self, value: Any) -> bytes:
        if isinstance(value, int):
            return self.u32(U32) + self.u32(value)
        if isinstance(value, str):
            return self.u32(STRING) + self.text(value)
        items = b"".join(self.text(item) for item in value)
        return self.u32(ARRAY) + self.u32(STRING) + self.count(len(value)) + items

    def file(
        self,
        *pairs: tuple[str, Any],
        tensors: tuple[tuple[str, int, int], ...] = (("w", 8, 0),),
        data_bytes: int = 32,
    ) -> bytes:
        """Tensors are (name, elements of F32, offset)."""
        head = b"GGUF" + self.u32(self.version) + self.count(len(tensors)) + self.count(len(pairs))
        body = b"".join(self.text(key) + self.value(value) for key, value in pairs)
        listed = b"".join(
            self.text(name)
            + self.u32(1)
            + self.count(size)
            + self.u32(0)
            + struct.pack(self.order + "Q", offset)
            for name, size, offset in tensors
        )
        header = head + body + listed
        return header + bytes(-len(header) % 32) + bytes(data_bytes)


KEY = "tokenizer.chat_template"
TOKENS = ("tokenizer.ggml.tokens", [f"token {number}" for number in range(200)])
PLAIN = Writer()

HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "gguf/template": lambda: PLAIN.file((KEY, EVIL)),
    "gguf/template-named": lambda: PLAIN.file((KEY, CHAT), (f"{KEY}.tool_use", EVIL)),
    "gguf/template-in-array": lambda: PLAIN.file(("tokenizer.chat_templates", [CHAT, EVIL])),
    "gguf/template-late": lambda: PLAIN.file(TOKENS, ("general.name", "x"), (KEY, EVIL)),
    "gguf/template-twice": lambda: PLAIN.file((KEY, EVIL), (KEY, CHAT)),
    "gguf/pickle-as-a-text": lambda: PLAIN.file(("general.blob", EVIL_PICKLE.decode("latin-1"))),
    "gguf/key-twice": lambda: PLAIN.file(("a.b", "x"), ("a.b", "y")),
    "gguf/template-other-key": lambda: PLAIN.file(("general.description", EVIL)),
    "gguf/template-big-endian": lambda: Writer(3, ">").file((KEY, EVIL)),
    "gguf/template-version-1": lambda: Writer(1).file((KEY, EVIL)),
    "gguf/template-version-2": lambda: Writer(2).file((KEY, EVIL)),
    "gguf/metadata-command": lambda: PLAIN.file(("general.author", "x; /bin/sh -c 'echo inert'")),
    "gguf/metadata-path": lambda: PLAIN.file(("general.file", "../../../etc/passwd")),
    "gguf/duplicate-key": lambda: PLAIN.file(("general.name", "a"), ("general.name", "b")),
    "gguf/appended": lambda: PLAIN.file() + b"#!/bin/sh\necho inert\n" * 20,
    "gguf/tensor-beyond-file": lambda: PLAIN.file(tensors=(("w", 1 << 40, 0),)),
    "gguf/tensors-overlap": lambda: PLAIN.file(
        tensors=(("a", 16, 0), ("b", 16, 32)), data_bytes=96
    ),
    "gguf/tensor-name-outside": lambda: PLAIN.file(tensors=(("../../x", 8, 0),)),
    "gguf/tensor-name-twice": lambda: PLAIN.file(
        tensors=(("w", 8, 0), ("w", 8, 32)), data_bytes=64
    ),
    "gguf/alignment": lambda: PLAIN.file(("general.alignment", 3)),
    "gguf/unknown-version": lambda: b"GGUF" + struct.pack("<IQQ", 77, 0, 0),
    "gguf/too-many-keys": lambda: b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 60),
    "gguf/text-beyond-file": lambda: b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1 << 50),
    "gguf/cut-short": lambda: PLAIN.file((KEY, CHAT))[:100],
}
BENIGN: Mapping[str, Callable[[], bytes]] = {
    "gguf/key-twice-alike": lambda: PLAIN.file(
        ("general.architecture", "a"), ("general.architecture", "a")
    ),
    "gguf/plain": lambda: PLAIN.file(("general.license", "mit"), TOKENS, (KEY, CHAT)),
    "gguf/big-endian": lambda: Writer(3, ">").file((KEY, CHAT)),
    "gguf/version-1": lambda: Writer(1).file((KEY, CHAT)),
    "gguf/vocabulary-only": lambda: PLAIN.file(TOKENS, tensors=(), data_bytes=0),
}
