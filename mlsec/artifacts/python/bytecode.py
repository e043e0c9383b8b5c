"""What the bytecode of a stored function does: which names it loads, and whether it only computes.

Nothing is run, and no version of Python but the reader's own is needed: the few instructions that
compute have their numbers here, for each release.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from mlsec.core.regex import regex

# Numbers of instructions. Source: Lib/opcode.py and Lib/_opcode_metadata.py of each release.
# plain: arithmetic, comparisons, jumps, calls of what lies on the stack, lists, tuples and tables.
# No import, no name or attribute that is set or deleted, no with, no class is among them.
_OLD = (
    "1-6 9-12 15-17 19-20 22-29 55-57 59-60 62-68 75-80 83 86-87 92-94 102-105 107 110-115 120"
    " 130-133 141-142 145-147 155-157 161"
)
_MIDDLE = (
    "1-6 9-12 15-17 19-20 22-30 55-57 59-60 62-68 74-79 82-83 86-87 92-94 99 102-105 107 110-115"
    " 117-118 129-133 141-142 145-147 155-157 161-165"
)
_3_11 = (
    "0-2 9-12 15 25 30 60 68 74-75 82-83 86 92-94 99 102-105 107 110-112 114-115 117-120 122"
    " 128-130 132-133 140 142 145-147 149 151 155-157 162-166 171 173-176"
)
_3_12 = (
    "0-2 4 9 11-12 15 25-26 30 60 68 74-75 83 92-94 99 102-105 107 110 114-115 117-120 122 128-130"
    " 132-133 140 142 145-147 149-151 155-157 162-165 171"
)
_3_13 = (
    "0 4-5 11 14-15 19-20 23 26 30 32 34-36 39-43 45-54 57-62 68-69 72 76-77 79-81 95 97-102"
    " 105-107 115-118 149"
)
_3_14 = (
    "0-1 4 9 12-13 16 18 23 27-28 30-31 33-35 38-42 44 46-52 55-60 66-67 70 74-75 77-79 94 98"
    " 100-105 107-109 117-120 128"
)
_RANGE = regex(r"(\d+)(?:-(\d+))?")


class _Release(msgspec.Struct, frozen=True, kw_only=True):
    """Instructions of one release, or of several that share them, by what their argument is."""

    plain: frozenset[int]
    const: frozenset[int]  # a place among the constants
    local: frozenset[int]  # a place among the variables
    pair: frozenset[int] = frozenset()  # two places of variables, four bits each
    cell: frozenset[int]  # a place among cells and free variables; from 3.11 among all
    globals_: frozenset[int]  # a place among the names
    attribute: frozenset[int]
    extended: int
    resume: int = -1  # every function begins with it, behind what makes its cells
    shifts: tuple[int, ...] = ()  # their places stand one bit higher


def _release(plain: str, kinds: str, extended: int, *more: int) -> _Release:
    const, local, pair, cell, globals_, attribute = (_numbers(part) for part in kinds.split("|"))
    return _Release(
        plain=_numbers(plain), const=const, local=local, pair=pair, cell=cell, globals_=globals_,
        attribute=attribute, extended=extended, resume=more[0] if more else -1, shifts=more[1:],
    )  # fmt: skip


def _numbers(text: str) -> frozenset[int]:
    spans = (match.groups() for match in _RANGE.finditer(text))
    return frozenset(n for low, high in spans for n in range(int(low), int(high or low) + 1))


# By the number of parts that a code object is made of.
_OLDEST = _release(_OLD, "100|124-126||135-137|101 116|106 160", 144)
_RELEASES = {
    15: (_OLDEST,),  # to 3.7
    16: (_OLDEST, _release(_MIDDLE, "100|124-126||135-137|101 116|106 160", 144)),  # 3.8 to 3.10
    18: (
        _release(_3_11, "100 172|124-126||135-138|101 116|106 160", 144, 151, 116),
        _release(_3_12, "100 121 172|124-127 143||135-138|101 116|106", 144, 151, 116, 106),
        _release(_3_13, "83 103|65 85-87 110|88 111-112|84 94 109|91-92|82", 71, 149, 91, 82),
        _release(_3_14, "82|63 84-86 88 112|87 89 113-114|83 97 111|92-93|80", 69, 128, 92, 80),
    ),
}
_SHARED_PLACES = 18  # from 3.11 cells and variables are counted together


class StoredCode(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a code object that say what it does.

    ``variables``: how many; ``cells``: how many cells and free variables.
    """

    parts: int
    instructions: bytes
    constants: int
    names: tuple[str, ...]
    variables: int
    cells: int


class Loads(msgspec.Struct, frozen=True, kw_only=True):
    """The names that code loads; ``only_computes``: there is no other way to reach anything."""

    names: frozenset[str]
    attributes: frozenset[str]
    only_computes: bool


def stored_code(items: Sequence[Any]) -> StoredCode | None:
    """Read the arguments that a code object is made of, in the order of ``types.CodeType``.

    dill puts the table of lines in front. None where they are not those of a code object.
    """
    given = items[1:] if items and isinstance(items[0], bytes) else items
    if len(given) not in _RELEASES:
        return None
    counts = 5 if len(given) == min(_RELEASES) else 6
    head, (code, constants, names, variables), cells = (
        given[:counts], given[counts : counts + 4], given[-2:],
    )  # fmt: skip
    texts = [names, variables, *cells]
    if not all(isinstance(item, int) for item in head) or not isinstance(code, bytes):
        return None
    if not isinstance(constants, tuple) or not all(_are_texts(item) for item in texts):
        return None
    return StoredCode(
        parts=len(given), instructions=code, constants=len(constants), names=names,
        variables=min(len(variables), max(head[counts - 3], 0)), cells=sum(map(len, cells)),
    )  # fmt: skip


def _are_texts(item: Any) -> bool:
    return isinstance(item, tuple) and all(isinstance(text, str) for text in item)


def loads_of(code: StoredCode) -> Loads | None:
    """Tell which names code loads; None where its instructions begin as no release's do."""
    readings = [
        _read(code, release)
        for release in _RELEASES[code.parts]
        if release.resume < 0 or _begins(code.instructions, release, code.cells)
    ]
    if not readings:
        return None
    readings = [reading for reading in readings if reading.only_computes] or readings
    # What is a method under one release and a global name under the next is a name.
    names = frozenset[str]().union(*(reading.names for reading in readings))
    return Loads(
        names=names,
        attributes=frozenset(code.names) - names,
        only_computes=readings[0].only_computes,
    )


def _begins(instructions: bytes, release: _Release, cells: int) -> bool:
    # Behind what makes cells; of a generator also behind two instructions that make it.
    return release.resume in instructions[: 2 * (cells + 4) : 2]


def _read(code: StoredCode, release: _Release) -> Loads:
    names, attributes, is_known = set[str](), set[str](), True
    for number, place in _steps(code.instructions, release):
        into = attributes if number in release.attribute else names
        if number in release.attribute or number in release.globals_:
            index = place >> (number in release.shifts)
            is_known &= index < len(code.names)
            into.update(code.names[index : index + 1])
        else:
            is_known &= _is_sound(number, place, code, release)
    # A name that no instruction loads is imported, set or deleted.
    names |= set(code.names) - attributes
    return Loads(
        names=frozenset(names), attributes=frozenset(attributes),
        only_computes=is_known and not len(code.instructions) % 2,
    )  # fmt: skip


def _is_sound(number: int, place: int, code: StoredCode, release: _Release) -> bool:
    """Whether an instruction is one that computes, and its place is within what there is."""
    all_places = code.variables + code.cells
    is_shared = code.parts == _SHARED_PLACES
    if number in release.const:
        return place < code.constants
    if number in release.local:
        return place < (all_places if is_shared else code.variables)
    if number in release.pair:
        return max(place >> 4, place & 15) < all_places
    if number in release.cell:
        return place < (all_places if is_shared else code.cells)
    return number in release.plain


def _steps(instructions: bytes, release: _Release) -> Iterator[tuple[int, int]]:
    """Each instruction and its argument, which earlier ones may extend."""
    above = 0
    for number, argument in zip(instructions[::2], instructions[1::2], strict=False):
        if number == release.extended:
            above = (above | argument) << 8
            continue
        yield number, above | argument
        above = 0
