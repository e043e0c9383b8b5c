"""What the page shows, worked out before a template sees it."""

from __future__ import annotations

from collections import Counter

import msgspec

from mlsec.core.assessment import (
    Assessment,
    RuleSummary,
)
from mlsec.core.coverage import LeftOut, TypeCoverage
from mlsec.core.enums import Concern, Severity, Status
from mlsec.core.finding import Finding
from mlsec.render import tally
from mlsec.render.causes import CauseView, open_causes, severe
from mlsec.render.document import document_digest
from mlsec.render.gate_words import gate_lines
from mlsec.render.html.controls import FrameworkView, framework_views
from mlsec.render.html.coverage import (
    EmptyPlaces,
    TypeRow,
    empty_places,
    is_something,
    left_out_of,
    type_rows,
)
from mlsec.render.html.paths import PathView, drawn_paths
from mlsec.render.html.places import PlacesView, places_of, subjects_of
from mlsec.render.trend.plot import Plot, plot
from mlsec.render.upload_limits import left_out_notices
from mlsec.render.verdict import Verdict, verdict_of

CAUSES_SHOWN = 8
PATHS_DRAWN = 40
STATIC_FINDINGS = 1_000
COVERAGE_ROWS = 2_000
PLACES_SHOWN = 200
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


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the templates need beside the assessment itself."""

    subjects: tuple[str, ...]
    verdict: Verdict
    gate: str
    trend: tuple[Plot, Plot] | None
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
    empty_places: tuple[EmptyPlaces, ...]
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
    findings = (*tally.findings_to_read(assessment), *assessment.folded)
    causes = open_causes(assessment)
    pathed = sorted(filter(tally.is_attack_path, findings), key=_by_severity_and_length)
    worst = list(filter(_is_high, filter(tally.is_open, findings)))
    groups = tally.gap_groups(assessment)
    rules = sorted(assessment.rules, key=lambda rule: rule.id)
    rows = sorted(assessment.coverage.rows, key=lambda row: (row.type, row.scope, row.region))
    places = list(filter(is_something, rows))
    return View(
        subjects=tuple(subjects_of(assessment)),
        verdict=verdict_of(assessment, counts, causes),
        gate=next(iter(gate_lines(assessment)), ""),
        trend=_trend(assessment),
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
        types=type_rows(assessment),
        places=tuple(places[:COVERAGE_ROWS]),
        left_out=left_out_of(rows),
        places_left=max(0, len(places) - COVERAGE_ROWS),
        empty_places=empty_places(assessment.coverage)[:PLACES_SHOWN],
        enumerated=assessment.coverage.enumerated,
        excluded=sum(row.excluded for row in rows),
        scopes=tuple(tally.scope_names(assessment)),
        files=tally.files_accounted(assessment),
        regions=tuple(sorted(filter(str.strip, assessment.coverage.regions))),
        frameworks=framework_views(assessment),
        reason_words={reason.value: words for reason, words in tally.REASON_WORDS.items()},
        notices=tuple(filter(None, (*assessment.remarks, *left_out_notices(assessment)))),
        digest=document_digest(assessment),
        said_by={rule.id: rule for rule in assessment.rules},
        judging=tuple(rule for rule in rules if _judged(rule)),
        idle=tuple(rule.id for rule in rules if not _judged(rule)),
    )


def _trend(assessment: Assessment) -> tuple[Plot, Plot] | None:
    """Draw what was open at each scan of a history, and what of it was not read; None for one."""
    points = assessment.changes.trend if assessment.changes else ()
    if len(points) < 2:
        return None
    times = [point.finished_at for point in points]
    counts = [point.open for point in points]
    return (
        plot("open failures", counts, times, max(counts)),
        plot("not assessed now", [point.unread for point in points], times, max(counts)),
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
