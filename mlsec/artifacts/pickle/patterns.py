"""Regular expressions that skip runs of data opcodes at the speed of the C engine.

All are possessive: what was skipped is never tried again, so time is linear in the bytes.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache


def _counted(tail: str) -> str:
    """A length byte, ``tail``, and that many bytes: 16 groups of 16, so few branches are tried."""
    groups = []
    for high in range(16):
        low = "|".join(rf"\x{n:02x}{tail}.{{{n}}}" for n in range(16 * high, 16 * high + 16))
        first, last = rf"\x{16 * high:02x}", rf"\x{16 * high + 15:02x}"
        # Lengths below 32, as names and keys have, come first and need no look ahead.
        groups.append(low if high < 2 else rf"(?=[{first}-{last}])(?:{low})")
    return "(?:" + "|".join(groups) + ")"


_ZEROS = r"\x00\x00\x00"
_LINES = r"[ILFSV][^\n]*+\n"
_SHORT = r"[\x8cUC\x8a]" + _counted("")
_LONG = r"[XTB]" + _counted(_ZEROS)
_PUSHES = rf"K.|{_SHORT}|J.{{4}}|G.{{8}}|M..|[N\])}}\x88\x89\x8f]|{_LONG}|{_LINES}"
_GETS = r"h.|j.{4}|g[^\n]*+\n"
_PUTS = r"\x94|q.|r.{4}|p[^\n]*+\n"


@cache
def data_run() -> re.Pattern[bytes]:
    """Any run of opcodes that cannot import, call or patch; stops before what is cut off."""
    stack = r"[(012aesutld\x85-\x87\x90\x91\x97\x98]"
    return _compiled(rf"(?:{_PUSHES}|{_PUTS}|{stack}|{_GETS}|\x80.)*+")


@cache
def batch() -> re.Pattern[bytes]:
    """From a MARK to the opcode that appends it, when between them values are only pushed.

    Whatever it pushes goes into the container below the mark, so the stack is as before.
    """
    flat = rf"{_PUSHES}|{_PUTS}|{_GETS}|[\x85-\x87]|\x95.{{8}}"
    return _compiled(rf"\((?:{flat}|\((?:{flat})*+t)*+[eu\x90]")


def _short(tail: str) -> str:
    """As ``_counted`` up to 31 bytes: small enough to be repeated within one expression."""
    return "(?:" + "|".join(rf"\x{n:02x}{tail}.{{{n}}}" for n in range(32)) + ")"


_SMALL = (
    rf"(?:K.|h.|\x8c{_short('')}|J.{{4}}|G.{{8}}|j.{{4}}|M..|[N)\x88\x89]|[CU\x8a]{_short('')}"
    rf"|X{_short(_ZEROS)})(?:{_PUTS})?+"
)


@cache
def eight_pushes() -> re.Pattern[bytes]:
    """Eight opcodes that push one value each, whatever follows takes of them."""
    return _compiled(rf"(?:(?:{_PUSHES}|{_GETS})(?:{_PUTS})?+){{8}}+")


def _eight(also: str) -> re.Pattern[bytes]:
    put = rf"(?:{_PUTS})?+"
    some = rf"{_SMALL}(?:\x85{put}|{_SMALL}(?:\x86{put}|{_SMALL}\x87{put}))?+"
    tuples = rf"\((?:{_SMALL})*+t{put}"
    boxes = rf"[\]}}\x8f]{put}(?:\((?:{_SMALL})*+[eu\x90])?+"
    return _compiled(rf"(?:{also}{some}|{tuples}|{boxes}|(?:{_PUSHES}|{_GETS}){put}){{8}}+")


@cache
def eight() -> re.Pattern[bytes]:
    """Eight values, each pushed whole: literals, short tuples, flat lists and dicts.

    No opcode in it takes a value that was there before.
    """
    return _eight("")


@lru_cache(maxsize=32)
def eight_calls(
    reduced: frozenset[int],
    instantiated: frozenset[int],
    bare: frozenset[int],
    keys: frozenset[int],
) -> re.Pattern[bytes]:
    """As ``eight``, and calls of names read from the memo with arguments written out.

    ``reduced`` and ``instantiated`` are the memo entries of names that may be called so whatever
    the arguments, ``bare`` of those that may be instantiated without; ``keys`` those of attribute
    names that a state may set.
    """
    put = rf"(?:{_PUTS})?+"
    arguments = rf"(?:\)|{_SMALL}(?:\x85|{_SMALL}(?:\x86|{_SMALL}\x87))|\((?:{_SMALL})*+t){put}"
    call = rf"(?:{_reads(reduced)}{arguments}R|{_reads(instantiated)}{arguments}\x81"
    call += rf"|{_reads(bare)}\){put}\x81){put}"
    state = rf"}}{put}(?:\((?:{_reads(keys)}{_SMALL})*+u|{_reads(keys)}{_SMALL}s)?+b"
    items = rf"\((?:{_SMALL})*+[ue]|{_SMALL}(?:a|{_SMALL}s)|{state}"
    return _eight(rf"{call}(?:{items})*+|")


def _reads(indexes: frozenset[int]) -> str:
    """A GET of one of the memo entries; nothing where there are none."""
    found = [rf"g{index}\n" for index in indexes]
    found += [rf"h\x{index:02x}" for index in indexes if index < 256]
    found += [
        "j" + "".join(rf"\x{b:02x}" for b in index.to_bytes(4, "little")) for index in indexes
    ]
    return "(?:" + "|".join(sorted(found)) + ")" if found else "(?!)"


@cache
def memoized() -> re.Pattern[bytes]:
    """As ``memo_writes`` where only MEMOIZE writes: one match each, and empty ones at the end."""
    others = rf"{_PUSHES}|{_GETS}|[(012aesutldRb\x81\x85-\x87\x90\x91]|\x95.{{8}}"
    return _compiled(rf"(?:{others})*+(\x94|\Z)")


@cache
def indexed() -> re.Pattern[bytes]:
    """Opcodes up to the first PUT with an index, or to the end."""
    others = rf"{_PUSHES}|{_GETS}|[(012aesutldRb\x81\x85-\x87\x90\x91\x94]|\x95.{{8}}"
    return _compiled(rf"(?:{others})*+")


@cache
def appended() -> re.Pattern[bytes]:
    """Single values appended one by one, as protocol 0 writes a list."""
    return _compiled(rf"(?:(?:{_PUSHES})(?:{_PUTS})?+a)*+")


@cache
def memo_writes() -> re.Pattern[bytes]:
    """Each opcode that writes the memo, after any others; group 1 is the opcode and its index.

    The last match ends the batch and is empty: without it the search would go on in the middle of
    an opcode.
    """
    others = rf"{_PUSHES}|{_GETS}|[(012aesutldRb\x81\x85-\x87\x90\x91]|\x95.{{8}}"
    return _compiled(rf"(?:{others})*+({_PUTS}|\Z)")


def _compiled(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode("ascii"), re.DOTALL)
