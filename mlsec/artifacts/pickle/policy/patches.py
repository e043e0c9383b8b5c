"""States and items that change more than the object they are given to."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.known_names import ACTING_KEYS
from mlsec.artifacts.pickle.policy import formulas, indirect_calls
from mlsec.artifacts.pickle.policy.call_judgement import Judgement
from mlsec.artifacts.pickle.policy.external_files import file_outside
from mlsec.artifacts.pickle.policy.names import HOOKS, class_of, keys_of
from mlsec.artifacts.pickle.vm.values import (
    CallResult,
    Container,
    Elided,
    Global,
    LongLiteral,
    Opaque,
    Value,
)
from mlsec.core.enums import Severity
from mlsec.core.regex import regex

# What scipy writes for its distributions, and runs when one is loaded: three functions that only
# hand their arguments on. In the names and defaults nothing can be called.
_NAMES = "[A-Za-z0-9_,= ]*"
_TEMPLATE = regex(
    rf"\s*def _parse_args\(self,{_NAMES}\):\n +return \({_NAMES}\),{_NAMES}\n"
    rf"\s*def _parse_args_rvs\(self,{_NAMES}\):\n +return self\._argcheck_rvs\({_NAMES}\)\n"
    rf"\s*def _parse_args_stats\(self,{_NAMES}moments='mv'\):\n +return \({_NAMES}\),{_NAMES}\s*\Z"
)
_PARTIALS = ("function", "function_type")
_RUN_TEXT = "_parse_arg_template"
_FORMULAS = ("restore_design_info", "restore_model_spec")
# Calls that give what the whole process shares: a module, a class, a function, a logger.
_GIVE_SHARED = frozenset(("module_by_name", "attribute", "ufunc", "builtin_type", "named"))
_LOGGERS = "logging.getLogger"
# Libraries whose objects are stored without items, and which call a key that can be called.
_WITHOUT_ITEMS = frozenset(("pandas",))
_LISTS = frozenset(("FrozenList",))


# Values that can do something, or stand for such.
_CAN_ACT = frozenset((Global, CallResult, Elided))
# Values without items; under a name that does not act it makes no difference what they are.
_SINGLE = frozenset((int, bool, type(None), str, bytes, Opaque, LongLiteral, CallResult, Global))
_KEYS_THAT_ACT = HOOKS | ACTING_KEYS | indirect_calls.METHODS


def is_data(state: Value) -> bool:
    """Whether a state is of values under names that no class is known to act by."""
    if type(state) is tuple:
        return all(type(part) is not CallResult and _is_table_of_data(part) for part in state)
    return type(state) is not CallResult and _is_table_of_data(state)


def _is_table_of_data(part: Value) -> bool:
    if type(part) is not Container or part.kind != "dict":
        return type(part) is not tuple
    keys, values = part.items[::2], part.items[1::2]
    are_names = all(type(key) is str for key in keys) and _KEYS_THAT_ACT.isdisjoint(keys)
    return are_names and not part.acting and all(map(_holds_no_table, values))


def _holds_no_table(value: Value) -> bool:
    if type(value) in _SINGLE:
        return True
    items = value if type(value) is tuple else value.items
    is_dict = type(value) is Container and value.kind == "dict"
    return not is_dict and _SINGLE.issuperset(map(type, items))


def by_state(target: Value, state: Value) -> Iterator[Judgement]:
    """What is wrong with setting the state of an object."""
    if isinstance(target, Global):
        detail = "sets attributes of an imported name, so that it acts differently afterwards"
        yield Judgement(kind=FactKind.PATCHED_OBJECT, subject=target.full, detail=detail)
        return
    inner = target.function if type(target) is CallResult else None
    if isinstance(inner, Global) and _is_shared(inner):
        detail = "sets attributes of what the whole process shares"
        yield Judgement(
            kind=FactKind.PATCHED_OBJECT, subject=f"what {inner.full} gave", detail=detail
        )
    if said := file_outside(target, state):
        yield Judgement(
            kind=FactKind.OUTSIDE_REFERENCE, subject=class_of(target).full, detail=said,
            danger=Severity.HIGH,
        )  # fmt: skip
    if is_data(state):
        return
    keys = keys_of(state)
    for hook in [key for key in keys if key in HOOKS][:1]:
        yield Judgement(
            kind=FactKind.PATCHED_OBJECT, subject=hook, detail=f"sets {hook} of an object"
        )
    for key in [key for key in keys if key in ACTING_KEYS][:1]:
        yield from _by_acting_key(state, key)
    yield from indirect_calls.by_methods(state)
    if isinstance(inner, Global) and inner.entry.word in _PARTIALS:
        return  # a partial keeps its function, which was judged where it was made
    for part in state if type(state) is tuple else (state,):
        if judgement := indirect_calls.by_object(part):
            yield judgement


def _by_acting_key(state: Value, key: str) -> Iterator[Judgement]:
    """What a class calls or runs of its state; values that were not kept may be anything."""
    kept = [part.mapping() for part in _parts(state)]
    values = [part[key] for part in kept if key in part]
    values += [item for part in _parts(state) for item in part.acting.get(key, ())]
    values = values or [Opaque.UNKNOWN]
    if key in _FORMULAS:
        yield from _by_formula([part.get("formula", Opaque.UNKNOWN) for part in kept])
        return
    for value in values:
        if key == _RUN_TEXT:
            if not (isinstance(value, str) and _TEMPLATE.match(value)):
                detail = (
                    "a text that its class runs when it is loaded, and that its library never wrote"
                )
                yield Judgement(kind=FactKind.DENIED_CALL, subject=key, detail=detail)
        elif isinstance(value, (Global, CallResult)) or value is Opaque.UNKNOWN:
            detail = f"sets {key}, which its class calls while it takes its state"
            yield Judgement(kind=FactKind.PATCHED_OBJECT, subject=key, detail=detail)


def _by_formula(formulas_kept: list[Value]) -> Iterator[Judgement]:
    """Statsmodels evaluates the formula of such a state while it loads it."""
    for formula in formulas_kept:
        said = formulas.acts(formula) if isinstance(formula, str) else "what is not written out"
        if said:
            detail = f"a formula that is evaluated when it is loaded calls {said}"[:200]
            yield Judgement(
                kind=FactKind.DENIED_CALL, subject="formula", detail=detail, danger=Severity.HIGH
            )


def by_items(target: Value, items: list[Value]) -> Iterator[Judgement]:
    """What is wrong with putting items into what is no container made in the file."""
    if isinstance(target, Global):
        detail = "puts an item into an imported object"
        yield Judgement(kind=FactKind.PATCHED_OBJECT, subject=target.full, detail=detail)
        return
    result = class_of(target)
    if isinstance(result, Global) and takes_no_items(result):
        detail = "puts an item into an object of a library that stores none so"
        yield Judgement(kind=FactKind.PATCHED_OBJECT, subject=result.full, detail=detail)
        return
    if not _CAN_ACT.isdisjoint(map(type, items)):
        yield from indirect_calls.by_items(items)


def takes_no_items(global_: Global) -> bool:
    """Whether objects of this class are never stored with items of their own."""
    return global_.module.partition(".")[0] in _WITHOUT_ITEMS and global_.name not in _LISTS


def _is_shared(inner: Global) -> bool:
    return inner.entry.word in _GIVE_SHARED or inner.full == _LOGGERS


def _parts(state: Value) -> list[Container]:
    parts = state if isinstance(state, tuple) else (state,)
    return [part for part in parts if isinstance(part, Container) and part.kind == "dict"]
