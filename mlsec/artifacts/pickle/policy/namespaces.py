"""The names of a whole module, which dill gives to a function that it stores with its code."""

from __future__ import annotations

from mlsec.artifacts.content.callables import danger_of
from mlsec.artifacts.pickle.known_names import Entry, Standing
from mlsec.artifacts.pickle.policy.callable_lists import Policy
from mlsec.artifacts.pickle.policy.evidence import LOOKED_AT
from mlsec.artifacts.pickle.vm.values import CallResult, Container, Global, Value
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason

_OF_A_MODULE = "__dict__"
_TAKES_ONE = ("dill._dill._create_function", "dill.dill._create_function")
# Judged as what is only kept; of others it is distinguished by being this very entry.
ENTRY = Entry(standing=Standing.JUDGED, word="kept")
MISUSED = "the names of a whole module are given to what is not a function that is put together"


def is_namespace(policy: Policy, record: Recorder, global_: Global) -> bool:
    """``module.__dict__``: what the functions of a library's module look names up in.

    Of a module that no list holds it is not known what importing it does. Modules of Python itself
    and those that do harm are not among these.
    """
    if global_.name != _OF_A_MODULE:
        return False
    if policy.lists_module(global_.module):
        return True
    is_known = policy.look_up(global_.module, "x").standing in (Standing.DENIED, Standing.JUDGED)
    root = global_.module.partition(".")[0]
    if is_known or root in policy.standard_modules or danger_of(global_.module, "x") is not None:
        return False
    if not all(part.isidentifier() for part in global_.module.split(".")):
        return False
    detail = f"what {global_.module} does when it is imported cannot be known from the file"
    record.gap(GapReason.UNRESOLVED, detail[:400])
    return True


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
