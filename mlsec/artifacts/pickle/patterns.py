"""Regular expressions that skip runs of data opcodes at the speed of the C engine.

All are possessive: what was skipped is never tried again, so time is linear in the bytes.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache


def counted(tail: str) -> str:
    """A length byte, ``tail``, and that many bytes: 16 groups of 16, so few branches are tried."""
    groups = []
    for high in range(16):
        low = "|".join(rf"\x{n:02x}{tail}.{{{n}}}+" for n in range(16 * high, 16 * high + 16))
        first, last = rf"\x{16 * high:02x}", rf"\x{16 * high + 15:02x}"
        # Lengths below 32, as names and keys have, come first and need no look ahead.
        groups.append(low if high < 2 else rf"(?=[{first}-{last}])(?:{low})")
    return "(?:" + "|".join(groups) + ")"


ZEROS = r"\x00\x00\x00"
LINES = r"[ILFSV][^\n]*+\n"
_SHORT = r"[\x8cUC\x8a]" + counted("")
LONG = r"[XTB]" + counted(ZEROS)
PUSHES = rf"K.|{_SHORT}|J.{{4}}+|G.{{8}}+|M..|[N\])}}\x88\x89\x8f]|{LONG}|{LINES}"
GETS = r"h.|j.{4}+|g[^\n]*+\n"
PUTS = r"\x94|q.|r.{4}+|p[^\n]*+\n"
# A store or none. Never "?+" around a group: the engine allocates for each group it repeats.
STORED = rf"(?>{PUTS}|)"
ENTRIES_AT_ONCE = (64, 8)


# Opcodes of one byte that take or give values, none of them a second time.
_ALONE = r"(01aesutld\x85-\x87\x90\x91\x97\x98\x94N)\]}\x88\x89\x8f"


def _often(one: str) -> str:
    """Branches for the opcodes that data are made of; ``one`` are those of a single byte.

    What stands most often comes first, and rows of numbers are passed eight at a time: each branch
    that does not fit costs time, and so does each turn. A branch is left at once where its first
    byte does not fit, but not where that byte is repeated.
    """
    numbers = f"{_row('J.{4}+')}|{_row('G.{8}+')}|K.|M.."
    return rf"{_SHORT}[{one}]*+|{numbers}|[{one}][{one}]*+|{LONG}|{LINES}"


def _row(number: str) -> str:
    return f"{number}(?:{7 * number}|)"


# What writes no memo entry, and is no FRAME.
_UNNUMBERED = (
    _often(r"(012aesutldRbo\x81\x85-\x87\x90-\x93N\])}\x88\x89\x8f")
    + rf"|{GETS}|c[^\n]*+\n[^\n]*+\n"
)


@lru_cache(maxsize=16)
def data_run(highest: int, *, reads: bool) -> re.Pattern[bytes]:
    """Any run of opcodes that cannot import, call or patch; stops before what is cut off.

    It stops too before a PUT whose index has more than ``highest`` as its upper two bytes, and,
    unless ``reads``, before what takes a value a second time.
    """
    puts = rf"q.|r..{_up_to(highest)}|p[^\n]{{0,7}}+\n"
    again = rf"|{GETS}|2" if reads else ""
    return compiled(rf"(?:{_often(_ALONE)}|{puts}{again}|\x80.)*+")


def _up_to(highest: int) -> str:
    """Two bytes, little endian, of a number that is not higher."""
    high, low = divmod(min(highest, 0xFFFF), 256)
    below = rf"|.[\x00-\x{high - 1:02x}]" if high else ""
    return rf"(?:[\x00-\x{low:02x}]\x{high:02x}{below})"


_ACTS = r"[ci][^\n]*+\n[^\n]*+\n|P[^\n]*+\n|\x82.|\x83..|\x84.{4}+"


@lru_cache(maxsize=32)
def settled_run(
    harmless: frozenset[int], known: int, highest: int, *, acts: bool
) -> re.Pattern[bytes]:
    """Any run of opcodes that takes no container a second time, up to STOP or what is cut off.

    Only the memo entries in ``harmless`` may be read, and none of the first ``known`` be written
    by index; there is no DUP. ``highest`` is as in ``data_run``; without ``acts`` the run stops
    before what could import or call.
    """
    ordered = sorted(harmless)
    low = "".join(rf"\x{index:02x}" for index in ordered if index < 256)
    gets = rf"|h[{low}]" if low else ""
    gets += rf"|g(?:{'|'.join(map(str, ordered))})\n" if ordered else ""
    wide = [index.to_bytes(4, "little") for index in ordered if index > 255]
    found = "|".join("".join(rf"\x{b:02x}" for b in index) for index in wide)
    gets += rf"|j(?:{found})" if found else ""
    high, first = divmod(known, 256)
    longer = rf"[1-9][0-9]{{{len(str(known))},6}}+"
    puts = rf"r(?!..\0\0)..{_up_to(highest)}|p(?:{longer}|{_at_least(known)})\n"
    if high < 256:
        puts += rf"|r[\x{first:02x}-\xff]\x{high:02x}\0\0"
        puts += rf"|r.[\x{high + 1:02x}-\xff]\0\0" if high < 255 else ""
    puts += "" if high else rf"|q[\x{first:02x}-\xff]"
    one = _ALONE + (r"Rob\x81\x92\x93Q" if acts else "")
    also = rf"|{_ACTS}" if acts else ""
    return compiled(rf"(?:{_often(one)}{gets}|{puts}|\x80.|\x95.{{8}}+{also})*+")


def _at_least(number: int) -> str:
    """Decimal numbers with as many digits as this one, and not below it."""
    digits = str(number)
    parts = [digits]
    for place, digit in enumerate(digits):
        if digit != "9":
            left = len(digits) - place - 1
            parts.append(rf"{digits[:place]}[{int(digit) + 1}-9][0-9]{{{left}}}")
    return "(?:" + "|".join(parts) + ")"


_LEAVES = rf"K.|{_SHORT}|J.{{4}}+|G.{{8}}+|M..|[N)\x88\x89]|{LONG}|{LINES}"


@cache
def leaves() -> re.Pattern[bytes]:
    """A run of values that hold no others, each perhaps stored by MEMOIZE."""
    return compiled(rf"(?:(?:{_LEAVES})\x94?+)*+")


@cache
def one_leaf() -> re.Pattern[bytes]:
    """One value of such a run; group 1 is its MEMOIZE, if it has one."""
    return compiled(rf"(?:{_LEAVES})(\x94?+)")


@cache
def batch() -> re.Pattern[bytes]:
    """From a MARK to the opcode that appends it, when between them values are only pushed.

    Whatever it pushes goes into the container below the mark, so the stack is as before.
    """
    flat = rf"{PUSHES}|{PUTS}|{GETS}|[\x85-\x87]|\x95.{{8}}+"
    return compiled(rf"\((?:{flat}|\((?:{flat})*+t)*+[eu\x90]")


def short(tail: str) -> str:
    """As ``counted`` up to 31 bytes: small enough to be repeated within one expression."""
    return "(?:" + "|".join(rf"\x{n:02x}{tail}.{{{n}}}+" for n in range(32)) + ")"


@cache
def entries(count: int) -> re.Pattern[bytes]:
    """So many MEMOIZE, each after any opcodes that do not write the memo."""
    return compiled(rf"(?:(?:{_UNNUMBERED})*+\x94){{{count}}}+")


@cache
def next_write() -> re.Pattern[bytes]:
    """Right up to a MEMOIZE, FRAME or PUT, or to the end; group 1 is the opcode."""
    return compiled(rf"(?:{_UNNUMBERED})*+([\x94\x95pqr]|\Z)")


@cache
def next_frame() -> re.Pattern[bytes]:
    """Right up to a FRAME, or to the end; group 1 is the opcode."""
    return compiled(rf"(?:{_UNNUMBERED}|{PUTS})*+(\x95|\Z)")


@cache
def memo_writes() -> re.Pattern[bytes]:
    """Each FRAME, and each opcode that writes the memo, after any others; group 1 is all of it.

    The last match ends the batch and is empty: without it the search would go on in the middle of
    an opcode.
    """
    return compiled(rf"(?:{_UNNUMBERED})*+({PUTS}|\x95.{{8}}+|\Z)")


def compiled(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode("ascii"), re.DOTALL)
