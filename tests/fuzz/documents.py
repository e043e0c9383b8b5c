"""Damages a JSON document by its structure: random bytes would only ever meet the JSON parser."""

from __future__ import annotations

import base64
import copy
import json
import random
from typing import Any

from tests.fuzz.target import Words

STRANGE = (None, True, 0, -1, 1 << 63, 1.5, "", "\0", "AAAA", "9" * 30, [], {}, [[]], {"a": None})
BYTES = b'\x00\xff\x80\x30\x31\xa0\x04\x02=+/-_\n "{}[]:,.'


def mutate_document(data: bytes, source: random.Random, _words: Words = ()) -> bytes | None:
    """Change a document in one to three places; None where there is none."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict | list):
        return None
    for _ in range(source.randint(1, 3)):
        holder, key = _place(document, source)
        if holder is None:
            break
        _bend(holder, key, document, source)
    return json.dumps(document).encode()


def mutate_held_document(data: bytes, source: random.Random, _words: Words = ()) -> bytes | None:
    """Change the document that stands between other bytes."""
    begin, end = data.find(b"{"), data.rfind(b"}") + 1
    found = mutate_document(data[begin:end], source) if 0 <= begin < end else None
    return found and data[:begin] + found + data[end:]


def _place(document: Any, source: random.Random) -> tuple[Any, Any]:
    """A place anywhere in the document, those further down as likely as those above."""
    places: list[tuple[Any, Any]] = []
    level = [document]
    while level:
        below = []
        for value in level:
            keys = list(value) if isinstance(value, dict) else range(len(value))
            places += [(value, key) for key in keys]
            below += [value[key] for key in keys if isinstance(value[key], dict | list)]
        level = below
    return source.choice(places) if places else (None, None)


def _bend(holder: Any, key: Any, document: Any, source: random.Random) -> None:
    value = holder[key]
    match source.randrange(8):
        case 0:
            holder[key] = copy.deepcopy(source.choice(STRANGE))
        case 1:
            del holder[key]
        case 2 if isinstance(holder, list):
            holder.insert(source.randrange(len(holder) + 1), copy.deepcopy(value))
        case 3:
            other, name = _place(document, source)
            holder[key] = copy.deepcopy(other[name])
        case _ if isinstance(value, str):
            holder[key] = _bend_text(value, source)
        case _ if isinstance(value, int):
            holder[key] = value + source.choice((-1, 1, 1 << 32, -value, -2 * value))
        case _:
            holder[key] = copy.deepcopy(source.choice(STRANGE))


def _bend_text(text: str, source: random.Random) -> str:
    """Change a text, or what stands in it as base64, that as a document where it is one."""
    is_url = "-" in text or "_" in text
    padded = text + "=" * (-len(text) % 4)
    try:
        inner = base64.b64decode(padded, altchars=b"-_" if is_url else None, validate=True)
    except ValueError:
        inner = b""
    if len(inner) < 8 or source.random() < 0.2:
        return edited(text.encode("utf-8", "replace"), source).decode("utf-8", "replace")
    changed = mutate_document(inner, source) or edited(inner, source)
    found = base64.b64encode(changed, altchars=b"-_" if is_url else None).decode()
    return found if text == padded else found.rstrip("=")


def edited(data: bytes, source: random.Random) -> bytes:
    """Change one or two bytes, or leave out or double a few."""
    changed = bytearray(data)
    for _ in range(source.randint(1, 2)):
        at = source.randrange(len(changed) + 1)
        match source.randrange(4):
            case 0:
                changed[at : at + 1] = bytes((source.choice(BYTES),))
            case 1:
                changed[at : at + 1] = bytes((source.randrange(256),))
            case 2:
                del changed[at : at + source.randint(1, 16)]
            case _:
                changed[at:at] = changed[max(0, at - source.randint(1, 16)) : at]
    return bytes(changed)
