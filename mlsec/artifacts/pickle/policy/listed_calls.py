"""Judges calls of what a list knows: only the arguments can be wrong."""

from __future__ import annotations

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.policy import names
from mlsec.artifacts.pickle.policy.call_judgement import Judge
from mlsec.artifacts.pickle.policy.calling_functions import note_unread_texts
from mlsec.artifacts.pickle.policy.evidence import is_inert
from mlsec.artifacts.pickle.policy.hostile_arguments import (
    bomb_in,
    holds_data,
    holds_numbers,
    plain_arguments_of,
    program_in,
    read_as_expression,
    takes_text,
    unnamed,
)
from mlsec.artifacts.pickle.vm.values import CallKind, Global, Value
from mlsec.core.enums import Severity


def judge_listed(judge: Judge, function: Global, arguments: Value, offset: int) -> None:
    """A listed function: what is found first under its name may run the text it is given."""
    if said := read_as_expression(function, arguments):
        detail = f"called with a text that it evaluates: {said}"
        judge.note(FactKind.HOSTILE_ARGUMENT, function.full, detail, offset, Severity.HIGH)
        return
    note_unread_texts(judge, function, arguments)
    if made := bomb_in(function, arguments):
        judge.note(FactKind.BOMB, function.full, made, offset, Severity.MEDIUM)
    given, is_data = unnamed(function, arguments), holds_data(function)
    is_raw = holds_numbers(function)
    if not takes_text(function) and (
        said := program_in(given, judge.window, is_data=is_data, is_raw=is_raw)
    ):
        detail = f"called with what only another function of this name would take: {said}"
        judge.note(FactKind.HOSTILE_ARGUMENT, function.full, detail, offset, Severity.HIGH)


def judge_class(
    judge: Judge, how: CallKind, function: Global, arguments: Value, offset: int
) -> None:
    """A listed class, which its library stores without a call."""
    if how is CallKind.NEW:
        function.is_harmless_when(how, plain_arguments_of(function))
        judge_listed(judge, function, arguments, offset)
    elif arguments == ():
        pass
    elif is_inert(arguments):
        detail = "called with arguments, though its library never stores it so"
        # A bare word may name a file that it opens; numbers steer nothing.
        danger = None if names.has_numbers_only(arguments) else Severity.MEDIUM
        judge.note(FactKind.UNVERIFIED_CLASS, function.full, detail, offset, danger)
        judge.note_unknown(function, detail)
    else:
        detail = "called with arguments that steer it; its library never stores it so"
        judge.note(FactKind.UNKNOWN_CALL, function.full, detail, offset)
