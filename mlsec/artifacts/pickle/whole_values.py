"""Expressions that pass whole values: each pushes one, and takes none that was there before."""

from __future__ import annotations

import re
from functools import cache, lru_cache

import msgspec

from mlsec.artifacts.pickle.patterns import (
    GETS,
    LINES,
    PUSHES,
    STORED,
    ZEROS,
    compiled,
    counted,
    short,
)
from mlsec.artifacts.pickle.texts import Style, reads

PUT = {Style.LINES: r"(?>p[^\n]*+\n|)", Style.LONG: r"(?>q.|r.{4}+|)", Style.SHORT: r"\x94?+"}
# A frame may begin before any value.
FRAMED = {Style.LINES: "", Style.LONG: "", Style.SHORT: r"(?>\x95.{8}+|)"}
# So many values are on the stack behind a stretch; no opcode touches more than three of them.
BEHIND, MOST_AT_ONCE = 4, 64


@cache
def one(style: Style, *, is_long: bool = False) -> str:
    """Any value that holds no others, as far as it is short."""
    if style is Style.LINES:
        return rf"(?:{LINES}|g[^\n]*+\n|N)"
    width = counted if is_long else short
    texts = rf"[\x8cC]{width('')}"
    if style is Style.LONG:
        texts = rf"[XT]{width(ZEROS)}|[UC]{width('')}"
    return rf"(?:K.|h.|{texts}|J.{{4}}+|G.{{8}}+|j.{{4}}+|M..|[N\x88\x89]|\x8a{short('')})"


@lru_cache(maxsize=32)
def free(style: Style, texts: frozenset[int], *, is_long: bool = False) -> str:
    """As ``one``, of the memo only some texts: any other entry may be something to call."""
    found = one(style, is_long=is_long)
    found = found.replace("h.|", "").replace("j.{4}+|", "").replace(r"|g[^\n]*+\n", "")
    return rf"(?:{found}|{reads(texts)})" if texts else found


@lru_cache(maxsize=32)
def flat(style: Style, texts: frozenset[int]) -> str:
    """A container of such values."""
    put, each = PUT[style], free(style, texts) + PUT[style]
    if style is Style.LINES:
        return rf"(?:\((?:{each})*+t{put}|\([dl]{put}(?:{each}(?:a|{each}s))*+)"
    tuples = rf"\)|\((?:{each})*+t|{each}(?>\x85|{each}(?:\x86|{each}\x87))"
    boxes = rf"[\]}}\x8f]{put}(?>\((?:{each})*+[eu\x90]|{each}(?:a|{each}s)|)"
    return rf"(?:(?:{tuples}){put}|{boxes})"


class Made(msgspec.Struct, frozen=True):
    """What calls make: ``patterns``, and the memo entries with which these begin."""

    patterns: tuple[str, ...] = ()
    starts: frozenset[int] = frozenset()


NOTHING_MADE = Made()


class _Grammar:
    """The parts of an expression for one style."""

    def __init__(self, style: Style, made: Made) -> None:
        self.style = style
        self.put = PUT[style]
        self.framed = FRAMED[style]
        self.calls = "".join(f"{one}|" for one in made.patterns)
        self.leaf = rf"(?:{_but_for(style, made.starts)}|\)){self.put}"

    def some(self) -> str:
        """A leaf, or a tuple of up to three of them: always one value."""
        put, leaf = self.put, self.leaf
        return rf"{leaf}(?>\x85{put}|{leaf}(?:\x86{put}|{leaf}\x87{put})|)"

    def many(self) -> str:
        """Leaves, and perhaps a tuple of the last of them: each is looked at once."""
        put, leaf = self.put, self.leaf
        three = rf"(?:{leaf})++(?>[\x85-\x87]{put}|)"
        return rf"{leaf}(?>{leaf}(?>{three}|[\x85\x86]{put}|)|\x85{put}|)"

    def containers(self, item: str, single: str) -> str:
        """Tuples, lists, dicts and sets of such items; of one ``single`` they look otherwise."""
        put, framed, leaf = self.put, self.framed, self.leaf
        if self.style is Style.LINES:
            each = rf"(?:{single})(?:a|(?:{single})s)"
            return rf"\((?:{item})*+t{put}|\([dl]{put}(?:{each})*+"
        items = rf"\((?:{framed}(?:{item}))*+"
        return (
            rf"{items}t{put}|[\]}}\x8f]{put}(?>(?:{items}[eu\x90])++"
            rf"|{framed}(?:{single})a|{framed}{leaf}{framed}(?:{single})s|)"
        )

    def value(self, alone: str) -> str:
        """Any value whose containers are at most two deep; ``alone`` are those without items."""
        if self.style is Style.LINES:
            within = f"{self.calls}{self.containers(self.leaf, self.leaf)}|{self.leaf}"
            return f"{self.calls}{self.containers(within, within)}|{self.leaf}"
        is_long = self.style is Style.LONG
        text = f"X{counted(ZEROS)}" if is_long else rf"\x8c{counted('')}"
        flat_ones = self.containers(self.many(), self.leaf)
        within = rf"{self.calls}{self.many()}|(?:{text}|{GETS}){self.put}|{flat_ones}"
        return f"{self.calls}{alone}|{self.containers(within, f'{self.calls}{self.leaf}')}"


def _but_for(style: Style, starts: frozenset[int]) -> str:
    """A leaf that is no beginning of a call."""
    leaf = one(style)
    near = "".join(rf"\x{index:02x}" for index in sorted(starts) if index < 256)
    far = [index.to_bytes(4, "little") for index in sorted(starts) if index > 255]
    leaf = leaf.replace("h.|", f"h[^{near}]|") if near else leaf
    no = "|".join("".join(rf"\x{byte:02x}" for byte in index) for index in far)
    return leaf.replace("j.{4}+", rf"j(?!{no}).{{4}}+") if far else leaf


@cache
def pushes() -> re.Pattern[bytes]:
    """Eight literals or more, one after the other; group 1 are the last four."""
    return _eight(rf"(?:{PUSHES}){STORED}")


@lru_cache(maxsize=8)
def whole_values(style: Style, made: Made = NOTHING_MADE) -> re.Pattern[bytes]:
    """Eight values or more, each pushed whole; group 1 are the last four.

    No opcode in it takes a value that was there before.
    """
    grammar = _Grammar(style, made)
    # Where entries are read one after the other, the first of them are no part of a short tuple.
    reads = "|".join(rf"{8 * read}(?={4 * read})" for read in (r"h.", r"j.{4}+", r"g[^\n]*+\n"))
    each = rf"{reads}|{grammar.value(grammar.some())}|(?:{PUSHES}|{GETS}){STORED}"
    return _eight(rf"{grammar.framed}(?:{each})")


@lru_cache(maxsize=8)
def batches(style: Style, made: Made = NOTHING_MADE) -> re.Pattern[bytes]:
    """From a MARK to the opcode that puts all into the container below, and again."""
    grammar = _Grammar(style, made)
    each = rf"{grammar.value(grammar.many())}|(?:{PUSHES}|{GETS}){STORED}"
    return compiled(rf"(?:\((?:{grammar.framed}(?:{each}))*+[eu\x90])++")


@lru_cache(maxsize=8)
def appended(style: Style, made: Made = NOTHING_MADE) -> re.Pattern[bytes]:
    """Values appended one by one, as protocol 0 writes a list."""
    grammar = _Grammar(style, made)
    return compiled(rf"(?:(?:{grammar.value(grammar.some())}|(?:{PUSHES}){STORED})a)*+")


def _eight(each: str) -> re.Pattern[bytes]:
    """The group is set by the last turn, so that nobody has to look for it."""
    return compiled(rf"((?:(?>{each})){{{BEHIND}}}){{2,{MOST_AT_ONCE}}}+")
