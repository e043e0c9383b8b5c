"""What the page shows, worked out before a template sees it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence

import msgspec

from mlsec.core.assessment import (
    Assessment,
    ControlResult,
    FrameworkResult,
    RuleSummary,
    StatusCounts,
)
from mlsec.core.enums import Concern, ControlStatus, Severity, Status
from mlsec.core.finding import Finding
from mlsec.core.framework import Framework
from mlsec.core.resource import LeftOut, TypeCoverage
from mlsec.render import tally
from mlsec.render.causes import CauseView, open_causes, severe
from mlsec.render.control_words import CONTROL_LABELS, linked_controls, unlisted_status
from mlsec.render.document import document_digest
from mlsec.render.gate_words import gate_lines
from mlsec.render.html.coverage import TypeRow, left_out_of, type_rows
from mlsec.render.html.paths import PathView, drawn_paths
from mlsec.render.html.places import PlacesView, places_of, subjects_of
from mlsec.render.upload_limits import left_out_notices
from mlsec.render.verdict import Verdict, verdict_of

CAUSES_SHOWN = 8
PATHS_DRAWN = 40
STATIC_FINDINGS = 1_000
COVERAGE_ROWS = 2_000
CONCERN_ABOUT = {
    Concern.INFRASTRUCTURE: "capacity, zones, scaling, networks",
    Concern.DATA: "training data, artifacts, captured traffic",
    Concern.MONITORING: "logs, alarms, drift, capture",
    Concern.DEPLOYMENT: "rollout, rollback, approval, versions",
    Concern.SECURITY: "exposure, access, encryption, supply chain",
}


class ConcernView(msgspec.Struct, frozen=True, kw_only=True):
    """One of the five worries with its checks by outcome."""

    name: str
    about: str
    failed: int
    waived: int
    passed: int
    not_assessed: int
    worst: str


class ControlView(msgspec.Struct, frozen=True, kw_only=True):
    """One control: its result, and its rules with what each came to, failures first."""

    control: ControlResult
    label: str
    rules: tuple[tuple[str, str], ...]


class FrameworkView(msgspec.Struct, frozen=True, kw_only=True):
    """One framework: how many controls came to which result, those with something to say, and the
    ids of the others by what they came to.
    """

    framework: FrameworkResult
    counts: tuple[tuple[str, str, int], ...]
    controls: tuple[ControlView, ...]
    others: tuple[tuple[str, tuple[str, ...]], ...]


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the templates need beside the assessment itself."""

    subjects: tuple[str, ...]
    verdict: Verdict
    gate: str
    counts: tally.Tally
    findings: tuple[Finding, ...]
    severities: tuple[tuple[str, int], ...]
    causes: tuple[CauseView, ...]
    causes_left: int
    severe: int
    severe_left: int
    concerns: tuple[ConcernView, ...]
    accounts: PlacesView
    paths: tuple[PathView, ...]
    paths_left: int
    static: tuple[Finding, ...]
    static_left: int
    static_rest: int
    gap_groups: tuple[tally.GapGroup, ...]
    rights: tuple[str, ...]
    types: tuple[TypeRow, ...]
    places: tuple[TypeCoverage, ...]
    places_left: int
    left_out: tuple[LeftOut, ...]
    enumerated: int
    excluded: int
    scopes: tuple[str, ...]
    files: str
    regions: tuple[str, ...]
    frameworks: tuple[FrameworkView, ...]
    reason_words: dict[str, str]
    notices: tuple[str, ...]
    digest: str
    control_rules: dict[str, str]
    said_by: dict[str, RuleSummary]
    judging: tuple[RuleSummary, ...]
    idle: tuple[str, ...]

    @property
    def state(self) -> str:
        """How much was assessed: nothing, partial or complete."""
        return self.verdict.state


def _by_severity_and_length(finding: Finding) -> tuple[int, int]:
    return finding.severity.rank, -tally.path_length(finding)


def _is_high(finding: Finding) -> bool:
    return finding.severity.rank <= Severity.HIGH.rank


def build_view(assessment: Assessment) -> View:
    """Count, group, rank and cut to the page's bounds; each cut leaves its count."""
    counts = tally.count(assessment)
    findings = tuple(tally.findings_to_read(assessment))
    causes = open_causes(assessment)
    pathed = sorted(filter(tally.is_attack_path, findings), key=_by_severity_and_length)
    worst = [item for item in filter(tally.is_open, findings) if _is_high(item)]
    groups = tally.gap_groups(assessment)
    rules = sorted(assessment.rules, key=lambda rule: rule.id)
    places = sorted(assessment.coverage, key=lambda row: (row.type, row.scope, row.region))
    return View(
        subjects=tuple(subjects_of(assessment)),
        verdict=verdict_of(assessment, counts, causes),
        gate=next(iter(gate_lines(assessment)), ""),
        counts=counts,
        findings=findings,
        severities=tuple((entry.value, counts.by_severity[entry]) for entry in Severity),
        causes=tuple(causes[:CAUSES_SHOWN]),
        causes_left=max(0, len(causes) - CAUSES_SHOWN),
        severe=severe(causes),
        severe_left=severe(causes[CAUSES_SHOWN:]),
        concerns=_concerns(assessment),
        accounts=places_of(assessment),
        paths=drawn_paths(pathed[:PATHS_DRAWN], assessment),
        paths_left=max(0, len(pathed) - PATHS_DRAWN),
        static=tuple(worst[:STATIC_FINDINGS]),
        static_left=max(0, len(worst) - STATIC_FINDINGS),
        static_rest=counts.failed - len(worst),
        gap_groups=tuple(groups),
        rights=tuple(tally.missing_rights(groups)),
        types=type_rows(places, assessment),
        places=tuple(places[:COVERAGE_ROWS]),
        left_out=left_out_of(places),
        places_left=max(0, len(places) - COVERAGE_ROWS),
        enumerated=sum(row.enumerated for row in places),
        excluded=sum(row.excluded for row in places),
        scopes=tuple(tally.scope_names(assessment)),
        files=tally.files_accounted(assessment),
        regions=tuple(sorted({row.region for row in places if row.region.strip()})),
        frameworks=_frameworks(assessment),
        reason_words={reason.value: words for reason, words in tally.REASON_WORDS.items()},
        notices=tuple(
            notice for notice in (*assessment.remarks, *left_out_notices(assessment)) if notice
        ),
        digest=document_digest(assessment),
        said_by={rule.id: rule for rule in assessment.rules},
        judging=tuple(rule for rule in rules if _judged(rule)),
        idle=tuple(rule.id for rule in rules if not _judged(rule)),
        control_rules={rule.id: rule.title for rule in assessment.rules},
    )


def _judged(rule: RuleSummary) -> bool:
    """Whether it met something to judge."""
    counts = rule.counts
    return bool(counts.failed or counts.waived or counts.passed or counts.not_assessed)


def _concerns(assessment: Assessment) -> tuple[ConcernView, ...]:
    outcome: Counter[tuple[Concern, str]] = Counter()
    worst: dict[Concern, Severity] = {}
    for finding in assessment.findings:
        if tally.is_open(finding):
            outcome[finding.concern, "failed"] += 1
            known = worst.get(finding.concern, finding.severity)
            worst[finding.concern] = min(known, finding.severity, key=lambda item: item.rank)
        elif finding.status is Status.NOT_ASSESSED:
            outcome[finding.concern, "not_assessed"] += 1
        else:
            outcome[finding.concern, "waived"] += 1
    for rule in assessment.rules:
        passed = len(assessment.passed.get(rule.id, ())) or rule.counts.passed
        outcome[rule.concern, "passed"] += passed
    return tuple(
        ConcernView(
            name=concern.value,
            about=CONCERN_ABOUT[concern],
            failed=outcome[concern, "failed"],
            waived=outcome[concern, "waived"],
            passed=outcome[concern, "passed"],
            not_assessed=outcome[concern, "not_assessed"],
            worst=worst[concern].value if concern in worst else "",
        )
        for concern in Concern
    )


def _frameworks(assessment: Assessment) -> tuple[FrameworkView, ...]:
    by_framework: dict[str, list[ControlView]] = defaultdict(list)
    counts = {rule.id: rule.counts for rule in assessment.rules}
    described = {item.id: item for item in assessment.catalogue.frameworks}
    linked = linked_controls(assessment)
    for control in assessment.controls:
        rules = [(rule, counts.get(rule, StatusCounts())) for rule in control.rules]
        rules.sort(key=lambda pair: (not pair[1].failed, not pair[1].not_assessed))
        by_framework[control.framework].append(
            ControlView(
                control=control,
                label=CONTROL_LABELS[control.result],
                rules=tuple((rule, _outcome(count)) for rule, count in rules),
            )
        )
    return tuple(
        FrameworkView(
            framework=framework,
            counts=tuple(
                (status.value, label, framework.results[status.value])
                for status, label in CONTROL_LABELS.items()
                if framework.results.get(status.value)
            ),
            controls=tuple(by_framework[framework.id]),
            others=_others(described.get(framework.id), linked, by_framework[framework.id]),
        )
        for framework in sorted(assessment.frameworks, key=lambda item: item.title)
    )


def _others(
    framework: Framework | None, linked: Collection[str], shown: Sequence[ControlView]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Give the ids of the controls that are only counted, by their result."""
    if framework is None:
        return ()
    listed = {view.control.id for view in shown}
    ids: dict[ControlStatus, list[str]] = defaultdict(list)
    for control_id, record in framework.controls.items():
        if control_id not in listed:
            is_linked = f"{framework.id}/{control_id}" in linked
            ids[unlisted_status(record, is_linked=is_linked)].append(control_id)
    return tuple(
        (label, tuple(ids[status])) for status, label in CONTROL_LABELS.items() if ids[status]
    )


def _outcome(counts: StatusCounts) -> str:
    """Say how many of how many resources one rule found wrong."""
    judged = counts.failed + counts.passed + counts.not_assessed
    parts = []
    if counts.failed or not counts.not_assessed:
        word = "failed" if counts.failed else "passed"
        parts.append(f"{counts.failed or counts.passed:,} of {judged:,} {word}")
    if counts.not_assessed:
        parts.append(f"{counts.not_assessed:,} of {judged:,} not assessed")
    return ", ".join(parts)
