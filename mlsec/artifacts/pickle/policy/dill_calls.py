"""Ways of judging what dill writes to reach attributes, methods and what refers to objects."""

from __future__ import annotations

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.known_names import LISTED, Standing
from mlsec.artifacts.pickle.policy import methods
from mlsec.artifacts.pickle.policy.call_judgement import Call, Judgement
from mlsec.artifacts.pickle.policy.names import (
    is_of_imported_module,
    module_and_name,
    type_by_name,
)
from mlsec.artifacts.pickle.vm.values import CallResult, Container, Global, Value
from mlsec.core.enums import Severity
from mlsec.core.regex import regex

# Ways of judging that hold as well where the function was taken by its name and is called later.
_JUDGED_LATER = frozenset(("codec", "typed"))


def named(call: Call) -> Judgement | None:
    """A call of ``_get_attr(module, name)``: the name is judged, here and where it is called.

    Given a text, dill imports the module of this name; given an object, it takes its method.
    """
    pair = module_and_name(call.items)
    if pair is None:
        return _method(call)
    entry = call.judge.policy.look_up(*pair)
    subject = ".".join(pair)
    if entry.standing is Standing.DENIED:
        return _denied(subject, entry.word)
    if entry.standing in LISTED or entry.word in _JUDGED_LATER:
        return None
    is_open = entry.standing is Standing.UNLISTED and is_of_imported_module(call.items)
    kind = FactKind.UNKNOWN_IMPORT if is_open else FactKind.HIDDEN_NAME
    detail = "taken by its name, and not in the inventory of what libraries store"
    return Judgement(kind=kind, subject=subject, detail=detail)


def _method(call: Call) -> Judgement | None:
    """A method of an object that was made here; one that it lacks, dill takes of the builtins."""
    owner, name = call.items if call.items is not None and len(call.items) == 2 else (None, None)
    is_made = isinstance(owner, Container) or (
        isinstance(owner, CallResult) and owner.function is not None
    )
    if is_made and isinstance(name, str) and name.isidentifier() and not name.startswith("_"):
        entry = call.judge.policy.look_up("builtins", name)
        if entry.standing is Standing.DENIED:
            return _denied(f"builtins.{name}", entry.word)
        if said := methods.judge_method(name, owner):
            return said
        if not isinstance(owner, CallResult) or not _is_shared(owner):
            return None
    detail = "takes an attribute of what is no module that is written out"
    return Judgement(kind=FactKind.HIDDEN_NAME, detail=detail)


def _is_shared(made: CallResult) -> bool:
    """A module, or what was taken of an object."""
    words = ("module_by_name", "named", "attribute")
    return isinstance(made.function, Global) and made.function.entry.word in words


def _denied(subject: str, word: str) -> Judgement:
    detail = f"taken by its name: {word}"
    return Judgement(
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


def described(call: Call) -> Judgement | None:
    """``_getattr(str, "lower", "<method 'lower' of 'str' objects>")``: dill runs what stands in the
    text in the place of ``str``, or takes the attribute of the class.
    """
    items = call.items or ()
    owner, name, text = items if len(items) == 3 else (None, None, None)
    said = _DESCRIBED.match(text) if isinstance(text, str) else None
    if said is None or said[1] != name:
        detail = "called: runs a text that is no description of a method"
        return Judgement(kind=FactKind.DENIED_CALL, detail=detail)
    if acts := methods.judge_method(said[1], owner):
        return acts
    is_same = isinstance(owner, Global) and owner.full == said[2]
    if _is_own_type(owner, said[2]) or (is_same and _is_class(owner)):
        return None
    if name in _ALL_HAVE and "." not in said[2] and _is_class(owner):
        return None
    return Judgement(
        kind=FactKind.DENIED_CALL, detail="called: runs a text that names another class"
    )


def _is_own_type(owner: Value, name: str) -> bool:
    """The type of Python's own that the text names, as it is or taken by its name."""
    is_builtin = isinstance(owner, Global) and owner.module in ("builtins", "__builtin__")
    given = owner.name if is_builtin else type_by_name(owner)
    return given == name and name in _OWN_TYPES


def _is_class(owner: Value) -> bool:
    """A listed class, or one that is stored with its code: what all classes have is taken of it."""
    if isinstance(owner, Global):
        return owner.entry.standing in (Standing.CLASS, Standing.REDUCER)
    maker = owner.function if isinstance(owner, CallResult) else None
    return isinstance(maker, Global) and maker.name == "_create_type"


def weak(call: Call) -> Judgement | None:
    """``_create_weakref(object)``: a second argument would be called when the object goes."""
    if call.items is not None and len(call.items) == 1:
        return None
    return Judgement(kind=FactKind.UNKNOWN_CALL, detail="called with what runs when an object goes")


def emptied(call: Call) -> Judgement | None:
    """``list.clear(list)``: a method of a container that was made here."""
    if call.items is not None and len(call.items) == 1 and isinstance(call.items[0], Container):
        return None
    return Judgement(kind=FactKind.UNKNOWN_CALL, detail="changes what is not made in this file")
