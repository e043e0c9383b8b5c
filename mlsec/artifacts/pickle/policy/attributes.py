"""Ways of judging what takes an attribute of an object by its name, now or later."""

from __future__ import annotations

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.known_names import Standing
from mlsec.artifacts.pickle.policy import methods
from mlsec.artifacts.pickle.policy.call_judgement import Call, Judgement
from mlsec.artifacts.pickle.policy.names import is_new_of_class, is_own_new
from mlsec.artifacts.pickle.vm.values import (
    CallResult,
    Container,
    Global,
    LongLiteral,
    Opaque,
    Value,
)

# dill, where it is written as what its own functions are taken of.
_OF_DILL = ("dill._dill", "dill._shims._dill")


def is_name(value: Value) -> bool:
    """Whether a value is the plain name of an attribute, and none of Python's own."""
    return isinstance(value, str) and value.isidentifier() and not value.startswith("__")


def _is_of_ufunc(owner: Global, name: Value) -> bool:
    """A method of one of numpy's functions that work on arrays element by element."""
    is_method = name in ("reduce", "accumulate", "reduceat", "outer", "at")
    return is_method and owner.module.partition(".")[0] in ("numpy", "scipy")


def _is_of_attribute(owner: Value) -> bool:
    """Whether this was taken of an object, or of what is no class."""
    made_by = owner.function if isinstance(owner, CallResult) else None
    if not isinstance(made_by, Global) or made_by.entry.word != "attribute":
        return False
    given = owner.arguments
    return type(given) is tuple and bool(given) and not isinstance(given[0], Global)


def attribute(call: Call) -> Judgement | None:
    """``getattr(class, name)``: a nested class or a method of a class that is listed."""
    items = call.items or ()
    if len(items) == 2 and (is_own_new(*items) or is_new_of_class(*items)):
        return None  # a class's own way of making an object: judged where it is called
    if len(items) not in (2, 3) or not is_name(items[1]):
        return Judgement(kind=FactKind.HIDDEN_NAME, detail="getattr with a name that is not plain")
    owner = items[0]
    if isinstance(owner, Global) and owner.full in _OF_DILL and items[1] == "_setattr":
        return None  # judged as setattr where it is called
    if said := methods.judge_method(items[1], owner):
        return said
    if _is_of_attribute(owner):
        return Judgement(kind=FactKind.HIDDEN_NAME, detail="getattr on what getattr gave")
    if isinstance(owner, Container) or (
        isinstance(owner, CallResult) and owner.function is not None
    ):
        # A method bound to an instance: how it was made was judged, and a call of it will be.
        return None
    if not isinstance(owner, Global):
        return Judgement(kind=FactKind.HIDDEN_NAME, detail="getattr on a computed value")
    standing = owner.entry.standing
    if standing in (Standing.CLASS, Standing.REDUCER) or (
        standing is Standing.UNKNOWN and owner.name[:1].isupper()
    ):
        return None
    if standing is not Standing.DENIED and _is_of_ufunc(owner, items[1]):
        return None
    kind = FactKind.DENIED_CALL if standing is Standing.DENIED else FactKind.HIDDEN_NAME
    subject = f"{owner.full}.{items[1]}"
    return Judgement(kind=kind, subject=subject, detail="getattr on what is no listed class")


def attribute_names(call: Call) -> Judgement | None:
    """``attrgetter("name")``: stores names to look up later."""
    items = call.items
    if items and all(is_name(item) or isinstance(item, int) for item in items):
        return None
    return Judgement(kind=FactKind.HIDDEN_NAME, detail="looks up names that are not plain")


def plain_names(call: Call) -> Judgement | None:
    """``methodcaller("name", ...)``: stores a method call for later."""
    items = call.items
    if items and is_name(items[0]) and (said := methods.judge_method(items[0])):
        return said
    if items and is_name(items[0]) and all(_is_flat(item) for item in items[1:]):
        return None
    return Judgement(kind=FactKind.HIDDEN_NAME, detail="calls a method that is not plain")


def _is_flat(value: Value) -> bool:
    return (
        not isinstance(value, (Global, CallResult, LongLiteral, Container))
        and value is not Opaque.UNKNOWN
    )
