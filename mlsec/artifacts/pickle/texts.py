"""Texts that say nothing of what a call would do, as parts of regular expressions."""

from __future__ import annotations

import enum

# Words that are shell text or a host by themselves: other letters and digits say nothing.
WORDS = frozenset(
    """sh bash zsh cmd powershell curl wget nc ncat python perl ruby echo touch cat rm chmod id
    whoami calc sleep ls cp mv dd kill nohup base64 uname ping open printenv""".split()  # noqa: SIM905
)


class Style(enum.Enum):
    """How a stream writes its texts: what another protocol writes need not be tried."""

    LINES = "protocol 0"
    LONG = "protocols 1 to 3"
    SHORT = "protocol 4 and later"


# What stands in every text that `shadows` takes for a program: a text without these letters is
# none, and one with them is looked at as a whole.
_SAFE = r"[^(/_m]"
_PROGRAM = r"exec|eval|import|popen|system|spawn|subprocess|loads|/bin/|__"


def quiet(tail: str) -> str:
    """A text of up to 31 letters and digits that says nothing of what a call would do."""
    return "(?:" + "|".join(rf"\x{n:02x}{tail}{_quiet(n)}" for n in range(32)) + ")"


def plain(tail: str) -> str:
    """As ``quiet``, or up to 31 letters of a decimal number."""
    return "(?:" + "|".join(
        rf"\x{n:02x}{tail}(?:[-+.0-9eE]{{{n}}}+|{_quiet(n)})" for n in range(32)
    ) + ")"  # fmt: skip


def _quiet(size: int) -> str:
    told = [word for word in sorted(WORDS) if len(word) == size]
    told += ["python"] if size > 6 else []
    told += ["(?i:localhost)"] if size == 9 else []
    no = rf"(?!{'|'.join(told)})" if told else ""
    return rf"{no}[0-9A-Za-z]{{{size}}}+"


def quiet_line() -> str:
    """As ``quiet``, as a line of protocol 0."""
    words = rf"(?:{'|'.join(sorted(WORDS))})\n|python|(?i:localhost)\n"
    return rf"V(?!{words})[0-9A-Za-z]*+\n"


def harmless_line() -> str:
    """As ``harmless``, as a line; the escapes are those that picklers write."""
    escapes = r"\\u00(?:0[0adAD]|1[aA]|5[cC])"
    both = rf"(?![^\n]*?(?:{_PROGRAM}))(?:[^\n\\]|{escapes})*+\n"
    return rf"V(?:(?:[^\n\\(/_m]|{escapes})*+\n|{both})"


def harmless(tail: str) -> str:
    """Up to 31 bytes of text that is no program."""
    both = rf"(?!.{{0,31}}(?:{_PROGRAM}))"
    return "(?:" + "|".join(
        rf"\x{n:02x}{tail}(?:{_SAFE}{{{n}}}+|{both}.{{{n}}}+)" for n in range(32)
    ) + ")"  # fmt: skip


def reads(indexes: frozenset[int]) -> str:
    """A GET of one of the memo entries; nothing where there are none."""
    found = [rf"g{index}\n" for index in indexes]
    found += [rf"h\x{index:02x}" for index in indexes if index < 256]
    found += [
        "j" + "".join(rf"\x{b:02x}" for b in index.to_bytes(4, "little")) for index in indexes
    ]
    return "(?:" + "|".join(sorted(found)) + ")" if found else "(?!)"
