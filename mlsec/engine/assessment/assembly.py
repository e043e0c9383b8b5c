"""Put a judgement together with what was looked at: the assessment every report is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlsec.core.assessment import Assessment, RuleSummary, ScanFacts, StatusCounts, Tool
from mlsec.core.resource import Gap, TypeCoverage
from mlsec.engine.assessment.assess import Judgement
from mlsec.engine.model.controls import NOTHING, Frameworks, Links, control_results
from mlsec.engine.model.rule import Rule, RuleSet


def assemble(
    ruleset: RuleSet,
    frameworks: Frameworks,
    judgement: Judgement,
    *,
    version: str,
    scan: ScanFacts,
    coverage: Sequence[TypeCoverage],
    gaps: Sequence[Gap],
) -> Assessment:
    """Give the whole assessment; it keeps every gap of the collection, and no gap twice."""
    linked = Links(frameworks)
    rules = tuple(_summary(rule, linked, judgement.counts) for rule in ruleset.rules)
    providers = sorted({row.scope.partition("/")[0] for row in coverage})
    return Assessment(
        tool=Tool(
            version=version,
            rules_digest=ruleset.digest,
            rules_count=len(rules),
            vocabulary_digest=ruleset.vocabulary.digest,
        ),
        scan=scan,
        totals=judgement.totals,
        coverage=tuple(sorted(coverage, key=lambda row: (row.scope, row.type, row.region))),
        findings=judgement.findings,
        gaps=tuple(sorted({gap.id: gap for gap in gaps}.values(), key=_gap_order)),
        rules=rules,
        passed={rule: ids for rule, ids in judgement.passed.items() if ids},
        controls=control_results(frameworks, rules, providers),
        waivers=judgement.waivers,
    )


def _gap_order(gap: Gap) -> tuple[str, str, str, str]:
    return (gap.scope, gap.wanted, gap.subject, gap.reason.value)


def _summary(rule: Rule, linked: Links, counts: Mapping[str, StatusCounts]) -> RuleSummary:
    return RuleSummary(
        id=rule.id,
        title=rule.title,
        severity=rule.severity,
        category=rule.category,
        concern=rule.concern,
        status=rule.status,
        resource=rule.resource,
        why=rule.why,
        fix=rule.fix,
        controls=linked.of(rule.topics, rule.controls, rule.resource, rule.objective),
        equivalents=rule.equivalents,
        references=rule.references,
        known_exceptions=rule.known_exceptions,
        counts=counts.get(rule.id, NOTHING),
    )
