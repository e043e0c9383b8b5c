"""Which questions are put to what code declares: those that some code could answer.

Four kinds are not, of what code declares alone; of what runs all are asked.

- What no code says: a date of what runs, and what cannot be written in code of the kind, as the
  tables of ``rules/mappings`` say (``never``). Its gap is about the whole type.
- A rule that is about what others do with a thing, where nothing in the scanned code does it and
  only what may be declared outside of it could: a security group applies to models where a model
  is seen to use it. This ends ``when`` and nothing else, so that nothing passes by it.
- That nothing of a kind leads here (``none: {via: role.notebooks}``), where the scanned code has
  nothing of that kind.
- What other code may put around a thing, such as an alarm, of what a notebook makes: by hand, one
  thing at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from mlsec.core.enums import Truth
from mlsec.core.resource import Gap, Resource, is_of_code
from mlsec.engine.evaluation.evaluate import Evaluator
from mlsec.engine.evaluation.kleene import Clause, Outcome, either, every, negate
from mlsec.engine.evaluation.property_reader import View
from mlsec.engine.model.rule import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Not,
    Operator,
    Quantifier,
    Quantity,
    RuleSet,
)

_NOTEBOOK = ".ipynb"


class Known(Protocol):
    """What is known of each gap, by its id, and the resources of each type."""

    @property
    def gaps(self) -> Mapping[str, Gap]: ...
    def of_type(self, name: str) -> tuple[Resource, ...]: ...


class CodeQuestions:
    """Says of a check that was not made whether it is worth asking of code."""

    def __init__(self, ruleset: RuleSet, evaluator: Evaluator, graph: Known) -> None:
        self._rules = {rule.id: rule for rule in ruleset.rules}
        self._evaluator = evaluator
        self._graph = graph
        self._types = evaluator.reader.vocabulary.types
        self._has: dict[str, bool] = {}

    def is_asked(self, rule_id: str, resource: Resource) -> bool:
        """Whether some code could decide the rule; of what is not declared in code always so."""
        rule = self._rules.get(rule_id)
        if rule is None or not resource.stands_in_code:
            return True
        view = self._evaluator.reader.view(resource)
        if rule.when is not None and self._applies(rule.when, view).truth is Truth.FALSE:
            return False
        unknown = _unknown(self._evaluator.truth(rule.must, view))
        around = self._is_elsewhere if resource.origin.file.endswith(_NOTEBOOK) else self._is_never
        return not unknown or not all(
            self._is_only(clause, around) or self._is_from_nowhere(clause) for clause in unknown
        )

    def _applies(self, condition: Condition, view: View, *, is_wanted: bool = True) -> Outcome:
        """Evaluate a condition, with what only other code could show taken not to be there."""
        match condition:
            case AllOf(parts=parts):
                return every(self._applies(part, view, is_wanted=is_wanted) for part in parts)
            case AnyOf(parts=parts):
                return either(self._applies(part, view, is_wanted=is_wanted) for part in parts)
            case Not(part=part):
                return negate(self._applies(part, view, is_wanted=not is_wanted))
            case Compare() | Quantifier():
                outcome = self._evaluator.truth(condition, view, is_wanted=is_wanted)
                unknown = _unknown(outcome)
                if not is_wanted or not unknown or not _is_shown(condition):
                    return outcome
                is_nowhere = all(self._is_only(c, self._is_elsewhere) for c in unknown)
                return Outcome(Truth.FALSE, outcome.clauses) if is_nowhere else outcome

    def _is_only(self, clause: Clause, kind: Callable[[Gap], bool]) -> bool:
        gaps = [self._graph.gaps.get(gap) for gap in clause.value.gaps]
        return bool(gaps) and all(gap is not None and kind(gap) for gap in gaps)

    def _is_from_nowhere(self, clause: Clause) -> bool:
        """Whether it asks that nothing of a kind leads here, and the code has none of it."""
        owner = clause.view.owner
        if owner is None or clause.operator != Quantity.NONE.value or clause.view.prefix:
            return False
        relation = None
        for step in clause.path.split("."):
            relation = owner.relations.get(step)
            if relation is None:
                return False
            owner = self._types[relation.to]
        is_theirs = relation is not None and bool(
            relation.reverse or (relation.derived and owner.is_concept)
        )
        return is_theirs and not self._has_any(owner.name)

    def _has_any(self, type_name: str) -> bool:
        if type_name not in self._has:
            self._has[type_name] = any(not r.is_stub for r in self._graph.of_type(type_name))
        return self._has[type_name]

    def _is_never(self, gap: Gap) -> bool:
        """Whether it is about a whole type: what no code says of any of it."""
        return is_of_code(gap) and gap.subject in self._types

    def _is_elsewhere(self, gap: Gap) -> bool:
        """Whether no code says it, or only code that was not scanned could."""
        is_outside = is_of_code(gap) and gap.subject == gap.scope and gap.wanted in self._types
        return is_outside or self._is_never(gap)


def _unknown(outcome: Outcome) -> tuple[Clause, ...]:
    return outcome.clauses if outcome.truth is Truth.UNKNOWN else ()


def _is_shown(condition: Compare | Quantifier) -> bool:
    """Whether a condition holds because of something that is there, so that it can be seen."""
    if isinstance(condition, Quantifier):
        return condition.quantity is Quantity.SOME
    return condition.operator in (Operator.EQ, Operator.EXISTS) and condition.expected is True
