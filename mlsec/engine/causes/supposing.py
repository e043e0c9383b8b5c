"""Judges a rule again, supposing that one fact were as the rule wants it."""

from __future__ import annotations

from collections.abc import Callable, Collection

from mlsec.core.enums import Status
from mlsec.core.resource import Resource
from mlsec.engine.evaluation.evaluate import Evaluator
from mlsec.engine.evaluation.kleene import Clause, Outcome
from mlsec.engine.evaluation.operators import FALSE, TRUE
from mlsec.engine.evaluation.property_reader import View
from mlsec.engine.findings.evidence import shown_path
from mlsec.engine.model.rule import Compare, Quantifier, Rule

IsMended = Callable[[str, str], bool]


class Supposing(Evaluator):
    """An evaluator to which every clause on a mended fact has the truth that the rule wants.

    ``is_mended`` is asked with the id of a resource and the path as evidence shows it.
    """

    def __init__(self, evaluator: Evaluator, is_mended: IsMended) -> None:
        super().__init__(evaluator.reader.vocabulary, evaluator.graph, evaluator.now_s)
        self.reader, self.reached = evaluator.reader, evaluator.reached
        self._is_mended = is_mended

    def ends(self, rule: Rule, resource: Resource) -> bool:
        """Whether the rule would then hold, or not apply; what is unknown ends nothing."""
        status = self.judge(rule, resource).status
        return status in {Status.PASS, Status.NOT_APPLICABLE}

    def _compare(self, clause: Compare, view: View, is_wanted: bool) -> Outcome:  # noqa: FBT001
        return self._supposed(super()._compare(clause, view, is_wanted), is_wanted)

    def _quantify(
        self,
        condition: Quantifier,
        view: View,
        *,
        is_wanted: bool,
        only: Collection[int] | None = None,
    ) -> Outcome:
        outcome = super()._quantify(condition, view, is_wanted=is_wanted, only=only)
        is_about_itself = len(outcome.clauses) == 1 and outcome.clauses[0].path == condition.path
        return self._supposed(outcome, is_wanted) if is_about_itself else outcome

    def _present(self, view: View, wants: bool) -> Outcome:  # noqa: FBT001
        return self._supposed(super()._present(view, wants), wants)

    def _supposed(self, outcome: Outcome, is_wanted: bool) -> Outcome:  # noqa: FBT001
        if all(self._is_of_mended(clause) for clause in outcome.clauses):
            return Outcome(TRUE if is_wanted else FALSE, outcome.clauses)
        return outcome

    def _is_of_mended(self, clause: Clause) -> bool:
        return self._is_mended(clause.view.resource.id, shown_path(clause))
