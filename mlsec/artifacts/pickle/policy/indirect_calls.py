"""Objects that act through what they are given: hooks among items, tables that call, states with
functions where methods of a container are expected.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.known_names import ACTING_KEYS, Standing, may_act
from mlsec.artifacts.pickle.policy.argument_calls import is_function
from mlsec.artifacts.pickle.policy.call_judgement import Judgement
from mlsec.artifacts.pickle.policy.evidence import LOOKED_AT, is_plain, walk
from mlsec.artifacts.pickle.policy.names import HOOKS, class_of
from mlsec.artifacts.pickle.vm.values import CallResult, Container, Elided, Global, Value
from mlsec.core.enums import Severity

# Methods of containers and arrays that classes call of a part of their state.
METHODS = frozenset(
    """get setdefault pop popitem items keys values append extend astype to_mkldnn
    nbunch_iter""".split()  # noqa: SIM905
)
# Calls that make a text: of a key made so nobody can tell what it names.
_MAKE_TEXT = frozenset(
    ("builtins.str", "__builtin__.str", "__builtin__.unicode", "numpy.str_", "_codecs.encode")
)
_SCALARS = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
_FUNCTIONS = ("function", "function_type", "curried", "attribute", "named")
_OPEN = (Standing.UNKNOWN, Standing.UNLISTED)
_MAKE_TABLES = ("builtins", "__builtin__", "collections")


def by_keys(table: Container) -> Iterator[Judgement]:
    """What is wrong with the keys of a table that becomes a state or part of an object."""
    pairs = zip(table.items[::2], table.items[1::2], strict=False)
    for key, value in pairs:
        if is_made_text(value):
            continue
        if type(key) is str and (key in HOOKS or key in ACTING_KEYS) and can_act(value):
            detail = f"sets {key} of an object, or of what it takes for its attributes"
            yield Judgement(kind=FactKind.PATCHED_OBJECT, subject=key, detail=detail)
        elif is_made_text(key) and can_act(value):
            detail = "sets something that can be called under a name that is computed"
            yield Judgement(kind=FactKind.HIDDEN_NAME, subject="a computed key", detail=detail)

    for key, values in table.acting.items():
        if (key in HOOKS or key in ACTING_KEYS) and any(map(can_act, values)):
            detail = f"sets {key} of an object, or of what it takes for its attributes"
            yield Judgement(kind=FactKind.PATCHED_OBJECT, subject=key, detail=detail)


def by_items(items: list[Value]) -> Iterator[Judgement]:
    """What is wrong with items for an object: what could be called, and what stands before it."""
    pairs = Container("dict")
    for key, value in pairwise(items):
        if type(value) is Elided:
            pairs.acting = value.acting
        elif can_act(value) and (type(key) is CallResult or may_act(key)):
            pairs.items += (key, value)
    if pairs.items or pairs.acting:
        yield from by_keys(pairs)


def given_tables(function: Global, arguments: Value) -> Iterator[Judgement]:
    """Tables among the arguments of a listed call, or made by it of pairs."""
    texts, acts = [], False
    if is_plain(arguments):
        return
    for item in walk(arguments):
        if type(item) is Container and item.kind == "dict":
            yield from by_keys(item)
        elif type(item) is str:
            texts.append(item)
        else:
            acts = acts or is_function(item)
    if acts and function.module in _MAKE_TABLES:
        for text in texts:
            if text in HOOKS or text in ACTING_KEYS:
                detail = f"makes a table that has something to call under {text}"
                yield Judgement(kind=FactKind.PATCHED_OBJECT, subject=text, detail=detail)


def by_object(state: Value) -> Judgement | None:
    """A state that is an object itself: asked for its items, it may call what it holds."""
    if type(state) is not CallResult or _is_kept_function(state):
        return None
    if _is_table_of(state):
        detail = "its state is a table that a call makes of what it is given"
        danger = Severity.MEDIUM
        return Judgement(kind=FactKind.HIDDEN_NAME, subject="a state", detail=detail, danger=danger)
    for part in (state.arguments, state.state):
        parts = part.items if type(part) is Container else (part,)
        for item in walk(tuple(parts)):
            if is_function(item) and not _is_class(item) and not _makes_arrays(state):
                detail = "its state is an object that brings something to call"
                return Judgement(kind=FactKind.PATCHED_OBJECT, subject="a state", detail=detail)
    return None


def _is_table_of(state: CallResult) -> bool:
    """Whether a table is made of pairs or of another one, by a call of Python's own."""
    kind = class_of(state)
    if type(kind) is not Global or kind.module not in _MAKE_TABLES:
        return False
    given = state.arguments if type(state.arguments) is tuple else ()
    return any(type(item) in (Container, CallResult, tuple) for item in given)


def by_methods(state: Value) -> Iterator[Judgement]:
    """Functions under the names of methods, and keys that are computed."""
    for part in state if type(state) is tuple else (state,):
        if type(part) is not Container or part.kind != "dict":
            continue
        for key, value in zip(part.items[::2], part.items[1::2], strict=False):
            if is_made_text(key):
                detail = "sets an attribute whose name is computed"
                yield Judgement(kind=FactKind.HIDDEN_NAME, subject="a computed key", detail=detail)
            elif type(key) is str and key in METHODS and is_function(value):
                detail = f"puts what can be called in the place of the method {key}"
                yield Judgement(kind=FactKind.PATCHED_OBJECT, subject=key, detail=detail)
        for table in _tables_in(part.items):
            yield from by_keys(table)


def _tables_in(items: Iterable[Value]) -> Iterator[Container]:
    """The tables among these values and in them, up to a bound."""
    waiting = [item for item in items if type(item) in (Container, tuple)]
    for _ in range(LOOKED_AT):
        if not waiting:
            return
        result = waiting.pop()
        if type(result) is Container and result.kind == "dict":
            yield result
        inner = result.items if type(result) is Container else result
        waiting += [part for part in inner if type(part) in (Container, tuple)]


def can_act(value: Value) -> bool:
    """Whether a value is a name or what a call gave."""
    return type(value) in (Global, CallResult)


def is_made_text(key: Value) -> bool:
    """Whether a key is a text that a call made."""
    kind = class_of(key) if type(key) is CallResult else None
    if type(kind) is not Global:
        return False
    return kind.full in _MAKE_TEXT or (kind.full in _SCALARS and _is_of_text(key.arguments))


def _is_of_text(arguments: Value) -> bool:
    dtype = arguments[0] if type(arguments) is tuple and arguments else None
    given = dtype.arguments if type(dtype) is CallResult else None
    code = given[0] if type(given) is tuple and given else ""
    return not isinstance(code, str) or code.lstrip("<>=|")[:1] in ("U", "S", "")


def _makes_arrays(state: CallResult) -> bool:
    """Whether this is an array, or of a class that no list knows: that is reported as such."""
    kind = class_of(state)
    if type(kind) is not Global:
        return False
    is_array = kind.module.partition(".")[0] in ("numpy", "torch") or kind.entry.word == "array"
    return is_array or kind.entry.standing is Standing.UNKNOWN


def _is_kept_function(state: CallResult) -> bool:
    """A function that is kept whole: a partial, a method. Attributes of its own could be asked."""
    maker = state.function
    if not isinstance(maker, Global) or maker.entry.word not in _FUNCTIONS:
        return False
    parts = (*walk(state.arguments), *walk(state.state))
    return not any(type(part) is str and part in METHODS for part in parts)


def _is_class(given: Value) -> bool:
    """A class that no list knows and nothing speaks against: an object is of it, or holds it."""
    is_open = type(given) is Global and given.entry.standing in _OPEN
    return is_open and given.name.rpartition(".")[2].lstrip("_")[:1].isupper()
