"""Another scanner's failures in our report: under its own ids, and not twice what our rules say."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from mlsec.core.assessment import RuleSummary, StatusCounts
from mlsec.core.catalogue import Fix
from mlsec.core.digest import fingerprint
from mlsec.core.enums import Category, Concern, RuleStatus, Severity, Status
from mlsec.core.external_finding import ExternalReport, ExternalResult
from mlsec.core.finding import Evidence, Finding, Subject
from mlsec.core.resource import Resource
from mlsec.core.sanitize import visible
from mlsec.engine.findings.subject import subject_of
from mlsec.engine.model.rule import RuleSet

# The tools say nothing of how bad it is: what no rule of ours equals is taken for medium.
DEFAULT_SEVERITY = Severity.MEDIUM
_SKIPPED_SHOWN = 20


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken over, and a notice for each run on what was not and why."""

    findings: tuple[Finding, ...] = ()
    notices: tuple[str, ...] = ()


class _Ours:
    """What our own rules say at a place of the code, by the checks that they equal."""

    def __init__(
        self, ruleset: RuleSet, findings: Iterable[Finding], passed: Mapping[str, Iterable[str]]
    ) -> None:
        self.equal: dict[str, list[str]] = defaultdict(list)
        self.severity: dict[str, Severity] = {}
        for rule in ruleset.rules:
            for check in rule.equivalents:
                self.equal[check].append(rule.id)
                result = self.severity.get(check, rule.severity)
                self.severity[check] = min(result, rule.severity, key=lambda item: item.rank)
        wanted = {rule for rules in self.equal.values() for rule in rules}
        self._failed = {
            (finding.rule, finding.resource.id)
            for finding in findings
            if finding.status is Status.FAIL and finding.rule in wanted
        }
        self._passed = {rule: {*passed.get(rule, ())} for rule in wanted}

    def verdict(self, check: str, resources: Iterable[Resource]) -> Status | None:
        """Fail or pass where a rule of ours that equals the check has decided, else None."""
        ids = [resource.id for resource in resources]
        rules = self.equal.get(check, ())
        if any((rule, id_) in self._failed for rule in rules for id_ in ids):
            return Status.FAIL
        is_passed = any(id_ in self._passed[rule] for rule in rules for id_ in ids)
        return Status.PASS if is_passed else None


class _Places:
    """Our own resources by where the code declares them."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._in_file: dict[tuple[str, str], list[Resource]] = defaultdict(list)
        for resource in resources:
            if resource.origin.file and resource.origin.line and not resource.is_stub:
                self._in_file[resource.scope, resource.origin.file].append(resource)

    def at(self, scope: str, external_result: ExternalResult) -> list[Resource]:
        """Give what is declared on the very line, or under the very name, in that file."""
        inside = self._in_file.get((scope, external_result.file), ())
        named = [item for item in inside if _is_named(item, external_result.resource)]
        return named or [item for item in inside if item.origin.line == external_result.line]


def _is_named(resource: Resource, address: str) -> bool:
    return resource.id == address or resource.id.endswith(
        (f"#{address}", f"/{address}", f":{address}")
    )


def merge_external(
    foreign: Sequence[ExternalReport],
    resources: Iterable[Resource],
    ruleset: RuleSet,
    findings: Sequence[Finding],
    passed: Mapping[str, Iterable[str]],
) -> Merged:
    """Turn each failure of another tool into a finding, but where a rule of ours has decided.

    Ours wins: a failure that an equal rule of ours has too is left out, and so is one that an
    equal rule of ours passed; both are counted in a notice.
    """
    if not foreign:
        return Merged()
    ours, places = _Ours(ruleset, findings, passed), _Places(resources)
    made: list[Finding] = []
    notices = []
    for item in foreign:
        counts: Counter[Status | None] = Counter()
        seen: Counter[tuple[str, str]] = Counter()
        for entry in item.run.failed:
            rule = f"{item.run.tool}:{entry.check}"
            here = places.at(item.scope, entry)
            verdict = ours.verdict(rule, here)
            counts[verdict] += 1
            if verdict is None:
                subject = _subject(item.scope, entry, here)
                seen[rule, subject.id] += 1
                severity = ours.severity.get(rule, DEFAULT_SEVERITY)
                number = seen[rule, subject.id]
                made.append(_finding(rule, entry, subject, severity, number))
        notices.append(_notice(item, counts))
    return Merged(findings=tuple(made), notices=tuple(notices))


def _subject(scope: str, external_result: ExternalResult, here: Sequence[Resource]) -> Subject:
    if here:
        first = min(here, key=lambda item: item.id)
        return subject_of(first)
    return Subject(
        id=f"{scope}#{external_result.file}#{external_result.resource}",
        type="code.resource",
        provider="code",
        scope=scope,
        name=external_result.resource,
        file=external_result.file,
        line=external_result.line,
    )


def _finding(
    rule: str, external_result: ExternalResult, subject: Subject, severity: Severity, number: int
) -> Finding:
    """``number`` distinguishes several of one check on one resource."""
    return Finding(
        fingerprint=fingerprint(rule, subject.id, str(number) if number > 1 else ""),
        rule=rule,
        status=Status.FAIL,
        severity=severity,
        category=Category.GOVERNANCE,
        concern=Concern.INFRASTRUCTURE,
        resource=subject,
        message=visible(external_result.title, 300),
        evidence=(
            Evidence(
                path=rule,
                operator="eq",
                expected="PASSED",
                actual="FAILED",
                resource=subject.id,
                source=f"{external_result.file}:{external_result.line}",
            ),
        ),
    )


def _notice(report: ExternalReport, counts: Counter[Status | None]) -> str:
    run, scope = report.run, report.scope
    if not run.version:
        return f"{run.tool} did not finish on {scope}, so none of its results are included"
    line = (
        f"{run.tool} {run.version} on {scope}: {counts[None]:,} of its {counts.total():,} failures"
        f" are in this report, {counts[Status.FAIL]:,} are omitted because an equivalent mlsec rule"
        f" fails there too, {counts[Status.PASS]:,} because it passes there; it gives no severity,"
        f" so medium is assumed where no mlsec rule is equivalent; its {run.passed:,} passes are"
        " not counted"
    )
    if run.skipped:
        named = ", ".join(run.skipped[:_SKIPPED_SHOWN])
        line += f"; {run.tool} skip comments without an expiry date suppress: {named}"
    return line


def external_rules(
    foreign: Iterable[ExternalReport], ruleset: RuleSet, counts: Mapping[str, StatusCounts]
) -> tuple[RuleSummary, ...]:
    """Describe the checks that findings were taken from, as far as their tool describes them."""
    ours = _Ours(ruleset, (), {})
    rule_summaries: dict[str, RuleSummary] = {}
    for item in foreign:
        for entry in item.run.failed:
            rule = f"{item.run.tool}:{entry.check}"
            if rule in counts and rule not in rule_summaries:
                rule_summaries[rule] = _summary(rule, item.run.tool, entry, ours, counts[rule])
    return tuple(rule_summaries[rule] for rule in sorted(rule_summaries))


def _summary(
    rule: str, tool: str, external_result: ExternalResult, ours: _Ours, counts: StatusCounts
) -> RuleSummary:
    severity = ours.severity.get(rule)
    why = f"A check of {tool}, which reports no severity: medium is assumed."
    if severity is not None:
        why = f"A check of {tool}, with the severity of the equivalent rule {ours.equal[rule][0]}."
    return RuleSummary(
        id=rule,
        title=visible(external_result.title, 300),
        severity=severity or DEFAULT_SEVERITY,
        category=Category.GOVERNANCE,
        concern=Concern.INFRASTRUCTURE,
        status=RuleStatus.STABLE,
        resource="",
        why=why,
        fix=Fix(text=f"See the documentation of {tool} for the check {external_result.check}."),
        references=(external_result.link,) if external_result.link else (),
        counts=counts,
    )
