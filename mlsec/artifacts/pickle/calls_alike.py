"""How much of a call may differ without another verdict: which calls are alike."""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec

from mlsec.artifacts.pickle.policy import Standing
from mlsec.artifacts.pickle.shadows import reads_texts, takes_text, writes_out
from mlsec.artifacts.pickle.values import Global, How, Value


class Role(enum.IntEnum):
    """How free a value is, from any to the very same bytes.

    ``FREE`` goes into a container or a state, which nobody looks into. ``GIVEN`` is any literal.
    ``HARMLESS`` holds no program, ``PLAIN`` no command either; ``SILENT`` is a number or a word
    that says nothing, ``NUMBER`` a number only. ``BAD``: no two calls are taken for alike.
    """

    FREE = 0
    GIVEN = 1
    HARMLESS = 2
    PLAIN = 3
    SILENT = 4
    NUMBER = 5
    FIXED = 6
    BAD = 7


class Roles(msgspec.Struct, frozen=True, kw_only=True):
    """The roles of a call's arguments by place, and of all after them.

    ``has_small_numbers``: a number beyond 31 bits would matter.
    """

    places: tuple[Role, ...] = ()
    rest: Role = Role.FIXED
    has_small_numbers: bool = False

    def at(self, place: int) -> Role:
        """The role of one argument."""
        return self.places[place] if place < len(self.places) else self.rest


# After their state something else may follow, or a file be opened: each of these is looked at.
_LOOKED_AT = frozenset(("NumpyArrayWrapper", "NDArrayWrapper", "ZNDArrayWrapper"))
_COUNTED = frozenset(("builtins", "__builtin__", "collections"))

# Of calls that are judged by their arguments: those that are not looked at are free. Any other
# word is not here because what is given is read as a file, or a hole is told of each.
_JUDGED: Mapping[str, Roles] = {
    "codec": Roles(places=(Role.GIVEN,)),
    "function": Roles(places=(Role.FIXED,), rest=Role.GIVEN),
    "plain_names": Roles(places=(Role.FIXED,), rest=Role.GIVEN),
    "attribute_names": Roles(rest=Role.NUMBER),
    **dict.fromkeys(
        ("attribute", "reconstructor", "type_of", "typed", "zone", "array_only", "ufunc",
         "builtin_type"),
        Roles(),
    ),
}  # fmt: skip


def name_role(name: Value) -> Role:
    """BAD where each object of a class must be looked at."""
    is_looked_at = type(name) is Global and name.name in _LOOKED_AT
    return Role.BAD if is_looked_at else Role.FREE


def roles_of(how: How, function: Global, first: Value = None) -> Roles | None:
    """What may differ in a call of a name, of which one was judged; None for nothing at all."""
    is_counted = function.module in _COUNTED
    match function.entry.standing:
        case Standing.DENIED:
            # It is told once, with what was given to the first.
            return Roles(rest=Role.GIVEN)
        case Standing.JUDGED:
            if name_role(first) is Role.BAD:
                return None
            if function.entry.word == "new" and type(first) is Global:
                found = roles_of(How.NEW, first)
                return found and msgspec.structs.replace(found, places=(Role.FIXED, *found.places))
            return _JUDGED.get(function.entry.word)
        case Standing.MAKER:
            return Roles(rest=Role.GIVEN)
        case Standing.CLASS if how is not How.NEW:
            return Roles(rest=Role.SILENT)
        case Standing.REDUCER | Standing.CLASS if reads_texts(function):
            return Roles(rest=Role.SILENT)
        case Standing.REDUCER | Standing.CLASS if writes_out(function):
            return Roles(rest=Role.NUMBER)
        case Standing.REDUCER | Standing.CLASS:
            rest = Role.GIVEN if takes_text(function) else Role.PLAIN
            return Roles(rest=rest, has_small_numbers=is_counted)
        case Standing.UNLISTED | Standing.UNKNOWN:
            return Roles(rest=Role.SILENT)
