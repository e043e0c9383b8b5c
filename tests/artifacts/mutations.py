"""Ways to damage a sample: what the fuzzing of every reader is made of."""

from __future__ import annotations

from functools import cache

from tests.artifacts.builders import BENIGN, HOSTILE

SMALL_BYTES = 32 << 10
# Numbers that lengths and counts are apt to be wrong by.
TELLING = (
    b"\0", b"\xff", b"\x7f", b"\x80", b"\xff\xff", b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff",
    b"\0\0\0\0\0\0\0\x80", b"\xff" * 8, b".", b"(", b"\x80\x04", b"PK\x03\x04", b"PK\x05\x06",
    b"\x1f\x8b\x08\0", b"c__builtin__\neval\n", b"'", b'"', b"{", b"[", b"{{", b"\n",
)  # fmt: skip


@cache
def small_samples() -> dict[str, bytes]:
    """Every sample small enough to be changed thousands of times, by table and name."""
    built = {
        f"{table}:{name}": build()
        for table, builds in (("hostile", HOSTILE), ("benign", BENIGN))
        for name, build in builds.items()
    }
    return {name: data for name, data in built.items() if len(data) <= SMALL_BYTES}


def mutate(data: bytes, kind: int, at: int, length: int, other: bytes) -> bytes:
    """One change: the numbers may be any, they are brought into range."""
    at %= len(data) + 1
    length %= 64
    match kind % 7:
        case 0:
            return data[:at]
        case 1:
            return data[:at] + data[at + length :]
        case 2:
            return data[:at] + TELLING[length % len(TELLING)] + data[at:]
        case 3:
            new = TELLING[length % len(TELLING)]
            return data[:at] + new + data[at + len(new) :]
        case 4:
            return (
                data[:at]
                + bytes(byte ^ (1 << length % 8) for byte in data[at : at + 1])
                + (data[at + 1 :])
            )
        case 5:
            cut = at % (len(other) + 1)
            return data[:at] + other[cut : cut + 16 * length]
        case _:
            return data[: at + length] + data[at:]
