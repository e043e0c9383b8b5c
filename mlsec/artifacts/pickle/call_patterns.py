"""Regular expressions that pass whole calls of names that a stream was seen to read."""

from __future__ import annotations

import enum
import re
from functools import cache, lru_cache

import msgspec

from mlsec.artifacts.pickle.judged_calls import Entries, Judged
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

# Words that are shell text or a host by themselves: other letters and digits say nothing.
WORDS = frozenset(
    """sh bash zsh cmd powershell curl wget nc ncat python perl ruby echo touch cat rm chmod id
    whoami calc sleep ls cp mv dd kill nohup base64 uname ping open printenv""".split()  # noqa: SIM905
)
_NONE: Entries = frozenset()


class Style(enum.Enum):
    """How a stream writes its texts: what another protocol writes need not be tried."""

    LINES = "protocol 0"
    LONG = "protocols 1 to 3"
    SHORT = "protocol 4 and later"


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """Memo entries by what is known of the names in them.

    ``reduced`` and ``instantiated`` may be called so whatever the arguments, ``bare`` may be
    instantiated without; of ``told`` and ``told_new`` all has been said unless the arguments say
    more; ``buffers`` may be given bytes. ``keys`` are names of attributes that a state may set,
    ``quiet`` what may be given to any function.
    """

    style: Style = Style.SHORT
    reduced: Entries = _NONE
    instantiated: Entries = _NONE
    bare: Entries = _NONE
    told: Entries = _NONE
    told_new: Entries = _NONE
    buffers: Entries = _NONE
    keys: Entries = _NONE
    quiet: Entries = _NONE

    @property
    def called(self) -> Entries:
        """Where the names lie that are called."""
        some = (self.instantiated, self.bare, self.told, self.told_new, self.buffers)
        return self.reduced.union(*some)


_PUT = rf"(?:{PUTS})?+"
# What stands in every text that `shadows` takes for a program: a text without these letters is
# none, and one with them is looked at as a whole.
_SAFE = r"[^(/_m]"
_PROGRAM = r"exec|eval|import|popen|system|spawn|subprocess|loads|/bin/|__"


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


def _digits(tail: str) -> str:
    return "(?:" + "|".join(rf"\x{n:02x}{tail}[-+.0-9eE]{{{n}}}" for n in range(32)) + ")"


def _harmless(tail: str) -> str:
    """Up to 31 bytes of text that is no program."""
    both = rf"(?!.{{0,31}}(?:{_PROGRAM}))"
    return "(?:" + "|".join(
        rf"\x{n:02x}{tail}(?:{_SAFE}{{{n}}}|{both}.{{{n}}})" for n in range(32)
    ) + ")"  # fmt: skip


@cache
def _says_nothing(style: Style) -> str:
    """A number or a word that says nothing of what a call would do."""
    numbers = rf"K.|J.{{4}}|G.{{8}}|M..|[N\x88\x89]|\x8a{short('')}"
    match style:
        case Style.LINES:
            words = rf"(?:{'|'.join(sorted(WORDS))})\n|python|(?i:localhost)\n"
            numbers = r"I(?:0[01]?|-?[1-9][0-9]{0,60}+)\n|L-?(?:0|[1-9][0-9]{0,60}+)L?\n"
            numbers += r"|F-?[0-9][0-9.e+-]{0,40}+\n|N"
            text = rf"V(?!{words})[0-9A-Za-z]*+\n"
        case Style.LONG:
            text = rf"X{_quiet(ZEROS)}"
        case Style.SHORT:
            text = rf"\x8c{_quiet('')}"
    return rf"(?:{numbers}|{text}){_PUT}"


@cache
def _literal(style: Style) -> str:
    """As above, and bytes and decimal numbers as text, which functions of libraries take."""
    match style:
        case Style.LINES:
            more = r"V[-+.0-9eE]*+\n"
        case Style.LONG:
            more = rf"[CU]{short('')}|X{_digits(ZEROS)}"
        case Style.SHORT:
            more = rf"C{short('')}|\x8c{_digits('')}"
    return rf"{_says_nothing(style)}|(?:{more}){_PUT}"


# A name of an attribute, written out.
_IDENTIFIER = "(?:" + "|".join(
    rf"(?:\x8c\x{size:02x}|X\x{size:02x}{ZEROS})(?!__)[A-Za-z_][0-9A-Za-z_]{{{size - 1}}}"
    for size in range(1, 32)
) + ")"  # fmt: skip


@lru_cache(maxsize=32)
def eight_calls(known: Names, others: Judged) -> re.Pattern[bytes]:
    """As ``eight``, and calls of names read from the memo; see ``_calls``."""
    return eight_with(rf"{_calls(known, others)}|")


@lru_cache(maxsize=32)
def appended_calls(known: Names, others: Judged) -> re.Pattern[bytes]:
    """As ``appended``, and calls of names read from the memo; see ``_calls``."""
    return compiled(rf"(?:(?:{_calls(known, others)}|(?:{PUSHES}){_PUT})a)*+")


def _calls(known: Names, others: Judged) -> str:
    """Calls of names read from the memo with arguments written out, and the states that follow."""
    call = rf"{_reads(known.bare)}\){_PUT}\x81"
    if known.reduced or known.instantiated:
        given = _given(known, others)
        call += rf"|{_reads(known.reduced)}{given}R|{_reads(known.instantiated)}{given}\x81"
    if known.told or known.told_new:
        nothing = _says_nothing(known.style)
        given = (
            rf"(?:\)|{nothing}(?:\x85|{nothing}(?:\x86|{nothing}\x87))|\((?:{nothing})*+t){_PUT}"
        )
        call += rf"|{_reads(known.told)}{given}R|{_reads(known.told_new)}{given}\x81"
    if known.buffers:
        given = rf"(?:[CU]{short('')}{_PUT}{_encoded(known.style, others)})"
        call += rf"|{_reads(known.buffers)}(?:{given}\x85|\({given}t){_PUT}R"
    keys = _reads(known.keys)
    if known.style is Style.LINES:
        # An empty dict is made by a MARK, and filled one item after the other.
        small = rf"(?:{LINES}|{GETS}|N){_PUT}"
        state = rf"\(d{_PUT}(?:{keys}{small}s)*+b"
    else:
        small = SMALL
        state = rf"}}{_PUT}(?:\((?:{keys}{SMALL})*+u|{keys}{SMALL}s)?+b"
    items = rf"\((?:{small})*+[ue]|{small}(?:a|{small}s)|{state}"
    return rf"(?:{call}{_judged(others)}){_PUT}(?:{items})*+"


def _given(known: Names, others: Judged) -> str:
    """Arguments in which a listed function finds no program, and no number that swells."""
    plain = rf"{_literal(known.style)}|{_reads(known.quiet)}{_PUT}"
    one = rf"(?:{plain}{_encoded(known.style, others)})"
    if known.style is Style.LINES:
        box = rf"\([dl]{_PUT}(?:(?:{plain})(?:a|(?:{plain})s))*+"
        return rf"\((?:{one}|{box})*+t{_PUT}"
    box = rf"[\]}}\x8f]{_PUT}(?:\((?:{plain})*+[eu\x90]|(?:{plain})(?:a|(?:{plain})s))?+\x85"
    return rf"(?:\)|{one}(?:\x85|{one}(?:\x86|{one}\x87))|\({one}*+t|{box}){_PUT}"


def _encoded(style: Style, others: Judged) -> str:
    """Bytes as old protocols write them, as a further branch; or nothing."""
    if not others.codecs or not others.words:
        return ""
    match style:
        case Style.LINES:
            # The escapes are those that picklers write.
            text = r"V(?:[^\n\\(/_m]|\\u00(?:0[0adAD]|1[aA]|5[cC]))*+\n"
        case Style.LONG:
            text = rf"X{_harmless(ZEROS)}"
        case Style.SHORT:
            text = rf"\x8c{_harmless('')}"
    given = rf"{text}{_PUT}{_reads(others.words)}"
    ends = rf"\({given}t" if style is Style.LINES else rf"{given}\x86"
    return rf"|{_reads(others.codecs)}{ends}{_PUT}R{_PUT}"


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
