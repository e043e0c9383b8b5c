"""The severity of one failure, where a rule takes it from the items of a list that failed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mlsec.core.enums import Severity
from mlsec.core.suggestions import did_you_mean
from mlsec.engine.evaluation.deciding_clauses import failing_clauses
from mlsec.engine.model.diagnostics import Diagnostics
from mlsec.engine.model.rule import Condition, Quantifier, Quantity, Rule
from mlsec.vocabulary.types import Kind, Type

_BY_NAME = {entry.value: entry for entry in Severity}


def most_severe(values: Iterable[Any], otherwise: Severity) -> Severity:
    """Give the highest of the severities that items name; what names none counts as ``otherwise``.

    A failure has the severity of the worst item that failed; milder ones beside it change nothing.
    """
    result = [_BY_NAME.get(value, otherwise) for value in values]
    return min(result, key=lambda item: item.rank, default=otherwise)


def position_of_grade(rule: Rule) -> int:
    """Where the grade stands among the values that the fast pass gives for each element."""
    clauses = failing_clauses(rule.must) or ()
    paths = [clause.clause.path for clause in clauses]
    return paths.index(rule.graded_by) if rule.graded_by in paths else -1


def read_graded_by(
    raw: Any, must: Condition | None, owner: Type | None, mistakes: Diagnostics
) -> str:
    """Check ``graded_by``: a field of the list's items that names a severity, and that decides."""
    if raw is None or must is None or owner is None:
        return ""
    if not isinstance(must, Quantifier) or must.is_relation or must.quantity is not Quantity.NONE:
        mistakes.add('"graded_by" goes with an assertion "none: {in: LIST, ...}"', "graded_by")
        return ""
    own = owner.properties.get(must.path)
    items = own.items if own is not None else {}
    if raw not in items:
        suggestion = did_you_mean(raw, items)
        mistakes.add(f'unknown field "{raw}" of {must.path}{suggestion}', "graded_by", "=")
    elif items[raw].kind is not Kind.ENUM or not set(items[raw].enum) <= set(_BY_NAME):
        mistakes.add(f'"{raw}" of {must.path} does not name severities', "graded_by", "=")
    elif raw not in _always_compared(must):
        mistakes.add(f'the assertion must compare "{raw}" of every item', "graded_by", "=")
    return str(raw)


def _always_compared(must: Quantifier) -> list[str]:
    """The fields whose value is known of every item that fails."""
    return [
        failing_clause.clause.path
        for failing_clause in failing_clauses(must) or ()
        if not failing_clause.guards
    ]
