"""metrics.prom: counts of a scan for Prometheus, as its node exporter reads them from a folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from mlsec.core.assessment import Assessment
from mlsec.core.enums import GapReason, Severity
from mlsec.render import tally
from mlsec.render.causes import open_causes
from mlsec.render.display import shown
from mlsec.render.exports.clock import unix_seconds
from mlsec.render.settings import DEFAULT, RenderSettings

_Samples = Iterator[tuple[Mapping[str, str], float]]


def render_openmetrics(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    """Write gauges only, which OpenMetrics and Prometheus's older text format read alike.

    There is never a series per finding or resource: labels are scopes, severities and reasons.
    """
    del settings
    lines: list[str] = []
    for name, says, samples in _families(assessment):
        lines += [f"# HELP mlsec_{name} {says}", f"# TYPE mlsec_{name} gauge"]
        lines += [f"mlsec_{name}{_labels(labels)} {value:.10g}" for labels, value in samples]
    return ("\n".join([*lines, "# EOF"]) + "\n").encode("utf-8", "backslashreplace")


def _families(assessment: Assessment) -> Iterator[tuple[str, str, _Samples]]:
    counts, scan = tally.count(assessment), assessment.scan
    finished, started = unix_seconds(scan.finished_at), unix_seconds(scan.started_at)
    version = {"version": shown(assessment.tool.version)}
    is_complete = tally.is_complete(assessment, counts)
    yield "build", "The version that judged.", _one(1, version)
    yield "scan_finished_timestamp_seconds", "When the scan ended, in Unix time.", _one(finished)
    yield "scan_duration_seconds", "How long the scan took.", _one(max(0.0, finished - started))
    yield "scan_complete", "1 when everything that was asked for was read.", _one(is_complete)
    yield "findings_open", "Failures that no waiver covers.", _open(assessment)
    yield "findings_new", "Open failures that the scan before did not have.", _new(assessment)
    yield "findings_waived", "Failures under a waiver.", _one(counts.waived)
    yield "causes_open", "Root causes with open failures.", _causes(assessment)
    yield "checks_passed", "Checks that passed.", _one(counts.passed)
    yield "checks_not_assessed", "Checks that could not be made, by reason.", _unread(counts)
    share = (counts.checks - counts.not_assessed) / counts.checks if counts.checks else 0.0
    yield "coverage_ratio", "Share of the checks that was assessed, 0 to 1.", _one(share)


def _open(assessment: Assessment) -> _Samples:
    counted = Counter(
        (finding.resource.scope, finding.severity)
        for finding in assessment.findings
        if tally.is_open(finding)
    )
    for scope in tally.scopes(assessment):
        for severity in Severity:
            yield {"scope": shown(scope), "severity": severity.value}, counted[scope, severity]


def _new(assessment: Assessment) -> _Samples:
    """Nothing where there was nothing to compare with: 0 would say that nothing is new."""
    opened = [finding for finding in assessment.findings if tally.is_open(finding)]
    if not any(finding.change for finding in opened):
        return
    counted = Counter(finding.severity for finding in opened if finding.change == "new")
    for severity in Severity:
        yield {"severity": severity.value}, counted[severity]


def _causes(assessment: Assessment) -> _Samples:
    counted = Counter(view.severity for view in open_causes(assessment))
    for severity in Severity:
        yield {"severity": severity.value}, counted[severity]


def _unread(counts: tally.Tally) -> _Samples:
    for reason in GapReason:
        yield {"reason": tally.REASON_WORDS[reason]}, counts.by_reason.get(reason, 0)


def _one(value: float, labels: Mapping[str, str] | None = None) -> _Samples:
    yield labels or {}, float(value)


def _labels(labels: Mapping[str, str]) -> str:
    def quoted(text: str) -> str:
        return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

    inside = ",".join(f'{name}="{quoted(value)}"' for name, value in labels.items())
    return f"{{{inside}}}" if inside else ""
