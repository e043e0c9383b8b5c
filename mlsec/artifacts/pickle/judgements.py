"""Ways of judging a call by its arguments, named in ``rules/callables/judged.yaml``."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.attributes import attribute, attribute_names, is_name, plain_names
from mlsec.artifacts.pickle.dill_calls import described, emptied, named, weak
from mlsec.artifacts.pickle.graph_modules import traced
from mlsec.artifacts.pickle.judged_texts import (
    compiled_pattern,
    file_system,
    iterator,
    kept,
    pattern,
    written_value,
    zone,
)
from mlsec.artifacts.pickle.naming import type_by_name
from mlsec.artifacts.pickle.opinions import Case, Court, Judgement, Opinion
from mlsec.artifacts.pickle.policy import Standing
from mlsec.artifacts.pickle.restored import collection, curried, kept_function
from mlsec.artifacts.pickle.values import Blob, Global, How, Result, Value
from mlsec.core.enums import GapReason

# Text that carries bytes (protocol 2 writes bytes as latin-1 text) is decoded up to this size.
DECODED_BYTES = 64 << 20


# Types of Python's own that a class may be derived from: made anew of a value, they run nothing.
_BASES = frozenset(
    ("object", "dict", "list", "tuple", "set", "frozenset", "int", "float", "str", "bytes")
)


def reconstructor(case: Case) -> Opinion | None:
    """``copyreg._reconstructor(class, base, state)``: makes an instance without ``__init__``."""
    items = case.items or ()
    is_class = len(items) == 3 and isinstance(items[0], Global)
    if is_class and type_by_name(items[1]) in _BASES:
        case.court.called(How.NEW, items[0], (), case.offset)
        return None
    if not is_class or not isinstance(items[1], Global):
        return Opinion(kind=FactKind.HIDDEN_NAME, detail="reconstructs a class that is computed")
    if items[1].module not in ("builtins", "__builtin__"):
        # base.__new__ and base.__init__ run: they are judged as calls of the base.
        case.court.called(How.REDUCE, items[1], (items[2],), case.offset)
    case.court.called(How.NEW, items[0], (), case.offset)
    return None


def new(case: Case) -> Opinion | None:
    """``copyreg.__newobj__(class, ...)``: as the opcode NEWOBJ."""
    items = case.items
    if not items:
        return Opinion(kind=FactKind.HIDDEN_NAME, detail="instantiates a class that is computed")
    case.court.called(How.NEW, items[0], items[1:], case.offset)
    return None


def codec(case: Case) -> Opinion | None:
    """``_codecs.encode(text, "latin1")``: how old protocols write bytes."""
    items = case.items or ()
    if 1 <= len(items) <= 3 and all(
        item in ("latin1", "latin-1", "utf-8", "utf8", "ascii") for item in items[1:2]
    ):
        return None
    return Opinion(kind=FactKind.UNKNOWN_CALL, detail="a codec that files do not use for bytes")


def nested(case: Case) -> Opinion | None:
    """A call that loads the bytes it is given: they are read as a member of their own."""
    items = case.items or ()
    window = _window(case.court, items[0]) if len(items) == 1 else None
    if window is None:
        detail = "loads bytes that cannot be told from the file"
        return Opinion(kind=FactKind.UNKNOWN_CALL, detail=detail)
    case.court.record.member(f"bytes at {case.offset}", window)
    return None


def _window(court: Court, value: Value) -> Window | None:
    if isinstance(value, bytes):
        return Window.of(value)
    if isinstance(value, Blob) and not value.is_text:
        return court.window.part(value.offset, value.size_bytes)
    function = value.function if isinstance(value, Result) else None
    if isinstance(function, Global) and function.name == "encode" and function.entry.word:
        text = value.arguments[0]
        if isinstance(text, str):
            return Window.of(text.encode("latin-1", "replace"))
        if isinstance(text, Blob) and text.is_text and text.size_bytes <= DECODED_BYTES:
            court.record.budget.inflate(text.size_bytes)
            data = court.window.exactly(text.offset, text.size_bytes)
            return Window.of(data.decode("utf-8", "replace").encode("latin-1", "replace"))
    return None


def inner_call(case: Case) -> Opinion | None:
    """``f(function, type, arguments, state)``: the inner function is called."""
    items = case.items or ()
    if len(items) < 3:
        return Opinion(kind=FactKind.HIDDEN_NAME, detail="calls a function that is computed")
    case.court.called(How.REDUCE, items[0], items[2], case.offset)
    if len(items) > 3:
        # What was made is given the state as by BUILD.
        case.court.built(Result(items[0], items[2], None), items[3], case.offset)
    return None


def type_of_numba(case: Case) -> Opinion | None:
    """``_type_reconstructor(function, arguments, state)``: the function is called, no other."""
    items = case.items or ()
    if len(items) != 3:
        return Opinion(kind=FactKind.HIDDEN_NAME, detail="calls a function that is computed")
    case.court.called(How.REDUCE, items[0], items[1], case.offset)
    return None


def function(case: Case) -> Opinion | None:
    """``functools.partial(function, ...)``: stores a function for a later call."""
    if not case.items:
        return Opinion(kind=FactKind.HIDDEN_NAME, detail="stores a function that is computed")
    return kept_function(case.items[0])


def type_of(case: Case) -> Opinion | None:
    """``type(value)``: how the type of None is stored; with three arguments it makes a class."""
    if case.items is not None and len(case.items) == 1:
        return None
    return Opinion(kind=FactKind.UNKNOWN_CALL, detail="makes a class")


def ufunc(case: Case) -> Opinion | None:
    """``_ufunc_reconstruct(module, name)``: imports a name, which must be one of theirs."""
    items = case.items or ()
    if len(items) == 2 and all(isinstance(item, str) for item in items) and is_name(items[1]):
        package = items[0].partition(".")[0]
        is_denied = case.court.policy.look_up(items[0], items[1]).standing is Standing.DENIED
        if package in ("numpy", "scipy", "__main__") and "test" not in items[0] and not is_denied:
            return None
    return Opinion(kind=FactKind.HIDDEN_NAME, detail="imports a name that is given as text")


def typed(case: Case) -> Opinion | None:
    """``operator.getitem(List, int)``: how an annotation with a parameter is stored."""
    owner = (case.items or (None,))[0]
    if isinstance(owner, Global) and owner.module in ("typing", "typing_extensions"):
        return None
    return Opinion(kind=FactKind.UNKNOWN_CALL, detail="takes an item of what is no annotation")


def rebuilt(case: Case) -> Opinion | None:
    """numba: calls made of the bytes of a pickle, which are read; or of what came of that."""
    detail = "a compiled function that is stored with its code, which is not judged"
    case.court.record.hole(GapReason.UNRESOLVED, detail)
    for item in case.items or ():
        window = _window(case.court, item)
        if window is not None:
            case.court.record.member(f"bytes at {case.offset}", window)
            return None
        made_by = item.function if isinstance(item, Result) else None
        if isinstance(made_by, Global) and made_by.entry.word == "rebuilt":
            return None
    return Opinion(kind=FactKind.UNKNOWN_CALL, detail="calls what cannot be told from the file")


def array_only(_case: Case) -> Opinion | None:
    """``memmap(...)`` opens a file; as the class that ``_reconstruct`` makes it is an array."""
    return Opinion(kind=FactKind.DENIED_CALL, detail="called: opens a file for its numbers")


JUDGEMENTS: Mapping[str, Judgement] = {
    "attribute": attribute,
    "reconstructor": reconstructor,
    "traced": traced,
    "curried": curried,
    "collection": collection,
    "new": new,
    "codec": codec,
    "nested": nested,
    "inner_call": inner_call,
    "function": function,
    "attribute_names": attribute_names,
    "plain_names": plain_names,
    "type_of": type_of,
    "ufunc": ufunc,
    "array_only": array_only,
    "typed": typed,
    "zone": zone,
    "named": named,
    "emptied": emptied,
    "described": described,
    "weak": weak,
    "rebuilt": rebuilt,
    "pattern": pattern,
    "compiled_pattern": compiled_pattern,
    "written_value": written_value,
    "type_of_numba": type_of_numba,
    "kept": kept,
    "file_system": file_system,
    "iterator": iterator,
}
