"""The names of a whole module, which dill gives to a function that it stores with its code."""

from __future__ import annotations

from mlsec.artifacts.pickle.known_names import Entry, Standing
from mlsec.artifacts.pickle.policy.callable_lists import Policy
from mlsec.artifacts.pickle.policy.evidence import LOOKED_AT
from mlsec.artifacts.pickle.vm.values import CallResult, Container, Global, Value

_OF_A_MODULE = "__dict__"
_TAKES_ONE = ("dill._dill._create_function", "dill.dill._create_function")
# Judged as what is only kept; of others it is distinguished by being this very entry.
ENTRY = Entry(standing=Standing.JUDGED, word="kept")
MISUSED = "the names of a whole module are given to what is not a function that is put together"


def is_namespace(policy: Policy, global_: Global) -> bool:
    """``module.__dict__`` of a module whose names a list holds: what its functions look names up
    in. Taken of any other module it would reach what no list knows.
    """
    return global_.name == _OF_A_MODULE and policy.lists_module(global_.module)


def misuses(function: Value, arguments: Value) -> bool:
    """Whether a call is given a namespace in another place than ``_create_function`` has for it."""
    return _holds_one(_others(function, arguments))


def holds_one(state: Value) -> bool:
    """Whether a state sets a namespace, or is one."""
    return _holds_one((state,))


def _others(function: Value, arguments: Value) -> tuple[Value, ...]:
    """The arguments, but for the place that is meant for a namespace."""
    if not isinstance(function, Global) or function.full not in _TAKES_ONE:
        return (arguments,)
    return arguments[:1] + arguments[2:] if isinstance(arguments, tuple) else (arguments,)


def _holds_one(values: tuple[Value, ...]) -> bool:
    waiting = list(values)
    for _ in range(LOOKED_AT):
        if not waiting:
            return False
        result = waiting.pop()
        if isinstance(result, Global) and result.entry is ENTRY:
            return True
        if isinstance(result, tuple):
            waiting.extend(result[:LOOKED_AT])
        elif isinstance(result, Container):
            waiting.extend(result.items)
        elif isinstance(result, CallResult):
            waiting.extend(_others(result.function, result.arguments))
    return False
