"""The exact three-valued evaluator: the only judge of fail and not assessed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import msgspec

from mlsec.core.enums import Severity, Status, Truth
from mlsec.core.resource import Resource
from mlsec.engine.evaluation.applicability import is_lacked, lacks_what_is_read
from mlsec.engine.evaluation.kleene import Clause, Outcome, Verdict, either, every, negate
from mlsec.engine.evaluation.operators import FALSE, TRUE, UNKNOWN, compare
from mlsec.engine.evaluation.property_reader import (
    NO_GAPS,
    UNKNOWN_VALUE,
    Reader,
    Relations,
    Step,
    Value,
    View,
    own_source,
    unread_gaps,
)
from mlsec.engine.evaluation.severity import most_severe
from mlsec.engine.model.rule import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Not,
    Quantifier,
    Quantity,
    Rule,
)
from mlsec.vocabulary.types import Property, RelationKind, Vocabulary

# The things that a path leads to, and what hides others where some may be missing.
_Reached = tuple[list[View], Value | None]
_MOST_REACHED = 64


class Evaluator:
    """Judges resources of one graph at one clock value (seconds since the epoch)."""

    def __init__(self, vocabulary: Vocabulary, graph: Relations, now_s: float) -> None:
        self.reader = Reader(vocabulary)
        self.graph = graph
        self.now_s = now_s
        # Where the last paths led: what ends a failure is asked of the same ones again.
        self.reached: dict[tuple[int, str], tuple[Resource, _Reached]] = {}

    def judge(self, rule: Rule, resource: Resource, only: Collection[int] | None = None) -> Verdict:
        """Give the verdict with the clauses that decided it.

        ``only`` are the elements of the list that the rule is over which can decide: the others
        are proven to hold, so that they can be left out.
        """
        view = self.reader.view(resource)
        if view.owner is not None and lacks_what_is_read(rule, view.owner):
            return Verdict(status=Status.NOT_APPLICABLE)
        context: tuple[Clause, ...] = ()
        if rule.when is not None:
            applies = self.truth(rule.when, view)
            if applies.truth is FALSE:
                return Verdict(status=Status.NOT_APPLICABLE, clauses=applies.clauses)
            if applies.truth is UNKNOWN and not self._holds(rule, view, applies):
                return Verdict(status=Status.NOT_ASSESSED, clauses=applies.clauses)
            context = applies.clauses
        if only is not None and isinstance(rule.must, Quantifier):
            outcome = self._quantify(rule.must, view, is_wanted=True, only=only)
        else:
            outcome = self.truth(rule.must, view)
        status = _STATUS[outcome.truth]
        if status is Status.PASS and outcome.clauses:
            # What passes only because the cloud has no such thing was not looked at.
            is_nothing_there = all(clause.is_lacked for clause in outcome.clauses)
            status = Status.NOT_APPLICABLE if is_nothing_there else status
        severity = self._grade(rule, view, only) if status is Status.FAIL else None
        return Verdict(status=status, clauses=outcome.clauses, context=context, severity=severity)

    def _holds(self, rule: Rule, view: View, applies: Outcome) -> bool:
        """Whether what the rule asks is so: then it does not matter whether the rule applies.

        It rests on values that are there: what hides whether a rule applies may also have left a
        list empty, unless that is made of other properties, all of which were read.
        """
        outcome = self.truth(rule.must, view)
        hiding = [_made_of(clause) for clause in applies.clauses]
        return outcome.truth is TRUE and all(
            clause.value.known not in (None, "", [], ()) or _is_read_apart(clause, hiding)
            for clause in outcome.clauses
        )

    def _grade(self, rule: Rule, view: View, only: Collection[int] | None) -> Severity | None:
        """Give the highest severity of all items that failed; evidence may show only the first."""
        if not rule.graded_by or not isinstance(rule.must, Quantifier):
            return None
        items, _ = self._items(rule.must.path, view, only)
        failed = (item for item in items if self._element(rule.must, item, False).truth is FALSE)  # noqa: FBT003
        return most_severe(
            (self.reader.read(entry, rule.graded_by).known for entry in failed), rule.severity
        )

    def truth(self, condition: Condition, view: View, *, is_wanted: bool = True) -> Outcome:
        """Evaluate one condition (Kleene)."""
        match condition:
            case Compare():
                return self._compare(condition, view, is_wanted)
            case AllOf(parts=parts):
                return every(self.truth(part, view, is_wanted=is_wanted) for part in parts)
            case AnyOf(parts=parts):
                return either(self.truth(part, view, is_wanted=is_wanted) for part in parts)
            case Not(part=part):
                return negate(self.truth(part, view, is_wanted=not is_wanted))
            case Quantifier():
                return self._quantify(condition, view, is_wanted=is_wanted)

    def _compare(self, clause: Compare, view: View, is_wanted: bool) -> Outcome:  # noqa: FBT001
        value = self.reader.read(view, clause.path)
        lacked = value.reading is None and is_lacked(view.owner, clause.path)
        if lacked:
            truth = TRUE if is_wanted else FALSE
        elif value.known is UNKNOWN_VALUE:
            truth = UNKNOWN
        else:
            truth = compare(clause.operator, value.kind, value.known, clause.expected, self.now_s)
        decided = Clause(
            view=view,
            path=clause.path,
            operator=clause.operator.value,
            expected=clause.expected,
            value=value,
            is_wanted=is_wanted,
            truth=truth,
            is_lacked=lacked,
        )
        return Outcome(truth, (decided,))

    def _quantify(
        self,
        condition: Quantifier,
        view: View,
        *,
        is_wanted: bool,
        only: Collection[int] | None = None,
    ) -> Outcome:
        if is_lacked(view.owner, condition.path):
            truth = TRUE if is_wanted else FALSE
            nothing = Value(known=[], raw=[])
            about = self._about(condition, view, nothing, is_wanted, truth)
            return Outcome(truth, (msgspec.structs.replace(about, is_lacked=True),))
        if condition.is_relation:
            elements, missing = self._targets(condition.path, view)
        else:
            elements, missing = self._items(condition.path, view, only)
        wants = is_wanted if condition.quantity is not Quantity.NONE else not is_wanted
        inner = (self._element(condition, element, wants) for element in elements)
        join = either if condition.quantity is Quantity.SOME else every
        outcomes = list(inner)
        if missing is not None:
            outcomes.append(Outcome(UNKNOWN, (self._about(condition, view, missing, is_wanted),)))
        result = join(outcomes)
        if not result.clauses:
            empty = Value(known=[], raw=[])
            about = self._about(condition, view, empty, is_wanted, result.truth)
            return Outcome(result.truth, (about,))
        return result

    def _element(self, condition: Quantifier, view: View, wants: bool) -> Outcome:  # noqa: FBT001
        where, that = condition.where, condition.that
        if condition.quantity is Quantity.EACH:
            assert that is not None  # noqa: S101 - the checker refuses "each" without "that"
            if where is None:
                return self.truth(that, view, is_wanted=wants)
            skipped = negate(self.truth(where, view, is_wanted=not wants))
            if skipped.truth is TRUE:
                return skipped
            result = self.truth(that, view, is_wanted=wants)
            if skipped.truth is FALSE:
                return result
            return either((skipped, result))
        parts = [part for part in (where, that) if part is not None]
        both = every(self.truth(part, view, is_wanted=wants) for part in parts)
        if not parts:
            both = self._present(view, wants)
        return negate(both) if condition.quantity is Quantity.NONE else both

    def _present(self, view: View, wants: bool) -> Outcome:  # noqa: FBT001
        return Outcome(TRUE, (_presence(view, wants),))

    def _items(
        self, path: str, view: View, only: Collection[int] | None
    ) -> tuple[list[View], Value | None]:
        value = self.reader.read(view, path)
        if value.known is UNKNOWN_VALUE or value.reading is None:
            return [], value
        own = value.reading.own
        source = "" if view.prefix else own_source(view.resource, own)
        items = value.known or ()
        return [
            view.inner(path, n, own, source, item)
            for n, item in enumerate(items)
            if only is None or n in only
        ], None

    def _targets(self, path: str, view: View) -> _Reached:
        if view.trail or view.prefix:
            return self._follow(path, view)
        key = (id(view.resource), path)
        known = self.reached.get(key)
        if known is not None and known[0] is view.resource:
            return known[1]
        if len(self.reached) >= _MOST_REACHED:
            self.reached.clear()
        reached = self._follow(path, view)
        self.reached[key] = (view.resource, reached)
        return reached

    def _follow(self, path: str, view: View) -> _Reached:
        views, gaps, is_missing = [view], list(NO_GAPS), False
        for step in path.split("."):
            following: list[View] = []
            seen: set[str] = set()
            for source in views:
                result, hidden = self._hop(source, step)
                if hidden is not None:
                    is_missing = True
                    gaps.extend(hidden)
                for target in result:
                    if target.id not in seen:
                        seen.add(target.id)
                        hop = Step(source=source.resource, relation=step, target=target)
                        following.append(self.reader.view(target, (*source.trail, hop)))
            views = following
        if is_missing:
            return views, Value(known=UNKNOWN_VALUE, gaps=tuple(dict.fromkeys(gaps)))
        return views, None

    def _hop(self, view: View, step: str) -> tuple[tuple[Resource, ...], tuple[str, ...] | None]:
        owner, resource = view.owner, view.resource
        relation = owner.relations.get(step) if owner is not None else None
        if relation is None:
            return (), None if is_lacked(owner, step) else resource.unread.get("*", NO_GAPS)
        hidden = resource.unread.get(step)
        if hidden is None and not (relation.reverse or relation.every):
            hidden = unread_gaps(resource, "*")
        targets = self.graph.targets(resource, step)
        if targets.gaps or hidden is not None:
            return targets.resources, (*(hidden or NO_GAPS), *targets.gaps)
        return targets.resources, None

    def _about(
        self,
        condition: Quantifier,
        view: View,
        value: Value,
        is_wanted: bool,  # noqa: FBT001
        truth: Truth = UNKNOWN,
    ) -> Clause:
        return Clause(
            view=view,
            path=condition.path,
            operator=condition.quantity.value,
            expected="at least one" if condition.quantity is Quantity.SOME else "all known",
            value=value,
            is_wanted=is_wanted,
            truth=truth,
        )


def _own_of(clause: Clause) -> Property | RelationKind | None:
    """Give the property or relation that a clause is about, of the resource itself."""
    owner = clause.view.owner
    if owner is None:
        return None
    return owner.properties.get(clause.path) or owner.relations.get(clause.path)


def _made_of(clause: Clause) -> frozenset[str]:
    """Name the properties of its resource that a derived one is made of; none for others."""
    own = _own_of(clause)
    return frozenset(own.reads) if own is not None and own.derived else frozenset()


def _is_read_apart(clause: Clause, hiding: Sequence[frozenset[str]]) -> bool:
    """Whether a property was read, or all that it is made of, and none of it is in ``hiding``."""
    own, resource = _own_of(clause), clause.view.resource
    if own is None or not all(hiding):
        return False
    names = _made_of(clause) if own.derived else {own.name}
    return bool(names) and all(
        name in resource.properties
        and unread_gaps(resource, name) is None
        and f"{name}[]" not in resource.unread
        and not any(name in names_of for names_of in hiding)
        for name in names
    )


def _presence(view: View, wants: bool) -> Clause:  # noqa: FBT001
    resource = view.resource
    path = view.prefix.rstrip(".") or "id"
    shown = view.item if view.prefix else resource.id
    return Clause(
        view=view,
        path=path if not view.prefix else "",
        operator="exists",
        expected=True,
        value=Value(known=shown, raw=shown),
        is_wanted=wants,
        truth=TRUE,
    )


_STATUS = {TRUE: Status.PASS, FALSE: Status.FAIL, UNKNOWN: Status.NOT_ASSESSED}
Judge = Callable[[Rule, Resource], Verdict]
