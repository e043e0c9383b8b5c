"""Ways of judging what dill writes to reach attributes, methods and what refers to objects."""

from __future__ import annotations

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle import methods
from mlsec.artifacts.pickle.naming import (
    is_of_imported_module,
    module_and_name,
    type_by_name,
)
from mlsec.artifacts.pickle.opinions import Case, Opinion
from mlsec.artifacts.pickle.policy import Standing
from mlsec.artifacts.pickle.values import Box, Global, Result, Value
from mlsec.core.enums import Severity
from mlsec.core.regex import regex

_LISTED = (Standing.CLASS, Standing.REDUCER, Standing.MAKER)
# Ways of judging that hold as well where the function was taken by its name and is called later.
_JUDGED_LATER = frozenset(("codec", "typed"))


def named(case: Case) -> Opinion | None:
    """A call of ``_get_attr(module, name)``: the name is judged, here and where it is called.

    Given a text, dill imports the module of this name; given an object, it takes its method.
    """
    pair = module_and_name(case.items)
    if pair is None:
        return _method(case)
    entry = case.court.policy.look_up(*pair)
    subject = ".".join(pair)
    if entry.standing is Standing.DENIED:
        return _denied(subject, entry.word)
    if entry.standing in _LISTED or entry.word in _JUDGED_LATER:
        return None
    is_open = entry.standing is Standing.UNLISTED and is_of_imported_module(case.items)
    kind = FactKind.UNKNOWN_IMPORT if is_open else FactKind.HIDDEN_NAME
    detail = "taken by its name, and not in the inventory of what libraries store"
    return Opinion(kind=kind, subject=subject, detail=detail)


def _method(case: Case) -> Opinion | None:
    """A method of an object that was made here; one that it lacks, dill takes of the builtins."""
    owner, name = case.items if case.items is not None and len(case.items) == 2 else (None, None)
    is_made = isinstance(owner, Box) or (isinstance(owner, Result) and owner.function is not None)
    if is_made and isinstance(name, str) and name.isidentifier() and not name.startswith("_"):
        entry = case.court.policy.look_up("builtins", name)
        if entry.standing is Standing.DENIED:
            return _denied(f"builtins.{name}", entry.word)
        if said := methods.opinion(name, owner):
            return said
        if not isinstance(owner, Result) or not _is_shared(owner):
            return None
    detail = "takes an attribute of what is no module that is written out"
    return Opinion(kind=FactKind.HIDDEN_NAME, detail=detail)


def _is_shared(made: Result) -> bool:
    """A module, or what was taken of an object."""
    words = ("module_by_name", "named", "attribute")
    return isinstance(made.function, Global) and made.function.entry.word in words


def _denied(subject: str, word: str) -> Opinion:
    detail = f"taken by its name: {word}"
    return Opinion(
        kind=FactKind.DENIED_CALL, subject=subject, detail=detail, danger=Severity.CRITICAL
    )


# What Python writes of a method of one of its own types. dill runs the type's name as a text.
_DESCRIBED = regex(
    r"<(?:method|slot wrapper|attribute|member) '([a-z]\w*|__(?:dict|weakref)__)'"
    r" of '([\w.]+)' objects>\Z"
)
_ALL_HAVE = ("__dict__", "__weakref__")
_OWN_TYPES = frozenset(
    """str bytes bytearray int float complex list tuple dict set frozenset bool range
    slice object""".split()  # noqa: SIM905
)


def described(case: Case) -> Opinion | None:
    """``_getattr(str, "lower", "<method 'lower' of 'str' objects>")``: dill runs what stands in the
    text in the place of ``str``, or takes the attribute of the class.
    """
    items = case.items or ()
    owner, name, text = items if len(items) == 3 else (None, None, None)
    said = _DESCRIBED.match(text) if isinstance(text, str) else None
    if said is None or said[1] != name:
        detail = "called: runs a text that is no description of a method"
        return Opinion(kind=FactKind.DENIED_CALL, detail=detail)
    if acts := methods.opinion(said[1], owner):
        return acts
    is_same = isinstance(owner, Global) and owner.full == said[2]
    if _is_own_type(owner, said[2]) or (is_same and _is_class(owner)):
        return None
    if name in _ALL_HAVE and "." not in said[2] and _is_class(owner):
        return None
    return Opinion(kind=FactKind.DENIED_CALL, detail="called: runs a text that names another class")


def _is_own_type(owner: Value, name: str) -> bool:
    """The type of Python's own that the text names, as it is or taken by its name."""
    is_builtin = isinstance(owner, Global) and owner.module in ("builtins", "__builtin__")
    given = owner.name if is_builtin else type_by_name(owner)
    return given == name and name in _OWN_TYPES


def _is_class(owner: Value) -> bool:
    """A listed class, or one that is stored with its code: what all classes have is taken of it."""
    if isinstance(owner, Global):
        return owner.entry.standing in (Standing.CLASS, Standing.REDUCER)
    maker = owner.function if isinstance(owner, Result) else None
    return isinstance(maker, Global) and maker.name == "_create_type"


def weak(case: Case) -> Opinion | None:
    """``_create_weakref(object)``: a second argument would be called when the object goes."""
    if case.items is not None and len(case.items) == 1:
        return None
    return Opinion(kind=FactKind.UNKNOWN_CALL, detail="called with what runs when an object goes")


def emptied(case: Case) -> Opinion | None:
    """``list.clear(list)``: a method of a container that was made here."""
    if case.items is not None and len(case.items) == 1 and isinstance(case.items[0], Box):
        return None
    return Opinion(kind=FactKind.UNKNOWN_CALL, detail="changes what is not made in this file")
