"""Ways of judging a call by its arguments, named in ``rules/callables/judged.yaml``."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.known_names import Standing
from mlsec.artifacts.pickle.policy.attributes import (
    attribute,
    attribute_names,
    is_name,
    plain_names,
)
from mlsec.artifacts.pickle.policy.call_judgement import Call, CallCheck, Judge, Judgement
from mlsec.artifacts.pickle.policy.dill_calls import described, emptied, named, weak
from mlsec.artifacts.pickle.policy.graph_modules import traced
from mlsec.artifacts.pickle.policy.judged_texts import (
    compiled_pattern,
    file_system,
    iterator,
    kept,
    pattern,
    written_value,
    zone,
)
from mlsec.artifacts.pickle.policy.names import has_numbers_only, type_by_name
from mlsec.artifacts.pickle.policy.restore_functions import collection, curried, kept_function
from mlsec.artifacts.pickle.vm.values import CallKind, CallResult, Global, LongLiteral, Value
from mlsec.core.enums import GapReason

# Text that carries bytes (protocol 2 writes bytes as latin-1 text) is decoded up to this size.
DECODED_BYTES = 64 << 20


# Types of Python's own that a class may be derived from: made anew of a value, they run nothing.
_BASES = frozenset(
    ("object", "dict", "list", "tuple", "set", "frozenset", "int", "float", "str", "bytes")
)


def reconstructor(call: Call) -> Judgement | None:
    """``copyreg._reconstructor(class, base, state)``: makes an instance without ``__init__``."""
    items = call.items or ()
    is_class = len(items) == 3 and isinstance(items[0], Global)
    if is_class and type_by_name(items[1]) in _BASES:
        call.judge.called(CallKind.NEW, items[0], (), call.offset)
        return None
    if not is_class or not isinstance(items[1], Global):
        return Judgement(kind=FactKind.HIDDEN_NAME, detail="reconstructs a class that is computed")
    if items[1].module not in ("builtins", "__builtin__"):
        # base.__new__ and base.__init__ run: they are judged as calls of the base.
        call.judge.called(CallKind.REDUCE, items[1], (items[2],), call.offset)
    call.judge.called(CallKind.NEW, items[0], (), call.offset)
    return None


def new(call: Call) -> Judgement | None:
    """``copyreg.__newobj__(class, ...)``: as the opcode NEWOBJ."""
    items = call.items
    if not items:
        return Judgement(kind=FactKind.HIDDEN_NAME, detail="instantiates a class that is computed")
    call.judge.called(CallKind.NEW, items[0], items[1:], call.offset)
    return None


def codec(call: Call) -> Judgement | None:
    """``_codecs.encode(text, "latin1")``: how old protocols write bytes."""
    items = call.items or ()
    if 1 <= len(items) <= 3 and all(
        item in ("latin1", "latin-1", "utf-8", "utf8", "ascii") for item in items[1:2]
    ):
        return None
    return Judgement(kind=FactKind.UNKNOWN_CALL, detail="a codec that files do not use for bytes")


def nested(call: Call) -> Judgement | None:
    """A call that loads the bytes it is given: they are read as a member of their own."""
    items = call.items or ()
    window = _window(call.judge, items[0]) if len(items) == 1 else None
    if window is None:
        detail = "loads bytes that cannot be known from the file"
        return Judgement(kind=FactKind.UNKNOWN_CALL, detail=detail)
    call.judge.record.member(f"bytes at {call.offset}", window)
    return None


def _window(judge: Judge, value: Value) -> Window | None:
    if isinstance(value, bytes):
        return Window.of(value)
    if isinstance(value, LongLiteral) and not value.is_text:
        return judge.window.part(value.offset, value.size_bytes)
    function = value.function if isinstance(value, CallResult) else None
    if isinstance(function, Global) and function.name == "encode" and function.entry.word:
        text = value.arguments[0]
        if isinstance(text, str):
            return Window.of(text.encode("latin-1", "replace"))
        if isinstance(text, LongLiteral) and text.is_text and text.size_bytes <= DECODED_BYTES:
            judge.record.budget.inflate(text.size_bytes)
            data = judge.window.exactly(text.offset, text.size_bytes)
            return Window.of(data.decode("utf-8", "replace").encode("latin-1", "replace"))
    return None


def inner_call(call: Call) -> Judgement | None:
    """``f(function, type, arguments, state)``: the inner function is called."""
    items = call.items or ()
    if len(items) < 3:
        return Judgement(kind=FactKind.HIDDEN_NAME, detail="calls a function that is computed")
    call.judge.called(CallKind.REDUCE, items[0], items[2], call.offset)
    if len(items) > 3:
        # What was made is given the state as by BUILD.
        call.judge.built(CallResult(items[0], items[2], None), items[3], call.offset)
    return None


def type_of_numba(call: Call) -> Judgement | None:
    """``_type_reconstructor(function, arguments, state)``: the function is called, no other."""
    items = call.items or ()
    if len(items) != 3:
        return Judgement(kind=FactKind.HIDDEN_NAME, detail="calls a function that is computed")
    call.judge.called(CallKind.REDUCE, items[0], items[1], call.offset)
    return None


def function(call: Call) -> Judgement | None:
    """``functools.partial(function, ...)``: stores a function for a later call."""
    if not call.items:
        return Judgement(kind=FactKind.HIDDEN_NAME, detail="stores a function that is computed")
    return kept_function(call.items[0])


def cached(call: Call) -> Judgement | None:
    """``functools.lru_cache(function)``: keeps a function, and asks it for its names only.

    The function was judged where it was made: the words in its code are not its arguments here.
    """
    items = call.items or ()
    kept = kept_function(items[0]) if len(items) == 1 and not has_numbers_only(items) else None
    detail = "called: keeps a function for later calls, which runs what it is given"
    return kept or Judgement(kind=FactKind.UNKNOWN_CALL, detail=detail)


def type_of(call: Call) -> Judgement | None:
    """``type(value)``: how the type of None is stored; with three arguments it makes a class."""
    if call.items is not None and len(call.items) == 1:
        return None
    return Judgement(kind=FactKind.UNKNOWN_CALL, detail="makes a class")


def ufunc(call: Call) -> Judgement | None:
    """``_ufunc_reconstruct(module, name)``: imports a name, which must be one of theirs."""
    items = call.items or ()
    if len(items) == 2 and all(isinstance(item, str) for item in items) and is_name(items[1]):
        package = items[0].partition(".")[0]
        is_denied = call.judge.policy.look_up(items[0], items[1]).standing is Standing.DENIED
        if package in ("numpy", "scipy", "__main__") and "test" not in items[0] and not is_denied:
            return None
    return Judgement(kind=FactKind.HIDDEN_NAME, detail="imports a name that is given as text")


def typed(call: Call) -> Judgement | None:
    """``operator.getitem(List, int)``: how an annotation with a parameter is stored."""
    owner = (call.items or (None,))[0]
    if isinstance(owner, Global) and owner.module in ("typing", "typing_extensions"):
        return None
    return Judgement(kind=FactKind.UNKNOWN_CALL, detail="takes an item of what is no annotation")


def rebuilt(call: Call) -> Judgement | None:
    """numba: calls made of the bytes of a pickle, which are read; or of what came of that."""
    detail = "a compiled function that is stored with its code, which is not judged"
    call.judge.record.gap(GapReason.UNRESOLVED, detail)
    for item in call.items or ():
        window = _window(call.judge, item)
        if window is not None:
            call.judge.record.member(f"bytes at {call.offset}", window)
            return None
        made_by = item.function if isinstance(item, CallResult) else None
        if isinstance(made_by, Global) and made_by.entry.word == "rebuilt":
            return None
    return Judgement(kind=FactKind.UNKNOWN_CALL, detail="calls what cannot be known from the file")


def array_only(_case: Call) -> Judgement | None:
    """``memmap(...)`` opens a file; as the class that ``_reconstruct`` makes it is an array."""
    return Judgement(kind=FactKind.DENIED_CALL, detail="called: opens a file for its numbers")


JUDGEMENTS: Mapping[str, CallCheck] = {
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
    "cached": cached,
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
