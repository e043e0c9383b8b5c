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


@lru_cache(maxsize=16)
def data_run(highest: int, *, reads: bool) -> re.Pattern[bytes]:
    """Any run of opcodes that cannot import, call or patch; stops before what is cut off.

    It stops too before a PUT whose index has more than ``highest`` as its upper two bytes, and,
    unless ``reads``, before what takes a value a second time.
    """
    # What stands most often comes first: each branch that does not fit costs time.
    one = r"(01aesutld\x85-\x87\x90\x91\x97\x98\x94N)\]}\x88\x89\x8f"
    puts = rf"q.|r..{_up_to(highest)}|p[^\n]{{0,7}}+\n"
    again = rf"|{_GETS}|2" if reads else ""
    return _compiled(rf"(?:[{one}]++|{_PUSHES}|{puts}{again}|\x80.)*+")


def _up_to(highest: int) -> str:
    """Two bytes, little endian, of a number that is not higher."""
    high, low = divmod(min(highest, 0xFFFF), 256)
    below = rf"|.[\x00-\x{high - 1:02x}]" if high else ""
    return rf"(?:[\x00-\x{low:02x}]\x{high:02x}{below})"


_ACTS = r"[ci][^\n]*+\n[^\n]*+\n|P[^\n]*+\n|\x82.|\x83..|\x84.{4}"
_STACK = r"[(012aesutld\x85-\x87\x90\x91\x97\x98]|\x80.|\x95.{8}"


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
    # What stands most often comes first: each branch that does not fit costs time.
    one = r"(01aesutld\x85-\x87\x90\x91\x97\x98\x94N)\]}\x88\x89\x8f"
    one += r"Rob\x81\x92\x93Q" if acts else ""
    also = rf"|{_ACTS}" if acts else ""
    return _compiled(rf"(?:[{one}]++{gets}|{_PUSHES}|{puts}|\x80.|\x95.{{8}}{also})*+")


def _at_least(number: int) -> str:
    """Decimal numbers with as many digits as this one, and not below it."""
    digits = str(number)
    parts = [digits]
    for place, digit in enumerate(digits):
        if digit != "9":
            left = len(digits) - place - 1
            parts.append(rf"{digits[:place]}[{int(digit) + 1}-9][0-9]{{{left}}}")
    return "(?:" + "|".join(parts) + ")"


_LEAVES = rf"K.|{_SHORT}|J.{{4}}|G.{{8}}|M..|[N)\x88\x89]|{_LONG}|{_LINES}"


@cache
def leaves() -> re.Pattern[bytes]:
    """A run of values that hold no others, each perhaps stored by MEMOIZE."""
    return _compiled(rf"(?:(?:{_LEAVES})\x94?+)*+")


@cache
def one_leaf() -> re.Pattern[bytes]:
    """One value of such a run; group 1 is its MEMOIZE, if it has one."""
    return _compiled(rf"(?:{_LEAVES})(\x94?+)")


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


# Words that are shell text or a host by themselves: other letters and digits say nothing.
WORDS = frozenset(
    """sh bash zsh cmd powershell curl wget nc ncat python perl ruby echo touch cat rm chmod id
    whoami calc sleep ls cp mv dd kill nohup base64 uname ping open printenv""".split()  # noqa: SIM905
)


def _quiet(tail: str) -> str:
    """A text of up to 31 letters and digits that says nothing of what a call would do."""
    texts = []
    for size in range(32):
        told = [word for word in sorted(WORDS) if len(word) == size]
        told += ["python"] if size > 6 else []
        told += ["(?i:localhost)"] if size == 9 else []
        no = rf"(?!{'|'.join(told)})" if told else ""
        texts.append(rf"\x{size:02x}{tail}{no}[0-9A-Za-z]{{{size}}}")
    return "(?:" + "|".join(texts) + ")"


_SAYS_NOTHING = (
    rf"(?:K.|\x8c{_quiet('')}|J.{{4}}|G.{{8}}|M..|[N\x88\x89]|\x8a{_short('')}"
    rf"|X{_quiet(_ZEROS)})(?:{_PUTS})?+"
)


# As above, and bytes and decimal numbers as text, which the functions that libraries store take.
_DIGITS = "(?:" + "|".join(rf"\x{size:02x}[-+.0-9eE]{{{size}}}" for size in range(32)) + ")"
_SAYS_NOTHING_BUT_BYTES = rf"(?:{_SAYS_NOTHING}|(?:[CU]{_short('')}|\x8c{_DIGITS})(?:{_PUTS})?+)"


@lru_cache(maxsize=32)
def eight_calls(
    reduced: frozenset[int],
    instantiated: frozenset[int],
    bare: frozenset[int],
    told: frozenset[int],
    told_new: frozenset[int],
    keys: frozenset[int],
) -> re.Pattern[bytes]:
    """As ``eight``, and calls of names read from the memo with arguments written out.

    ``reduced`` and ``instantiated`` are the memo entries of names that may be called so whatever
    the arguments, ``bare`` of those that may be instantiated without, ``told`` and ``told_new`` of
    those of which all has been said unless the arguments say more; ``keys`` those of attribute
    names that a state may set.
    """
    put = rf"(?:{_PUTS})?+"
    few = _SAYS_NOTHING_BUT_BYTES
    small = rf"(?:\)|{few}(?:\x85|{few}(?:\x86|{few}\x87))|\((?:{few})*+t){put}"
    arguments = rf"(?:\)|{_SMALL}(?:\x85|{_SMALL}(?:\x86|{_SMALL}\x87))|\((?:{_SMALL})*+t){put}"
    call = rf"(?:{_reads(reduced)}{small}R|{_reads(instantiated)}{arguments}\x81"
    if told or told_new:
        nothing = _SAYS_NOTHING
        quiet = rf"(?:\)|{nothing}(?:\x85|{nothing}(?:\x86|{nothing}\x87))|\((?:{nothing})*+t){put}"
        call += rf"|{_reads(told)}{quiet}R|{_reads(told_new)}{quiet}\x81"
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
