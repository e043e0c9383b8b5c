"""Functions and classes that cloudpickle and dill store with their code, not by their name.

Their code runs when they are called, not when they are loaded; but a class may have hooks that the
loader calls. Code that only computes with what it is given is known; any other is a gap, and a
finding where it names what runs commands or reaches files and networks.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mlsec.artifacts.content.callables import danger_of
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.known_names import LISTED, Standing
from mlsec.artifacts.pickle.policy.argument_calls import holds_function
from mlsec.artifacts.pickle.policy.call_judgement import Call, CallCheck, Judgement
from mlsec.artifacts.pickle.policy.evidence import is_inert, walk
from mlsec.artifacts.pickle.policy.judged_calls import function
from mlsec.artifacts.pickle.policy.names import named_tuple_of, new_of, type_by_name
from mlsec.artifacts.pickle.policy.stored_functions import (
    dangerous_in,
    holds_only_computing,
    only_computes,
)
from mlsec.artifacts.pickle.vm.values import CallKind, CallResult, Container, Global, Value
from mlsec.core.enums import GapReason, Severity

# Methods that a loader calls while it makes an object or a class.
_RUN_AT_LOAD = frozenset(
    """__new__ __setstate__ __reduce__ __reduce_ex__ __del__ __setattr__ __getattr__
    __getattribute__ __init_subclass__ __set_name__ __prepare__ __instancecheck__ __mro_entries__
    _missing_ _member_type_ _value2member_map_ _generate_next_value_
    __hash__ __setitem__ extend append""".split()  # noqa: SIM905
)
# Texts that an attribute of a function or class may be set to without changing what it does.
_NAMES_ONLY = frozenset(
    "__qualname__ __name__ __doc__ __module__ __annotations__ cell_contents".split()  # noqa: SIM905
)
# Types by the names that cloudpickle and dill give them: making one runs nothing.
_PLAIN_TYPES = frozenset(
    """type object int float str bytes bool tuple list dict set frozenset complex slice
    range NoneType EllipsisType NotImplementedType CellType MappingProxyType
    SimpleNamespace""".split()  # noqa: SIM905
)
# Of these the first argument is changed, and of those it is called.
_CHANGE_FIRST = frozenset(
    "_class_setstate _function_setstate _fill_function _rehydrate_skeleton_class cell_set".split()  # noqa: SIM905
)
_CALL_FIRST = frozenset(("_make_skeleton_class", "_create_type"))
_CODE_TYPES = frozenset(("CodeType", "FunctionType", "LambdaType"))
_GETTERS = frozenset(("ItemGetterType", "AttrGetterType"))


def code(call: Call) -> Judgement | None:
    """The parts of a code object: its instructions and what they name."""
    bad = dangerous_in(call.items)
    if not bad and only_computes(call.items):
        detail = "code of a function that is stored with the file: it only computes"
        return Judgement(kind=FactKind.EMBEDDED_CODE, danger=Severity.LOW, detail=detail)
    detail = "code of a function that is stored with the file: it is not judged"
    call.judge.record.gap(GapReason.UNRESOLVED, detail)
    if bad:
        return Judgement(
            kind=FactKind.EMBEDDED_CODE, danger=Severity.HIGH, subject=bad[0],
            detail=f"code that is stored by value names {', '.join(bad[:8])}",
        )  # fmt: skip
    return Judgement(kind=FactKind.EMBEDDED_CODE, danger=Severity.LOW, detail=detail)


def by_value(call: Call) -> Judgement | None:
    """A function or class is put together; a class may bring what the loader calls."""
    boxes = [
        item for item in walk(call.items) if isinstance(item, Container) and item.kind == "dict"
    ]
    hooks = sorted({hook for box in boxes for hook in _hooks(box)})
    if not holds_only_computing(call.name, call.items):
        detail = "a function or class that is stored with its code, which is not judged"
        call.judge.record.gap(GapReason.UNRESOLVED, detail)
    if said := _not_its_own(call):
        return said
    if hooks:
        why = f"a class stored with its code has {hooks[0]}, which runs when it is loaded"
        return Judgement(kind=FactKind.UNKNOWN_CALL, detail=why)
    return None


def _not_its_own(call: Call) -> Judgement | None:
    """A call that changes what is imported, or calls what is no class of classes."""
    first = call.items[0] if call.items else None
    if not isinstance(first, Global):
        return None
    if call.name in _CHANGE_FIRST:
        return Judgement(
            kind=FactKind.PATCHED_OBJECT, subject=first.full,
            detail="changes an imported function or class, as if the file had brought it",
        )  # fmt: skip
    is_class = first.name in ("type", "EnumType") or first.name.lstrip("_")[:1].isupper()
    if call.name in _CALL_FIRST and not (is_class and first.entry.standing is not Standing.DENIED):
        detail = f"called by {call.name}, which calls it to make a class"
        return Judgement(kind=FactKind.UNKNOWN_CALL, subject=first.full, detail=detail)
    return None


def _hooks(box: Container) -> set[str]:
    """What of a class the loader calls.

    Where no object of it can be a key (``__hash__`` is None, as of a dataclass), none is compared.
    """
    values = box.mapping()
    result = {*values, *box.acting} & _RUN_AT_LOAD
    if not box.acting and not box.is_partial and _is_of_enumerations(values.get("__new__")):
        result -= {"__new__"}
    is_no_key = "__hash__" in values and values["__hash__"] is None and not box.acting
    return result - {"__hash__", "__eq__"} if is_no_key else result


def _is_of_enumerations(value: Value) -> bool:
    """``Enum.__new__``, which every enumeration keeps: it looks a member up by its value."""
    return isinstance(value, Global) and value.entry.word == "kept"


def builtin_type(call: Call) -> Judgement | None:
    """``_builtin_type("CodeType")``: a type of Python's own by its name."""
    items = call.items or ()
    if len(items) == 1 and isinstance(items[0], str) and items[0].isidentifier():
        return None
    return Judgement(kind=FactKind.HIDDEN_NAME, detail="a type by a name that is not written out")


def made_of_type(call: Call, name: str) -> Judgement | None:
    """A type that was found by its name is called."""
    if name in _CODE_TYPES:
        return code(call)
    if name in _PLAIN_TYPES or name.endswith(("Error", "Warning", "Exception")):
        return None
    if name == "bytearray":
        # By a number it takes as much memory: judged as a call of the builtin itself.
        global_ = Global("builtins", name, call.offset)
        global_.entry = call.judge.policy.look_up("builtins", name)
        call.judge.called(CallKind.REDUCE, global_, call.items or (), call.offset)
        return None
    if name in ("MethodType", "PartialType"):
        # A method bound to its object is kept, not called; as is what a partial holds.
        return function(call)
    if name in _GETTERS and all(
        isinstance(item, int) or (isinstance(item, str) and not item.startswith("_"))
        for item in call.items or ()
    ):
        return None
    return Judgement(
        kind=FactKind.UNKNOWN_CALL, subject=name, detail="a type by its name is called"
    )


def module_by_name(call: Call) -> Judgement | None:
    """``subimport("numpy")``: imports a module for the globals of a stored function."""
    items = call.items or ()
    if len(items) != 1 or not isinstance(items[0], str):
        return Judgement(kind=FactKind.HIDDEN_NAME, detail="imports a module that is computed")
    danger = danger_of(items[0], "x")
    policy = call.judge.policy
    if policy.look_up(items[0], "x").standing is Standing.UNKNOWN:
        detail = f"what {items[0]} does when it is imported cannot be known from the file"
        call.judge.record.gap(GapReason.UNRESOLVED, detail[:400])
    if danger is not None:
        detail = "a module that can do harm is imported for a function stored by value"
        return Judgement(
            kind=FactKind.DENIED_IMPORT, subject=items[0], detail=detail, danger=Severity.HIGH
        )
    return None


def array(call: Call) -> Judgement | None:
    """``_create_array(function, arguments, state, attributes)``: the function is called."""
    items = call.items or ()
    if len(items) < 3:
        return Judgement(kind=FactKind.HIDDEN_NAME, detail="calls a function that is computed")
    call.judge.called(CallKind.REDUCE, items[0], items[1], call.offset)
    return None


def set_attribute(call: Call) -> Judgement | None:
    """``setattr(object, name, value)``: only names and texts of what was stored by value."""
    items = call.items or ()
    is_own = bool(items) and _is_by_value(items[0])
    if len(items) == 3 and is_own and items[1] in _NAMES_ONLY:
        return None
    return Judgement(kind=FactKind.PATCHED_OBJECT, detail="sets an attribute while it is loaded")


def named_tuple(call: Call) -> Judgement | None:
    """``_create_namedtuple(name, fields, module)``: dill takes the class from its module.

    Only where that has none does it make one of these names, which have to be identifiers.
    """
    pair = named_tuple_of(call.items)
    if pair is None:
        detail = "makes a class by names that are not plain"
        return Judgement(kind=FactKind.HIDDEN_NAME, detail=detail)
    entry = call.judge.policy.look_up(*pair)
    if entry.standing is Standing.DENIED:
        return Judgement(
            kind=FactKind.DENIED_CALL, subject=".".join(pair), danger=Severity.CRITICAL,
            detail=f"taken by its name: {entry.word}",
        )  # fmt: skip
    if entry.standing not in LISTED:
        detail = f"what {'.'.join(pair)} is cannot be known from the file: it is taken by its name"
        call.judge.record.gap(GapReason.UNRESOLVED, detail[:400])
    return None


def function_type(call: Call) -> Judgement | None:
    """``_create_ftype(partial, function, arguments, named)``: dill's way of storing a partial.

    dill takes the class of partials by its name among the types, or as it is.
    """
    items = call.items or ()
    maker = items[0] if len(items) > 1 else None
    is_partial = isinstance(maker, Global) and maker.full == "functools.partial"
    if is_partial or type_by_name(maker) == "PartialType":
        return function(msgspec.structs.replace(call, items=items[1:]))
    return Judgement(kind=FactKind.UNKNOWN_CALL, detail="calls what is no partial")


def zone_file(call: Call) -> Judgement | None:
    """``tzfile(None, path)``: only the path is kept; anything in the first place is opened."""
    items = call.items or ()
    if len(items) == 2 and items[0] is None and (items[1] is None or isinstance(items[1], str)):
        return None
    return Judgement(kind=FactKind.DENIED_CALL, detail="called: reads a file for its time zone")


def called_by_value(call: Call, how: CallKind, made: CallResult) -> tuple[bool, Judgement | None]:
    """Judge a call of what a call of a name gave: whether it is one of these, and what is wrong
    with it.
    """
    inner: Global = made.function
    given = made.arguments if isinstance(made.arguments, tuple) else ()
    first = given[0] if given else None
    if inner.entry.word == "builtin_type" and isinstance(first, str):
        return True, made_of_type(call, first)
    if inner.entry.word == "attribute" and "_setattr" in [g for g in given if type(g) is str]:
        return True, set_attribute(call)
    if inner.full == "functools.partial" and how is CallKind.REDUCE:
        return _partial_called(call, made), None
    if inner.name == "_make_skeleton_enum" and len(call.items or ()) == 1 and is_inert(call.items):
        detail = "a member of an enumeration that is stored with its code"
        return True, Judgement(kind=FactKind.UNVERIFIED_CLASS, detail=detail)
    if inner.entry.word == "by_value" and how is CallKind.NEW:
        detail = "an object of a class that is stored with its code"
        return True, Judgement(kind=FactKind.UNVERIFIED_CLASS, detail=detail)
    return False, None


def _partial_called(call: Call, made: CallResult) -> bool:
    """A partial of a listed function is called as that function would be, whole.

    Its state, where it has one, replaces what it was made of: ``(function, arguments, names, _)``.
    """
    whole = made.arguments
    if made.state is not None:
        state = made.state if isinstance(made.state, tuple) and len(made.state) == 4 else ()
        if not state or not isinstance(state[1], tuple):
            return False
        named = state[2]
        is_bare = named is None or (isinstance(named, Container) and not named.items)
        whole = (state[0], *state[1], *(() if is_bare else (named,)))
    if not isinstance(whole, tuple) or not whole or call.items is None:
        return False
    kind = new_of(whole[0])
    if kind is not None and len(whole) > 1 and whole[1] is kind:
        call.judge.called(CallKind.NEW, kind, (*whole[2:], *call.items), call.offset)
        return True
    if not isinstance(whole[0], Global) or whole[0].entry.standing not in LISTED:
        return False
    if holds_function((*whole[1:], *call.items)):
        return False
    call.judge.called(CallKind.REDUCE, whole[0], (*whole[1:], *call.items), call.offset)
    return True


def _is_by_value(value: Value) -> bool:
    function = value.function if isinstance(value, CallResult) else None
    return getattr(getattr(function, "entry", None), "word", "") == "by_value"


BY_VALUE: Mapping[str, CallCheck] = {
    "code": code,
    "by_value": by_value,
    "builtin_type": builtin_type,
    "module_by_name": module_by_name,
    "array": array,
    "set_attribute": set_attribute,
    "named_tuple": named_tuple,
    "function_type": function_type,
    "zone_file": zone_file,
}
