"""Regular expressions that pass whole calls of names that a stream was seen to read."""

from __future__ import annotations

import re
from functools import lru_cache

from mlsec.artifacts.pickle.judged_calls import Judged
from mlsec.artifacts.pickle.patterns import (
    GETS,
    LINES,
    LONG,
    PUSHES,
    PUTS,
    SMALL,
    ZEROS,
    compiled,
    counted,
    eight_with,
    short,
)

_Set = frozenset[int]
Known = tuple[_Set, _Set, _Set, _Set, _Set, _Set]

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
    rf"(?:K.|\x8c{_quiet('')}|J.{{4}}|G.{{8}}|M..|[N\x88\x89]|\x8a{short('')}"
    rf"|X{_quiet(ZEROS)})(?:{PUTS})?+"
)


# As above, and bytes and decimal numbers as text, which the functions that libraries store take.
# A name of an attribute, written out.
_IDENTIFIER = "(?:" + "|".join(
    rf"(?:\x8c\x{size:02x}|X\x{size:02x}{ZEROS})(?!__)[A-Za-z_][0-9A-Za-z_]{{{size - 1}}}"
    for size in range(1, 32)
) + ")"  # fmt: skip
_DIGITS = "(?:" + "|".join(rf"\x{size:02x}[-+.0-9eE]{{{size}}}" for size in range(32)) + ")"
_SAYS_NOTHING_BUT_BYTES = rf"(?:{_SAYS_NOTHING}|(?:[CU]{short('')}|\x8c{_DIGITS})(?:{PUTS})?+)"


@lru_cache(maxsize=32)
def eight_calls(known: Known, others: Judged) -> re.Pattern[bytes]:
    """As ``eight``, and calls of names read from the memo; see ``_calls``."""
    return eight_with(rf"{_calls(*known, others)}|")


@lru_cache(maxsize=32)
def appended_calls(known: Known, others: Judged) -> re.Pattern[bytes]:
    """As ``appended``, and calls of names read from the memo; see ``_calls``."""
    return compiled(rf"(?:(?:{_calls(*known, others)}|(?:{PUSHES})(?:{PUTS})?+)a)*+")


def _calls(
    reduced: frozenset[int],
    instantiated: frozenset[int],
    bare: frozenset[int],
    told: frozenset[int],
    told_new: frozenset[int],
    keys: frozenset[int],
    others: Judged,
) -> str:
    """Calls of names read from the memo with arguments written out, and the states that follow.

    ``reduced`` and ``instantiated`` are the memo entries of names that may be called so whatever
    the arguments, ``bare`` of those that may be instantiated without, ``told`` and ``told_new`` of
    those of which all has been said unless the arguments say more; ``keys`` those of attribute
    names that a state may set; ``others`` those that are judged by what they are given.
    """
    put = rf"(?:{PUTS})?+"
    few = _SAYS_NOTHING_BUT_BYTES
    small = rf"(?:\)|{few}(?:\x85|{few}(?:\x86|{few}\x87))|\((?:{few})*+t){put}"
    call = rf"(?:{_reads(reduced)}{small}R|{_reads(instantiated)}{small}\x81"
    if told or told_new:
        nothing = _SAYS_NOTHING
        quiet = rf"(?:\)|{nothing}(?:\x85|{nothing}(?:\x86|{nothing}\x87))|\((?:{nothing})*+t){put}"
        call += rf"|{_reads(told)}{quiet}R|{_reads(told_new)}{quiet}\x81"
    call += rf"|{_reads(bare)}\){put}\x81{_judged(others)}){put}"
    state = rf"}}{put}(?:\((?:{_reads(keys)}{SMALL})*+u|{_reads(keys)}{SMALL}s)?+b"
    # As protocol 0 writes it: an empty dict by a MARK, then one item after the other.
    state += rf"|\(d{put}(?:{_reads(keys)}(?:{SMALL}|(?:{LINES}|{GETS}){put})s)*+b"
    items = rf"\((?:{SMALL})*+[ue]|{SMALL}(?:a|{SMALL}s)|{state}"
    return rf"{call}(?:{items})*+"


def _judged(others: Judged) -> str:
    """Calls that are fine by what they are given: further branches of a call, or nothing."""
    put, calls = rf"(?:{PUTS})?+", ""
    if others.codecs and others.words:
        text = rf"(?:{LONG}|\x8c{counted('')}|U{counted('')}|V[^\n]*+\n|{GETS}){put}"
        calls += rf"|{_reads(others.codecs)}(?:{text}{_reads(others.words)}\x86"
        calls += rf"|\({text}{_reads(others.words)}t){put}R"
    if others.makers and others.classes and others.bases:
        given = rf"{_reads(others.classes)}{_reads(others.bases)}N"
        calls += rf"|{_reads(others.makers)}(?:{given}\x87|\({given}t){put}R"
    if others.partials and others.kept:
        some = rf"(?:\)|{SMALL}(?:\x85|{SMALL}(?:\x86|{SMALL}\x87))|\((?:{SMALL})*+t){put}"
        named = rf"}}{put}(?:\((?:{SMALL})*+u|{SMALL}{SMALL}s)?+"
        state = rf"\({_reads(others.kept)}{some}{named}(?:N|{named})t{put}b"
        calls += rf"|{_reads(others.partials)}{_reads(others.kept)}\x85{put}R{put}(?:{state})?+"
    if others.attributes and others.owners:
        given = rf"{_reads(others.owners)}(?:{_reads(others.names)}|{_IDENTIFIER}{put})"
        calls += rf"|{_reads(others.attributes)}(?:{given}\x86|\({given}t){put}R"
    if others.getters:
        number = rf"(?:K.|M..|J.{{4}}|I\d*+\n){put}"
        calls += rf"|{_reads(others.getters)}(?:{number}\x85|\((?:{number})++t){put}R"
    return calls


def _reads(indexes: frozenset[int]) -> str:
    """A GET of one of the memo entries; nothing where there are none."""
    found = [rf"g{index}\n" for index in indexes]
    found += [rf"h\x{index:02x}" for index in indexes if index < 256]
    found += [
        "j" + "".join(rf"\x{b:02x}" for b in index.to_bytes(4, "little")) for index in indexes
    ]
    return "(?:" + "|".join(sorted(found)) + ")" if found else "(?!)"
