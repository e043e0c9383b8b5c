"""Ways of judging functions that libraries write to put together what refers to functions."""

from __future__ import annotations

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.known_names import Standing
from mlsec.artifacts.pickle.policy.argument_calls import is_function
from mlsec.artifacts.pickle.policy.call_judgement import Call, Judgement
from mlsec.artifacts.pickle.policy.evidence import walk
from mlsec.artifacts.pickle.policy.names import reached
from mlsec.artifacts.pickle.vm.values import CallResult, Global, Value
from mlsec.core.enums import GapReason, Severity

# Results of these hold a function, which was judged where they were made.
_HOLD = frozenset(
    """by_value function function_type attribute curried named plain_names builtin_type
    described""".split()  # noqa: SIM905
)
_CURRY = "curry"


def kept_function(function: Value) -> Judgement | None:
    """A function that is stored, and called by nothing while the file is loaded."""
    made_by = function.function if isinstance(function, CallResult) else None
    if isinstance(made_by, Global) and made_by.entry.word in _HOLD:
        return None  # judged where it was made
    inner = made_by.function if isinstance(made_by, CallResult) else None
    if isinstance(inner, Global) and inner.entry.word == "builtin_type":
        return None  # a type by its name, which was judged where it was called
    if not isinstance(function, Global):
        return Judgement(kind=FactKind.HIDDEN_NAME, detail="stores a function that is computed")
    if function.entry.standing is Standing.DENIED:
        detail = f"stores {function.full} for a later call: {function.entry.word}"
        return Judgement(kind=FactKind.DENIED_CALL, detail=detail)
    return None


def curried(call: Call) -> Judgement | None:
    """``_restore_curry(class, function, ...)``: the function may be a text ``module:name``."""
    items = call.items or ()
    kind = items[0] if len(items) == 6 else None
    if not isinstance(kind, Global) or kind.name != _CURRY:
        return Judgement(kind=FactKind.UNKNOWN_CALL, detail="calls a class that is not its own")
    given = items[1]
    if isinstance(given, str):
        return _imported(call, given)
    return kept_function(given)


def _imported(call: Call, text: str) -> Judgement | None:
    module, _, name = text.rpartition(":")
    entry = call.judge.policy.look_up(module, name)
    if entry.standing is Standing.DENIED:
        detail = f"imported by its text: {entry.word}"
        return Judgement(kind=FactKind.DENIED_CALL, subject=f"{module}.{name}", detail=detail)
    if any(part.startswith("__") or not part.isidentifier() for part in name.split(".")):
        return Judgement(kind=FactKind.HIDDEN_NAME, detail="imports what is no plain name")
    if entry.standing is Standing.UNKNOWN:
        detail = f"what {module} does when it is imported cannot be known from the file"
        call.judge.record.gap(GapReason.UNRESOLVED, detail[:400])
    return None


def collection(call: Call) -> Judgement | None:
    """dask: looks at an expression, for which functions of it are called with empty tables."""
    detail = "a graph of calls, part of which runs when it is loaded, is not judged"
    call.judge.record.gap(GapReason.UNRESOLVED, detail)
    if call.items is None:
        return Judgement(kind=FactKind.UNKNOWN_CALL, detail="an expression that is not written out")
    if not all(map(_is_expression, call.items[:1])):
        return Judgement(kind=FactKind.UNKNOWN_CALL, detail="looks at what is no expression")
    for item in walk(call.items):
        given = reached(call.judge.policy, item) if isinstance(item, CallResult) else item
        if is_function(given) and not _is_known_or_class(given):
            full = given.full if isinstance(given, Global) else ""
            detail = "is part of a graph of calls that runs when it is loaded"
            return Judgement(kind=FactKind.UNKNOWN_CALL, subject=full, detail=detail)
    return Judgement(kind=FactKind.UNVERIFIED_CLASS, detail=detail, danger=Severity.LOW)


def _is_expression(value: Value) -> bool:
    return isinstance(value, (Global, CallResult))


def _is_known_or_class(given: Value) -> bool:
    if not isinstance(given, Global):
        return False
    is_class = given.name.rpartition(".")[2].lstrip("_")[:1].isupper()
    return is_class and given.entry.standing in (Standing.UNKNOWN, Standing.UNLISTED)
