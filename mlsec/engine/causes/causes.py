"""Folds failures under their root causes: each under exactly one, and as few as possible.

A failure that one of several changes would end goes to the change that ends most failures.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence

from mlsec.core.cause import Cause, Fact, cause_id, own_change
from mlsec.core.enums import Status
from mlsec.core.finding import Finding, Subject
from mlsec.engine.causes.facts import DecidingFacts
from mlsec.engine.causes.grounds import Changes, Grounds
from mlsec.engine.model.rule import Rule, RuleSet
from mlsec.vocabulary.types import Vocabulary

Change = tuple[Fact, ...]


def causes_of(findings: Sequence[Finding], ruleset: RuleSet, grounds: Grounds) -> tuple[Cause, ...]:
    """Give the causes of all failures, those with open ones first, the worst first."""
    failed = [finding for finding in findings if finding.status is Status.FAIL]
    rules = {rule.id: rule for rule in ruleset.rules}
    changes = {
        finding.fingerprint: grounds.changes.get(finding.fingerprint)
        or _only_change(finding, rules.get(finding.rule), ruleset.vocabulary)
        for finding in failed
    }
    subjects = {**grounds.subjects, **{item.resource.id: item.resource for item in failed}}
    chosen = _choose(changes)
    by_change: dict[Change, list[Finding]] = defaultdict(list)
    for finding in failed:
        by_change[chosen[finding.fingerprint]].append(finding)
    causes = [_cause(change, group, changes, subjects) for change, group in by_change.items()]
    is_open = {finding.fingerprint for finding in failed if finding.waiver is None}
    return tuple(sorted(causes, key=lambda cause: _order(cause, is_open)))


def _only_change(finding: Finding, rule: Rule | None, vocabulary: Vocabulary) -> Changes:
    if rule is None or not finding.evidence:
        return (own_change(finding),)
    facts = DecidingFacts(finding, rule, vocabulary).facts
    return (facts,) if len(facts) == 1 else (own_change(finding),)


def _choose(changes: Mapping[str, Changes]) -> dict[str, Change]:
    """Choose one change for each failure, always the one that still ends most."""
    chosen: dict[str, Change] = {}
    ended: dict[Change, set[str]] = defaultdict(set)
    alone: dict[Change, int] = defaultdict(int)
    for fingerprint, several in changes.items():
        if len(several) == 1:
            chosen[fingerprint] = several[0]
            alone[several[0]] += 1
        else:
            for change in several:
                ended[change].add(fingerprint)
    ranked = [(-alone[change] - len(left), change) for change, left in ended.items()]
    heapq.heapify(ranked)
    while ranked:
        count, change = heapq.heappop(ranked)
        left = {fingerprint for fingerprint in ended[change] if fingerprint not in chosen}
        now = -alone[change] - len(left)
        if now > count and left:  # others took some of it: it may no longer be the first
            heapq.heappush(ranked, (now, change))
            continue
        chosen.update(dict.fromkeys(left, change))
    return chosen


def _cause(
    change: Change,
    group: Sequence[Finding],
    changes: Mapping[str, Changes],
    subjects: Mapping[str, Subject],
) -> Cause:
    ranked = sorted(group, key=_reading_order)
    counted = [finding for finding in ranked if finding.waiver is None] or ranked
    home = change[0].resource
    shared = {
        finding.fingerprint: tuple(
            fact for other in changes[finding.fingerprint] if other != change for fact in other
        )
        for finding in sorted(ranked, key=lambda item: item.fingerprint)
        if len(changes[finding.fingerprint]) > 1
    }
    lead = min(counted, key=lambda item: (item.fingerprint in shared, item.resource.id != home))
    return Cause(
        id=cause_id(change),
        resource=subjects.get(home, lead.resource),
        facts=change,
        severity=counted[0].severity,
        lead=lead.fingerprint,
        findings=tuple(finding.fingerprint for finding in ranked),
        shared=shared,
    )


def _reading_order(finding: Finding) -> tuple[int, str, str, str]:
    return finding.severity.rank, finding.rule, finding.resource.id, finding.fingerprint


def _order(cause: Cause, is_open: set[str]) -> tuple[bool, int, int, Change]:
    ends = sum(fingerprint in is_open for fingerprint in cause.findings)
    return not ends, cause.severity.rank, -ends, cause.facts
