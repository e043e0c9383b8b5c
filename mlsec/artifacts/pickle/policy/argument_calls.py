"""Calls that run what they are given, although nothing is wrong with the name that is called."""

from __future__ import annotations

from mlsec.artifacts.pickle.known_names import LISTED, Standing
from mlsec.artifacts.pickle.policy.callable_lists import Policy
from mlsec.artifacts.pickle.policy.evidence import walk
from mlsec.artifacts.pickle.policy.names import class_of
from mlsec.artifacts.pickle.vm.values import CallKind, CallResult, Container, Global, Value

# Functions of Python that call methods of what they are given: its length, its items, its text.
_CALL_METHODS = frozenset(
    """abs all any ascii bin bool bytearray bytes complex dict dir divmod enumerate float format
    frozenset hash hex int iter len list max min next oct ord pow range repr reversed round set
    slice sorted str sum tuple zip dtype""".split()  # noqa: SIM905
)
_HOMES = ("builtins", "__builtin__", "numpy")
# Containers and iterators of these go through what they are given, too.
_CONTAINERS = frozenset((
    "collections", "_collections", "array", "fractions", "decimal", "itertools",
    "torch.fx.immutable_collections",
))  # fmt: skip
# These keep what they are given and ask it nothing.
_KEEP = frozenset(("slice", "dtype", "enumerate", "zip", "iter", "reversed"))
_ITERATES = frozenset(
    """iter zip enumerate reversed chain cycle islice product permutations combinations list tuple
    map filter""".split()  # noqa: SIM905
)
_ITERATORS = ("builtins", "__builtin__", "itertools")
_OF_PYTHON = frozenset(("builtins", "__builtin__", "collections", "numpy", "datetime", "decimal"))
# What the names of classes of classes end in.
_OF_CLASSES = (
    "Meta",
    "MetaClass",
    "Metaclass",
    "Type",
    "type",
    "Factory",
    "Singleton",
    "Generator",
)
# Results of these hold a function that a later call of them calls.
_HOLD_FUNCTIONS = frozenset(
    """function function_type by_value attribute plain_names named curried described
    """.split()  # noqa: SIM905
)


def said_of(policy: Policy, how: CallKind, function: Global, arguments: Value) -> str:
    """What such a call does, in words; "" where it runs nothing that it was given."""
    if _makes_class(function, arguments):
        return "makes a class, whose methods run when it or an object of it is loaded"
    calls_methods = function.name in _CALL_METHODS and function.module in _HOMES
    goes_through = calls_methods or function.module in _CONTAINERS
    if goes_through and any(_is_of_stored_class(item) for item in walk(arguments)):
        return "calls methods of an object whose class is stored with its code"
    given = arguments if type(arguments) is tuple else ()
    if calls_methods and function.name not in _KEEP and any(map(_is_of_library, given)):
        return "calls methods of an object of a library, which call what its state holds"
    is_standard = function.module.partition(".")[0] in policy.standard_modules
    is_unlisted = function.entry.standing is Standing.UNLISTED
    if how is CallKind.NEW and is_standard and is_unlisted and holds_function(arguments):
        return "instantiated with a function, which it may call"
    return ""


def holds_function(arguments: Value) -> bool:
    """Whether something that can be called, and that no list knows, is among the arguments."""
    return any(is_function(item) for item in walk(arguments))


def is_function(given: Value) -> bool:
    """Whether this is what can be called, and no list knows."""
    if isinstance(given, Global):
        return given.entry.standing not in LISTED
    made_by = given.function if isinstance(given, CallResult) else None
    return isinstance(made_by, Global) and made_by.entry.word in _HOLD_FUNCTIONS


def _makes_class(function: Global, arguments: Value) -> bool:
    """A name, the classes above and a namespace: what a class of classes is called with."""
    if type(arguments) is not tuple or len(arguments) != 3:
        return False
    name, above, names = arguments
    if not isinstance(name, str) or type(above) is not tuple or not isinstance(names, Container):
        return False
    if names.kind != "dict" or not all(isinstance(item, (Global, CallResult)) for item in above):
        return False
    has_hooks = any(key.startswith("__") for key in names.mapping())
    return has_hooks or (bool(above) and function.name.endswith(_OF_CLASSES))


def _is_of_library(given: Value) -> bool:
    """Whether this is an object of a library's class, or goes through the items of one."""
    kind = class_of(given) if isinstance(given, CallResult) else None
    if not isinstance(kind, Global):
        return False
    if kind.name in _ITERATES and kind.module in _ITERATORS:
        inner = given.arguments if type(given.arguments) is tuple else ()
        return any(map(_is_of_library, inner))
    is_python = kind.module.partition(".")[0] in _OF_PYTHON
    return kind.entry.standing is Standing.CLASS and not is_python


def _is_of_stored_class(given: Value) -> bool:
    kind = class_of(given)
    made_by = kind.function if isinstance(kind, CallResult) else None
    return isinstance(made_by, Global) and made_by.entry.word == "by_value"
