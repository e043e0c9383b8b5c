"""Listed functions that call what they are given: only listed names may be given to them."""

from __future__ import annotations

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.known_names import LISTED, Standing
from mlsec.artifacts.pickle.policy.argument_calls import is_function
from mlsec.artifacts.pickle.policy.call_judgement import Judge
from mlsec.artifacts.pickle.policy.evidence import LOOKED_AT, is_cut, walk
from mlsec.artifacts.pickle.policy.hostile_arguments import reads_texts
from mlsec.artifacts.pickle.policy.names import NOT_LISTED, reached
from mlsec.artifacts.pickle.vm.values import CallResult, Global, Value
from mlsec.core.enums import GapReason

# These make an array of the class with ndarray.__new__: the class's own __new__ does not run.
_ARRAY_MAKERS = ("_reconstruct", "_mareconstruct")
# These call what they are given with the other argument: only generators of numpy may be given.
_CALL_WITH_TEXT = ("__generator_ctor", "__randomstate_ctor", "__bit_generator_ctor")
_GENERATORS = "numpy.random"


def made_by_others(judge: Judge, function: Global, arguments: Value, offset: int) -> None:
    """Judge what a listed function is given to call."""
    every = list(walk(arguments))
    for given in every:
        taken = reached(judge.policy, given)
        if isinstance(given, CallResult) and isinstance(taken, Global):
            _given_name(judge, function, taken, offset)  # dill takes what it calls by its name
        elif isinstance(given, CallResult) and is_function(given):
            detail = f"given to {function.full}, which calls it"
            judge.note(FactKind.UNKNOWN_CALL, "a computed value", detail, offset)
        elif isinstance(given, Global):
            _given_name(judge, function, given, offset)
    if len(every) >= LOOKED_AT:
        _note_cut(judge, function)


def note_unread_texts(judge: Judge, function: Global, arguments: Value) -> None:
    """Say where a function that evaluates texts is given so much that some was not looked at."""
    if reads_texts(function) and is_cut(arguments):
        _note_cut(judge, function)


def _note_cut(judge: Judge, function: Global) -> None:
    detail = f"{function.full} is given more than {LOOKED_AT} values: not all were looked at"
    judge.record.gap(GapReason.OVER_LIMIT, detail[:400])


def _given_name(judge: Judge, function: Global, given: Global, offset: int) -> None:
    is_elsewhere = function.name in _CALL_WITH_TEXT and not given.module.startswith(_GENERATORS)
    if given.entry.standing in LISTED and not is_elsewhere:
        return
    if given.entry.word == "array_only" and function.name in _ARRAY_MAKERS:
        return
    is_denied = given.entry.standing is Standing.DENIED
    is_class = given.name.lstrip("_")[:1].isupper()
    if not is_denied and not is_elsewhere and is_class:
        detail = f"made by {function.full}, and not in the inventory"
        judge.note(FactKind.UNVERIFIED_CLASS, given.full, detail, offset)
        judge.note_unknown(given, NOT_LISTED)
        return
    kind = FactKind.DENIED_CALL if is_denied else FactKind.UNKNOWN_CALL
    judge.note(kind, given.full, f"given to {function.full}, which calls it", offset)
