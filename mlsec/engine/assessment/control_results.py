"""What a scan says of each control: evidence against it, or for the part of it that was tested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from mlsec.core.assessment import ControlResult, FrameworkResult, Observed, StatusCounts
from mlsec.core.enums import Automation, ControlStatus, FrameworkKind
from mlsec.core.framework import Control, Framework
from mlsec.engine.model.controls import NOTHING
from mlsec.engine.model.rule import Rule, RuleSet

# A control of these results is always listed; others only where a rule of theirs judged something.
_LISTED = (ControlStatus.AGAINST, ControlStatus.NOT_ASSESSED, ControlStatus.TESTED_PART)


class ControlResults(msgspec.Struct, frozen=True, kw_only=True):
    """Every framework with its controls counted, and the controls that there is evidence about."""

    frameworks: tuple[FrameworkResult, ...] = ()
    controls: tuple[ControlResult, ...] = ()


def control_results(
    ruleset: RuleSet,
    counts: Mapping[str, StatusCounts],
    providers: Collection[str],
    observed: Mapping[str, Sequence[Observed]],
) -> ControlResults:
    """Judge every control of the frameworks that are about a scanned provider.

    ``counts`` says by rule id what each came to, ``providers`` which were scanned. Rules of other
    providers do not count, and a rule that was left out is missing where it is needed. One that
    passed on empty lists alone, as ``observed`` says, met nothing and shows nothing.
    """
    linked = _Linked(ruleset, counts, frozenset(providers), _met_nothing(counts, observed))
    frameworks, controls = [], []
    for framework in ruleset.frameworks.frameworks.values():
        if framework.providers and not linked.providers.intersection(framework.providers):
            continue
        results = [
            linked.result(framework, control_id, control)
            for control_id, control in framework.controls.items()
        ]
        numbers = Counter(result.result.value for result in results)
        frameworks.append(
            FrameworkResult(
                id=framework.id,
                title=framework.title,
                controls=len(results),
                results=dict(sorted(numbers.items())),
            )
        )
        controls += [item for item in results if linked.has_to_say(item)]
    return ControlResults(frameworks=tuple(frameworks), controls=tuple(controls))


class _Linked:
    """The rules behind each control, by ``framework/ID``."""

    def __init__(
        self,
        ruleset: RuleSet,
        counts: Mapping[str, StatusCounts],
        providers: frozenset[str],
        met_nothing: frozenset[str],
    ) -> None:
        self.providers = providers
        self._met_nothing = met_nothing
        self._counts = counts
        self._run = {rule.id for rule in ruleset.rules}
        self._through: dict[str, set[str]] = {}  # by control: the objectives that link to it
        for objective, record in ruleset.frameworks.objectives.items():
            for link in record.controls:
                self._through.setdefault(link.id, set()).add(objective)
        # By control: its rules of scanned providers. A control without an entry has no rule at all.
        self._of_control: dict[str, list[Rule]] = {}
        self._of_objective: dict[str, list[Rule]] = {}
        self._linked_by_run: set[str] = set()
        for rule in (*ruleset.rules, *ruleset.left_out):
            is_scanned = not providers.isdisjoint(_providers(rule, ruleset))
            for link in ruleset.frameworks.links(rule.objective, rule.controls):
                rules = self._of_control.setdefault(link.id, [])
                if is_scanned:
                    rules.append(rule)
                if rule.id in self._run:
                    self._linked_by_run.add(link.id)
            if is_scanned and rule.objective:
                self._of_objective.setdefault(rule.objective, []).append(rule)

    def result(self, framework: Framework, control_id: str, control: Control) -> ControlResult:
        """Judge one control."""
        name = f"{framework.id}/{control_id}"
        rules = self._of_control.get(name)
        if rules is None or control.automation is Automation.MANUAL:
            return ControlResult(
                framework=framework.id,
                id=control_id,
                title=control.title,
                result=ControlStatus.MANUAL,
            )
        total = _sum(self._count(rule) for rule in rules)
        missing: tuple[str, ...] = ()
        if total.failed:
            status = ControlStatus.AGAINST
        elif total.not_assessed:
            status = ControlStatus.NOT_ASSESSED
        else:
            missing = self._missing(framework, name, control, rules)
            is_tested = total.passed and not missing
            status = ControlStatus.TESTED_PART if is_tested else ControlStatus.NO_EVIDENCE
        return ControlResult(
            framework=framework.id,
            id=control_id,
            title=control.title,
            result=status,
            rules=tuple(sorted(r.id for r in rules if _decides(self._count(r), status))),
            counts=total,
            missing=missing if total.passed else (),
        )

    def has_to_say(self, item: ControlResult) -> bool:
        """Whether a result says more than the frameworks and the rules that ran do."""
        if item.result in _LISTED or item.rules:
            return True
        is_left_out = f"{item.framework}/{item.id}" not in self._linked_by_run
        return item.result is ControlStatus.NO_EVIDENCE and is_left_out

    def _missing(
        self, framework: Framework, name: str, control: Control, rules: Sequence[Rule]
    ) -> tuple[str, ...]:
        """Name the needed objectives, and the needed rules, that were not tested and found to hold.

        An objective is tested when none of its rules was left out and they met something.
        """
        if framework.kind is FrameworkKind.BENCHMARK:
            objectives: Iterable[str] = ()
            single = rules
        else:
            through = self._through.get(name, set())
            objectives = control.needed or through
            single = [] if control.needed else [r for r in rules if r.objective not in through]
        return tuple(
            sorted(
                [
                    *(item for item in objectives if not self._holds(self._rules_of(item))),
                    *(rule.id for rule in single if not self._holds([rule])),
                ]
            )
        )

    def _rules_of(self, objective: str) -> Sequence[Rule]:
        return self._of_objective.get(objective, ())

    def _holds(self, rules: Sequence[Rule]) -> bool:
        counts = _sum(self._count(rule) for rule in rules)
        is_whole = not counts.failed and not counts.not_assessed
        has_met = any(
            self._count(rule).passed and rule.id not in self._met_nothing for rule in rules
        )
        return has_met and is_whole and all(rule.id in self._run for rule in rules)

    def _count(self, rule: Rule) -> StatusCounts:
        return self._counts.get(rule.id, NOTHING)


def _met_nothing(
    counts: Mapping[str, StatusCounts], observed: Mapping[str, Sequence[Observed]]
) -> frozenset[str]:
    """Name the rules whose every pass was decided by empty lists."""
    return frozenset(
        rule
        for rule, groups in observed.items()
        if sum(len(group.resources) for group in groups) == counts.get(rule, NOTHING).passed
        and all(
            group.values and not any(map(_holds_something, group.values.values()))
            for group in groups
        )
    )


def _holds_something(value: object) -> bool:
    return not isinstance(value, (list, tuple)) or bool(value)


def _providers(rule: Rule, ruleset: RuleSet) -> set[str]:
    return {item.name.partition(".")[0] for item in ruleset.vocabulary.concrete(rule.resource)}


def _decides(counts: StatusCounts, status: ControlStatus) -> bool:
    match status:
        case ControlStatus.AGAINST:
            return bool(counts.failed)
        case ControlStatus.NOT_ASSESSED:
            return bool(counts.not_assessed)
        case _:
            return bool(counts.passed)


def _sum(counts: Iterable[StatusCounts]) -> StatusCounts:
    known = [item for item in counts if item is not NOTHING]
    fields = StatusCounts.__struct_fields__
    return StatusCounts(**{field: sum(getattr(item, field) for item in known) for field in fields})
