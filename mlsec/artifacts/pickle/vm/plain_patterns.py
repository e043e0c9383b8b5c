"""Regular expressions that pass runs of data opcodes at the speed of the C engine.

All are possessive: what was passed is never tried again, so time is linear in the bytes. None
passes an opcode that could import, call, patch or reach outside the stream.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache


def _counted(tail: str) -> str:
    """A length byte, ``tail``, and that many bytes: 16 groups of 16, so few branches are tried."""
    groups = []
    for high in range(16):
        low = "|".join(rf"\x{n:02x}{tail}.{{{n}}}+" for n in range(16 * high, 16 * high + 16))
        first, last = rf"\x{16 * high:02x}", rf"\x{16 * high + 15:02x}"
        # Lengths below 32, as names and keys have, come first and need no look ahead.
        groups.append(low if high < 2 else rf"(?=[{first}-{last}])(?:{low})")
    return "(?:" + "|".join(groups) + ")"


_SHORT = r"[\x8cUC\x8a]" + _counted("")
_LONG = r"[XTB]" + _counted(r"\x00\x00\x00")
_LINES = r"[ILFSV][^\n]*+\n"
_GETS = r"h.|j.{4}+|g[^\n]*+\n"
_PUTS = r"q.|r.{4}+|p[^\n]*+\n"
# Opcodes of one byte that take or give values, none of them a second time.
_ALONE = r"(01aesutld\x85-\x87\x90\x91\x97\x98\x94N)\]}\x88\x89\x8f"


def _often(single: str) -> str:
    """Branches for the opcodes that data are made of; ``single`` are those of a single byte.

    What stands most often comes first, and rows of numbers are passed eight at a time: each branch
    that does not fit costs time, and so does each turn. A branch is left at once where its first
    byte does not fit, but not where that byte is repeated.
    """
    numbers = f"{_row('J.{4}+')}|{_row('G.{8}+')}|K.|M.."
    return rf"{_SHORT}[{single}]*+|{numbers}|[{single}][{single}]*+|{_LONG}|{_LINES}"


def _row(number: str) -> str:
    return f"{number}(?:{7 * number}|)"


@lru_cache(maxsize=16)
def data_run(highest: int, *, reads: bool, frames: bool = False) -> re.Pattern[bytes]:
    """Any run of data opcodes; stops before what is cut off, and before FRAME unless ``frames``.

    It stops too before a PUT whose index has more than ``highest`` as its upper two bytes, and,
    unless ``reads``, before what takes a value a second time.
    """
    puts = rf"q.|r..{_up_to(highest)}|p[^\n]{{0,7}}+\n"
    again = rf"|{_GETS}|2" if reads else ""
    also = r"|\x95.{8}+" if frames else ""
    return _compiled(rf"(?:{_often(_ALONE)}|{puts}{again}|\x80.{also}|(?!))*+")


@lru_cache(maxsize=16)
def run_reading(literals: frozenset[int]) -> re.Pattern[bytes]:
    """As ``data_run``; it reads these entries, below 256, and writes none but by MEMOIZE."""
    indexes = "".join(rf"\x{index:02x}" for index in sorted(literals))
    return _compiled(rf"(?:{_often(_ALONE)}|h[{indexes}]|\x80.|(?!))*+")


def _up_to(highest: int) -> str:
    """Two bytes, little endian, of a number that is not higher."""
    high, low = divmod(min(highest, 0xFFFF), 256)
    below = rf"|.[\x00-\x{high - 1:02x}]" if high else ""
    return rf"(?:[\x00-\x{low:02x}]\x{high:02x}{below})"


@cache
def taken_again() -> re.Pattern[bytes]:
    """The next opcode that takes a value a second time, behind any others of a run of data."""
    return _compiled(rf"(?:{_often(_ALONE)}|{_PUTS}|\x80.|\x95.{{8}}+|(?!))*+({_GETS}|2|\Z)")


_ATOMS = rf"K.|{_SHORT}|J.{{4}}+|G.{{8}}+|M..|[N)\x88\x89]|{_LONG}|{_LINES}"


@cache
def stored() -> re.Pattern[bytes]:
    """The next opcode that writes the memo, behind any others of a run of data.

    Group 1 is the opcode where it stands right behind a literal, group 2 where it stands behind
    anything else, and then may store a container.
    """
    others = rf"(?:{_ATOMS})(?!\x94|[qrp])|[(01aesutld\x85-\x87\x90\x91\x97\x98\]}}\x8f]|{_GETS}|2"
    return _compiled(
        rf"(?:{others}|\x80.|\x95.{{8}}+|(?!))*+(?:(?:{_ATOMS})(\x94|{_PUTS})|(\x94|{_PUTS})|\Z)"
    )


@cache
def atoms() -> re.Pattern[bytes]:
    """A run of values that hold no others, each perhaps stored by MEMOIZE."""
    return _compiled(rf"(?:(?:{_ATOMS})\x94?+|(?!))*+")


@cache
def one_atom() -> re.Pattern[bytes]:
    """One value of such a run; group 1 is its MEMOIZE, if it has one."""
    return _compiled(rf"(?:{_ATOMS})(\x94?+)")


def _compiled(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode("ascii"), re.DOTALL)
