"""Damages what is a row of pieces, the words of a text or the operations of a pickle."""

from __future__ import annotations

import pickletools
import random
import re
import struct

from tests.fuzz.documents import edited
from tests.fuzz.target import Words

_PIECE = re.compile(rb"\w+|[ \t]+|\s|.", re.DOTALL)
MOST_PIECES = 20_000


def mutate_text(data: bytes, source: random.Random, words: Words) -> bytes | None:
    """Change the words of a text, with those of other texts."""
    return _changed(_PIECE.findall(data), source, words) if data else None


def mutate_pickle(data: bytes, source: random.Random, words: Words) -> bytes | None:
    """Change the operations of a pickle, whole ones, and the bytes of some.

    Frames are left out, as their lengths would all be wrong; some are put in once more, which end
    between two operations or anywhere else.
    """
    starts, end = [], 0
    try:
        for operation, argument, at in pickletools.genops(data):
            starts.append((at, operation.name == "FRAME"))
            end = at + 1 if argument is None else len(data)
    except Exception:  # noqa: BLE001 - whatever the standard library raises: what it read counts
        end = len(data)
    if len(starts) < 2:
        return None
    ends = [at for at, _ in starts[1:]] + [end]
    kept = [data[at:to] for (at, is_frame), to in zip(starts, ends, strict=True) if not is_frame]
    changed = _changed([*kept, data[end:]], source, words)
    return _framed(changed, source) if source.randrange(2) else changed


def _framed(data: bytes, source: random.Random) -> bytes:
    for _ in range(source.choice((1, 1, 2, 5))):
        at = source.choice((2, source.randrange(len(data) + 1)))
        most = max(1, len(data) - at)
        length = source.choice((most, source.randrange(most + 1), source.randrange(min(most, 24))))
        data = data[:at] + b"\x95" + struct.pack("<Q", length) + data[at:]
    return data


def _changed(pieces: list[bytes], source: random.Random, words: Words) -> bytes:
    for _ in range(source.randint(1, 4)):
        at = source.randrange(len(pieces))
        other = source.randrange(len(pieces))
        match source.randrange(7):
            case 0:
                del pieces[at : at + source.choice((1, 1, 2, 8))]
                pieces = pieces or [b""]
            case 1:
                pieces[at:at] = pieces[other : other + source.choice((1, 2, 8, 40))]
            case 2:
                pieces[at], pieces[other] = pieces[other], pieces[at]
            case 3 if words:
                pieces[at] = source.choice(words)
            case 4 if words:
                pieces.insert(at, source.choice(words))
            case 5:
                pieces[at:at] = [pieces[at]] * source.choice((2, 16, 200))
            case _:
                pieces[at] = edited(pieces[at], source)
    return b"".join(pieces[:MOST_PIECES])
