"""Judge a whole graph: the fast pass proves what it can, the exact evaluator says the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from mlsec.core.assessment import Observed, StatusCounts, WaiverState
from mlsec.core.coverage import Coverage, TypeCoverage
from mlsec.core.digest import fingerprint
from mlsec.core.enums import Status
from mlsec.core.finding import Finding
from mlsec.core.resource import Gap, Resource
from mlsec.engine.assessment.code_questions import CodeQuestions
from mlsec.engine.assessment.external_findings import Merged
from mlsec.engine.assessment.observations import Observations
from mlsec.engine.assessment.scenarios import Scenarios
from mlsec.engine.assessment.unused_places import UnusedPlaces
from mlsec.engine.causes.grounds import Grounds, GroundsFinder
from mlsec.engine.compiler.compile import FastPass, Proof, compile_rules
from mlsec.engine.evaluation.evaluate import Evaluator
from mlsec.engine.evaluation.property_reader import Relations
from mlsec.engine.findings.findings import finding_of, unlisted_finding
from mlsec.engine.findings.fix_facts import FixFacts
from mlsec.engine.findings.subject import finding_subject
from mlsec.engine.model.controls import NOTHING
from mlsec.engine.model.rule import RuleSet
from mlsec.engine.waivers.waivers import Waiver, apply_waivers
from mlsec.graph.gaps import not_stated

Progress = Callable[[int, int], None]
Merge = Callable[[Sequence[Finding], Mapping[str, Sequence[str]]], Merged]


class JudgedGraph(Relations, Protocol):
    """What assess asks of a graph beside its relations."""

    @property
    def coverage(self) -> Coverage: ...
    def of_type(self, name: str) -> tuple[Resource, ...]: ...
    def note_gap(self, gap: Gap) -> str: ...
    @property
    def gaps(self) -> Mapping[str, Gap]: ...


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """All verdicts: findings (fail, not_assessed) sorted by severity, rule and resource id;
    ``passed`` are resource ids per rule, sorted; ``counts`` per rule; ``totals`` over all.
    """

    findings: tuple[Finding, ...] = ()
    passed: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    observed: Mapping[str, tuple[Observed, ...]] = msgspec.field(default_factory=dict)
    counts: Mapping[str, StatusCounts] = msgspec.field(default_factory=dict)
    totals: StatusCounts = StatusCounts()
    waivers: tuple[WaiverState, ...] = ()
    notices: tuple[str, ...] = ()
    grounds: Grounds = Grounds()


def assess(
    ruleset: RuleSet,
    graph: JudgedGraph,
    *,
    clock: datetime,
    waivers: Sequence[Waiver] = (),
    merge: Merge | None = None,
    keeps_observed: bool = False,
    progress: Progress | None = None,
) -> Judgement:
    """Judge every resource of every rule's type.

    ``merge`` gives what other tools found, when it is given what our own rules did.

    ``clock`` is the one clock value (aware, UTC) of the scan; ``progress`` is called with
    (types done, types in all). ``keeps_observed`` asks for the values that rules passed on, which
    takes time for each pass.
    """
    plans = compile_rules(ruleset)
    evaluator = Evaluator(ruleset.vocabulary, graph, clock.timestamp())
    observations = Observations(evaluator) if keeps_observed else None
    tally = _Tally(ruleset, GroundsFinder(evaluator), observations)
    facts = FixFacts(ruleset.vocabulary, graph, ruleset.rules)
    titles = {rule.id: rule.title for rule in ruleset.rules}
    unused = UnusedPlaces(ruleset.vocabulary, graph, titles)
    scenarios, questions = Scenarios(), CodeQuestions(ruleset, evaluator, graph)
    for done, (type_name, plan) in enumerate(sorted(plans.items())):
        for resource in graph.of_type(type_name):
            if not resource.is_stub:
                scenarios.note(resource)
                for finding in _judge_one(plan, resource, evaluator, tally):
                    if finding.status is Status.NOT_ASSESSED and (
                        resource.is_template or not questions.is_asked(finding.rule, resource)
                    ):
                        tally.not_applicable[finding.rule] += 1
                    elif not unused.holds(finding, resource):
                        tally.findings.append(facts.complete(finding, resource))
        if progress is not None:
            progress(done + 1, len(plans))
    tally.findings = scenarios.fold([*tally.findings, *unused.findings()])
    for row, gaps in _incomplete(graph.coverage.rows):
        plan_of_type = plans.get(row.type)
        for rule in plan_of_type.rules if plan_of_type is not None else ():
            tally.findings.append(unlisted_finding(rule, row, gaps))
    merged = merge(tally.findings, tally.passed) if merge is not None else Merged()
    tally.take(merged)
    tally.findings = [_with_reason(finding, graph) for finding in tally.findings]
    return tally.judgement(waivers, clock)


def _with_reason(finding: Finding, graph: JudgedGraph) -> Finding:
    """Give what was not assessed a gap where it has none: every one has a reason."""
    if finding.status is not Status.NOT_ASSESSED or finding.gaps:
        return finding
    path = next((item.path for item in finding.evidence if item.is_unread), finding.rule)
    gap_id = graph.note_gap(not_stated(finding.resource.scope, finding.resource.id, path))
    evidence = tuple(
        msgspec.structs.replace(item, gaps=(gap_id,)) if item.is_unread and not item.gaps else item
        for item in finding.evidence
    )
    return msgspec.structs.replace(finding, gaps=(gap_id,), evidence=evidence)


def _judge_one(
    plan: FastPass, resource: Resource, evaluator: Evaluator, tally: _Tally
) -> list[Finding]:
    proof = plan.prove(resource, evaluator.now_s)
    findings = [tally.distinct(item) for item in _settled_findings(plan, proof, resource)]
    for finding, (index, _) in zip(findings, proof.failed, strict=False):
        tally.grounds.note(plan.rules[index], resource, finding)
    left = [*proof.is_open, *[index for index, _ in proof.suspects]]
    decided = {*left, *proof.not_applicable, *proof.unread, *[index for index, _ in proof.failed]}
    for index, rule in enumerate(plan.rules):
        if index not in decided:
            tally.passed[rule.id].append(resource.id)
            if tally.observations is not None:
                tally.observations.add_proven(plan, rule, resource)
    for index in proof.not_applicable:
        tally.not_applicable[plan.rules[index].id] += 1
    only = dict(proof.suspects)
    for index in left:
        rule = plan.rules[index]
        verdict = evaluator.judge(rule, resource, only.get(index))
        match verdict.status:
            case Status.PASS:
                tally.passed[rule.id].append(resource.id)
                if tally.observations is not None:
                    tally.observations.add(rule, resource, verdict.clauses)
            case Status.NOT_APPLICABLE:
                tally.not_applicable[rule.id] += 1
            case Status.FAIL:
                finding = tally.distinct(finding_of(rule, resource, verdict))
                tally.grounds.note(rule, resource, finding, verdict.clauses)
                findings.append(finding)
            case Status.NOT_ASSESSED:
                findings.append(tally.distinct(finding_of(rule, resource, verdict)))
    return findings


def _settled_findings(plan: FastPass, proof: Proof, resource: Resource) -> list[Finding]:
    if not proof.failed and not proof.unread:
        return []
    seen, failures = finding_subject(resource), plan.failures
    failed = [failures[index].finding(seen, values) for index, values in proof.failed]
    return failed + [failures[index].unread_finding(seen) for index in proof.unread]


def _incomplete(
    rows: Sequence[TypeCoverage],
) -> list[tuple[TypeCoverage, tuple[str, ...]]]:
    merged: dict[tuple[str, str, str], tuple[TypeCoverage, set[str]]] = {}
    for row in rows:
        if not row.is_complete:
            key = (row.type, row.scope, row.region)
            merged.setdefault(key, (row, set()))[1].update(row.gaps)
    return [(row, tuple(sorted(gaps))) for _, (row, gaps) in sorted(merged.items())]


class _Tally:
    """Collects verdicts while the graph is walked."""

    def __init__(
        self, ruleset: RuleSet, grounds: GroundsFinder, observations: Observations | None
    ) -> None:
        self.ruleset = ruleset
        self.grounds = grounds
        self.observations = observations
        ids = [rule.id for rule in ruleset.rules]
        self.findings: list[Finding] = []
        self.passed: dict[str, list[str]] = {rule_id: [] for rule_id in ids}
        self.not_applicable = dict.fromkeys(ids, 0)
        self.notices: tuple[str, ...] = ()
        self._fingerprints: set[str] = set()

    def distinct(self, finding: Finding) -> Finding:
        """Give a finding whose fingerprint no other has: repositories hold the same file twice."""
        own = finding.fingerprint
        if own in self._fingerprints:
            own = fingerprint(own, finding.resource.id, finding.resource.scope)
            finding = msgspec.structs.replace(finding, fingerprint=own)
        self._fingerprints.add(own)
        return finding

    def take(self, merged: Merged) -> None:
        """Take over what other tools found."""
        self.findings += map(self.distinct, merged.findings)
        self.notices = merged.notices
        for finding in merged.findings:
            self.passed.setdefault(finding.rule, [])
            self.not_applicable.setdefault(finding.rule, 0)

    def judgement(self, waivers: Sequence[Waiver], clock: datetime) -> Judgement:
        """Sort, waive and count."""
        self.findings.sort(key=lambda f: (f.severity.rank, f.rule, f.resource.id, f.status.value))
        findings, states = apply_waivers(self.findings, waivers, clock, self.ruleset)
        counted = Counter((finding.rule, finding.status) for finding in findings)
        waived = Counter(finding.rule for finding in findings if finding.waiver is not None)
        with_findings = {finding.rule for finding in findings}
        counts = {
            rule_id: StatusCounts(
                passed=len(passed),
                failed=counted[rule_id, Status.FAIL],
                not_assessed=counted[rule_id, Status.NOT_ASSESSED],
                not_applicable=self.not_applicable[rule_id],
                waived=waived[rule_id],
            )
            if passed or rule_id in with_findings or self.not_applicable[rule_id]
            else NOTHING
            for rule_id, passed in sorted(self.passed.items())
        }
        passed = {rule_id: tuple(sorted(ids)) for rule_id, ids in sorted(self.passed.items())}
        return Judgement(
            findings=findings,
            passed=passed,
            observed={} if self.observations is None else self.observations.of(passed),
            counts=counts,
            totals=total_of(counts.values()),
            waivers=states,
            notices=self.notices,
            grounds=self.grounds.grounds,
        )


def total_of(counts: Iterable[StatusCounts]) -> StatusCounts:
    """Add the counts of all rules."""
    fields = StatusCounts.__struct_fields__
    result = [msgspec.structs.asdict(count) for count in counts if count is not NOTHING]
    return StatusCounts(**{field: sum(count[field] for count in result) for field in fields})
