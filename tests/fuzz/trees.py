"""Damages what is made of parts with lengths in parts: protobuf messages, and DER.

Random bytes in such a file mostly break the lengths around them, and nothing behind is read. Here
a part is changed, left out, doubled or moved, and all lengths around it are written anew.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec

from tests.fuzz.documents import edited
from tests.fuzz.target import Words

DEEP = 24
VARINT, FIXED_64, BYTES, FIXED_32 = 0, 1, 2, 5
SIZES = {FIXED_64: 8, FIXED_32: 4}
NUMBERS = (0, 1, 2, 127, 128, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, (1 << 63) - 1, (1 << 64) - 1)


class Part(msgspec.Struct, kw_only=True):
    """One part: ``inner`` where it is made of parts, else its bytes."""

    label: tuple[int, ...]
    body: bytes = b""
    inner: list[Part] | None = None


def mutate_message(data: bytes, source: random.Random, words: Words) -> bytes | None:
    """Change a protobuf message; what it consists of is guessed as every reader guesses."""
    parts = _fields(data, 0)
    return None if parts is None else _changed(parts, source, words, _message)


def mutate_der(data: bytes, source: random.Random, words: Words) -> bytes | None:
    """Change what is written in DER."""
    parts = _values(data, 0)
    return None if parts is None else _changed(parts, source, words, _der)


def _changed(
    parts: list[Part], source: random.Random, words: Words, build: Callable[[list[Part]], bytes]
) -> bytes:
    for _ in range(source.randint(1, 3)):
        lists = _lists(parts)
        holder = source.choice(lists)
        if holder:
            _bend(holder, source.randrange(len(holder)), source.choice(lists), source, words)
    return build(parts)


def _lists(parts: list[Part]) -> list[list[Part]]:
    """Every list of parts, the outermost first."""
    found = [parts]
    for one in found:
        found += [part.inner for part in one if part.inner]
    return found


def _bend(
    holder: list[Part], at: int, other: list[Part], source: random.Random, words: Words
) -> None:
    part = holder[at]
    match source.randrange(7):
        case 0:
            del holder[at]
        case 1:
            holder[at:at] = [msgspec.convert(msgspec.to_builtins(part), Part)] * source.choice(
                (1, 1, 2, 30)
            )
        case 2 if other:
            grafted = source.choice(other)
            holder[at] = msgspec.convert(msgspec.to_builtins(grafted), Part)
        case 3:
            holder[at] = Part(label=(part.label[0] ^ (1 << source.randrange(4)), *part.label[1:]))
            holder[at].body, holder[at].inner = part.body, part.inner
        case _ if part.inner:
            part.inner.insert(source.randrange(len(part.inner) + 1), source.choice(part.inner))
        case 4 if words:
            part.body = source.choice(words)
        case _:
            part.body = edited(part.body, source)


def _fields(data: bytes, depth: int) -> list[Part] | None:
    """The fields of a message, or None where it is none."""
    parts, at = list[Part](), 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if not 0 < number < 1 << 29:
            return None
        begin = at
        if wire == VARINT:
            value, at = _varint(data, at)
            if value < 0:
                return None
            parts.append(Part(label=(number, wire), body=data[begin:at]))
            continue
        size = SIZES.get(wire)
        if size is None:
            size, at = _varint(data, at) if wire == BYTES else (-1, at)
        if size < 0 or at + size > len(data):
            return None
        body, at = data[at : at + size], at + size
        inner = _fields(body, depth + 1) if wire == BYTES and body and depth < DEEP else None
        parts.append(Part(label=(number, wire), body=body, inner=inner))
    return parts


def _message(parts: list[Part]) -> bytes:
    data = b""
    for part in parts:
        body = part.body if part.inner is None else _message(part.inner)
        number, wire = part.label
        data += _written(number << 3 | wire)
        if wire == BYTES:
            data += _written(len(body))
        data += body
    return data


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number and where it ends, or -1 where none stands."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            return -1, at
        value |= (data[at] & 127) << shift
        at += 1
        if data[at - 1] < 128:
            return value, at
    return -1, at


def _written(value: int) -> bytes:
    data = bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    data.append(value)
    return bytes(data)


def _values(data: bytes, depth: int) -> list[Part] | None:
    """The values of DER, or None; what stands in text and octets is looked into as well."""
    parts, at = list[Part](), 0
    while at < len(data):
        if at + 2 > len(data) or data[at] & 31 == 31:
            return None
        tag, size, begin = data[at], data[at + 1], at + 2
        if size > 128:
            begin += size - 128
            size = int.from_bytes(data[at + 2 : begin], "big")
        if size == 128 or begin + size > len(data):
            return None
        body, at = data[begin : begin + size], begin + size
        is_held = tag & 32 or tag == 4
        inner = _values(body, depth + 1) if is_held and body and depth < DEEP else None
        parts.append(Part(label=(tag,), body=body, inner=inner))
    return parts


def _der(parts: list[Part]) -> bytes:
    data = b""
    for part in parts:
        body = part.body if part.inner is None else _der(part.inner)
        length = len(body).to_bytes(4, "big").lstrip(b"\0")
        size = bytes((len(body),)) if len(body) < 128 else bytes((128 + len(length),)) + length
        data += bytes((part.label[0],)) + size + body
    return data
