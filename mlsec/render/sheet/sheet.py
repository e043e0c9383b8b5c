"""One framework as an auditor reads it: control, tested part, rule, resource, value, status."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from mlsec.core.assessment import Assessment, ControlResult, RuleSummary
from mlsec.core.catalogue import ControlLink
from mlsec.core.enums import ControlStatus, Status
from mlsec.core.finding import Finding
from mlsec.core.framework import Control, Framework, choose_framework
from mlsec.core.resource import Gap
from mlsec.render import tally
from mlsec.render.control_words import CONTROL_LABELS, linked_controls, unlisted_status
from mlsec.render.display import actual_text, expected_text, shown, telling, value_text
from mlsec.render.settings import RenderSettings

_VALUES_SHOWN = 4
_REST = "Whatever else the control asks for."
_NOTHING_SCANNED = "All of it: its rules did not run, or are for providers that were not scanned."
_NOT_KEPT = "passed; the value was not kept"


class SheetRow(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule said of one resource, as evidence for a control.

    ``is_first`` says that it is the first row of its rule there.
    """

    rule: str
    because: str
    relation: str
    resource: str
    observed: str
    status: str
    is_first: bool


class SheetControl(msgspec.Struct, frozen=True, kw_only=True):
    """One control: its result, what is and is not tested of it, and the rows behind it."""

    id: str
    title: str
    status: ControlStatus
    label: str
    tests: str
    does_not_test: str
    missing: tuple[str, ...] = ()
    rows: tuple[SheetRow, ...] = ()


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A framework whole; ``counts`` are labels with how many controls came to them."""

    id: str
    title: str
    controls: tuple[SheetControl, ...]
    counts: tuple[tuple[ControlStatus, str, int], ...]

    @property
    def with_evidence(self) -> int:
        """How many controls there is evidence for or against."""
        statuses = (ControlStatus.AGAINST, ControlStatus.TESTED_PART)
        return sum(1 for control in self.controls if control.status in statuses)


def sheets_of(assessment: Assessment, settings: RenderSettings) -> Iterator[Sheet]:
    """Lay out the framework that the settings or the scan name; all that were judged without one.

    A report limited to a change says nothing of a control as a whole, so it has none. One sheet is
    made at a time: a large scan has a row for each control, rule and resource.

    Raises:
        MlsecError: the catalogue does not have the framework, or it has no such profile.
    """
    if assessment.limit is not None:
        return iter(())
    chosen = assessment.scan.judged_by.framework
    known = assessment.catalogue.frameworks
    if name := settings.framework or chosen:
        frameworks = [choose_framework(known, name)]
    else:
        judged = {item.id for item in assessment.frameworks}
        frameworks = [item for item in known if item.id in judged]
    rows = _Rows(assessment)
    return (_sheet(framework, assessment, rows) for framework in frameworks)


def _sheet(framework: Framework, assessment: Assessment, rows: _Rows) -> Sheet:
    """Lay out every control, in the order of the standard."""
    results = {item.id: item for item in assessment.controls if item.framework == framework.id}
    linked, everything = rows.linked(framework.id), linked_controls(assessment)
    controls = tuple(
        _control(
            control_id,
            record,
            results.get(control_id) or _counted(framework, control_id, everything),
            linked.get(control_id, ()),
            rows,
        )
        for control_id, record in framework.controls.items()
    )
    numbers = Counter(control.status for control in controls)
    return Sheet(
        id=framework.id,
        title=framework.title,
        controls=controls,
        counts=tuple(
            (status, label, numbers[status])
            for status, label in CONTROL_LABELS.items()
            if numbers[status]
        ),
    )


def _counted(framework: Framework, control_id: str, linked: Collection[str]) -> ControlResult:
    record = framework.controls[control_id]
    is_linked = f"{framework.id}/{control_id}" in linked
    return ControlResult(
        framework=framework.id,
        id=control_id,
        title=record.title,
        result=unlisted_status(record, is_linked=is_linked),
    )


def _control(
    control_id: str,
    record: Control,
    result: ControlResult,
    links: Sequence[tuple[RuleSummary, ControlLink]],
    rows: _Rows,
) -> SheetControl:
    if result.result is ControlStatus.MANUAL:
        not_tested = "All of it: no rule tests any part of this control."
    else:
        not_tested = _REST if links else _NOTHING_SCANNED
    return SheetControl(
        id=control_id,
        title=record.title,
        status=result.result,
        label=CONTROL_LABELS[result.result],
        tests=record.tests,
        does_not_test=record.does_not_test or not_tested,
        missing=result.missing,
        rows=tuple(row for rule, link in links for row in rows.of(rule, link)),
    )


class _Rows:
    """The rows of each rule, from its findings and its passes."""

    def __init__(self, assessment: Assessment) -> None:
        self._assessment = assessment
        self._gaps: Mapping[str, Gap] = {gap.id: gap for gap in assessment.gaps}
        self._providers = {name.partition(".")[0] for name in assessment.coverage.types}
        self._findings: dict[str, list[Finding]] = defaultdict(list)
        for finding in assessment.findings:
            self._findings[finding.rule].append(finding)

    def linked(self, framework: str) -> dict[str, list[tuple[RuleSummary, ControlLink]]]:
        """Give, by control id, the rules of what was scanned that link to it."""
        result: dict[str, list[tuple[RuleSummary, ControlLink]]] = defaultdict(list)
        for rule in self._assessment.rules:
            if self._is_scanned(rule):
                for link in rule.controls:
                    name, _, control = link.id.partition("/")
                    if name == framework:
                        result[control].append((rule, link))
        return result

    def _is_scanned(self, rule: RuleSummary) -> bool:
        counts = rule.counts
        if counts.passed or counts.failed or counts.not_assessed or counts.not_applicable:
            return True
        return rule.resource.partition(".")[0] in self._providers

    def of(self, rule: RuleSummary, link: ControlLink) -> Iterator[SheetRow]:
        """Give the rows of one rule: failures and gaps, then passes, or that it had nothing."""
        results = [*self._of_findings(rule.id), *self._of_passes(rule.id)]
        for n, (resource, observed, status) in enumerate(results or [("", "", "nothing to test")]):
            yield SheetRow(
                rule=rule.id,
                because=link.because,
                relation=link.relation.value,
                resource=resource,
                observed=observed,
                status=status,
                is_first=n == 0,
            )

    def _of_findings(self, rule: str) -> Iterator[tuple[str, str, str]]:
        for finding in self._findings[rule]:
            if finding.status is Status.NOT_ASSESSED:
                yield finding.resource.id, self._missing(finding), "not assessed"
                continue
            values = _joined(
                f"{item.path} = {actual_text(item)} ({expected_text(item)})"
                for item in telling(finding.evidence)
            )
            status = (
                "failed" if finding.waiver is None else f"failed, waived by {finding.waiver.id}"
            )
            yield finding.resource.id, values or finding.message, status

    def _missing(self, finding: Finding) -> str:
        gaps = [self._gaps[gap] for gap in finding.gaps if gap in self._gaps]
        words = (f"{gap.wanted} {tally.REASON_WORDS[gap.reason]}" for gap in gaps)
        return _joined(words) or finding.message

    def _of_passes(self, rule: str) -> Iterator[tuple[str, str, str]]:
        observed = {
            position: _joined(
                f"{path} = {value_text(value)}" for path, value in item.values.items()
            )
            for item in self._assessment.observed.get(rule, ())
            for position in item.resources
        }
        for position, resource in enumerate(self._assessment.passed.get(rule, ())):
            yield resource, observed.get(position, _NOT_KEPT), "passed"


def _joined(words: Iterable[str]) -> str:
    known = list(dict.fromkeys(words))
    more = f"; and {len(known) - _VALUES_SHOWN:,} more" if len(known) > _VALUES_SHOWN else ""
    return shown("; ".join(known[:_VALUES_SHOWN]) + more)
