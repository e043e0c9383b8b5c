"""The findings: what a scan says of each control, in the two states that OSCAL has.

Satisfied is only a control that is tested as a whole, on what is deployed; the others say in words
how far they go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

from mlsec.core.assessment import Assessment, ControlResult
from mlsec.core.enums import Automation, ControlStatus, FrameworkKind, Relation
from mlsec.core.framework import Control, Framework, choose_framework
from mlsec.render.display import plural
from mlsec.render.oscal.names import Uuids, control_token, line, prop
from mlsec.render.oscal.observations import Observations
from mlsec.render.settings import RenderSettings

SATISFIED, NOT_SATISFIED = "satisfied", "not-satisfied"
_IN_CODE = "Its observations are of code: nothing deployed was read for them."


class Findings:
    """Builds the findings of an assessment, and says which controls they are about."""

    def __init__(
        self,
        assessment: Assessment,
        uuids: Uuids,
        observations: Observations,
        settings: RenderSettings,
    ) -> None:
        self._uuids = uuids
        self._observations = observations
        self._controls = _shown(assessment, settings)
        self._frameworks = {item.id: item for item in assessment.catalogue.frameworks}
        self._titles = {item.id: item.title for item in assessment.frameworks}
        self._equal = frozenset(
            (rule.id, link.id)
            for rule in assessment.rules
            for link in rule.controls
            if link.relation is Relation.EQUAL
        )

    def all(self) -> list[Mapping[str, Any]]:
        """Give one finding for each shown control that a rule judged something for."""
        return [self._finding(result) for result in self._controls]

    def reviewed(self) -> list[Mapping[str, Any]]:
        """Select the controls of the findings, by framework."""
        selected: dict[str, list[Mapping[str, str]]] = {}
        for result in self._controls:
            token = control_token(result.framework, result.id)
            selected.setdefault(result.framework, []).append({"control-id": token})
        return [
            {"description": line(self._title(name)), "include-controls": controls}
            for name, controls in selected.items()
        ]

    def _finding(self, result: ControlResult) -> Mapping[str, Any]:
        name = f"{result.framework}/{result.id}"
        control = self._record(result)
        state, reason = self._state(result, control)
        finding: dict[str, Any] = {
            "uuid": self._uuids.of("finding", name),
            "title": line(f"{self._title(result.framework)} {result.id} {result.title}"),
            "description": line(self._description(result, control)),
            "props": [prop("control", name), prop("result", result.result.value)],
            "target": {
                "type": "statement-id",
                "target-id": f"{control_token(result.framework, result.id)}_smt",
                "status": {"state": state, "reason": reason},
            },
        }
        related = self._observations.of(result.rules)
        return {**finding, "related-observations": related} if related else finding

    def _state(self, result: ControlResult, control: Control) -> tuple[str, str]:
        """Give the state and its reason: ``pass``, ``fail``, or ``other`` for a part of it."""
        match result.result:
            case ControlStatus.AGAINST:
                return NOT_SATISFIED, "fail"
            case ControlStatus.TESTED_PART if self._is_whole(result, control):
                return SATISFIED, "pass"
            case (
                ControlStatus.TESTED_PART
                | ControlStatus.NOT_ASSESSED
                | ControlStatus.NO_EVIDENCE
                | ControlStatus.MANUAL
            ):
                return NOT_SATISFIED, "other"
        assert_never(result.result)

    def _is_whole(self, result: ControlResult, control: Control) -> bool:
        """Whether what was tested is all that the control asks for.

        A control of a benchmark is a setting: a rule that tests the same tests all of it.
        """
        name = f"{result.framework}/{result.id}"
        framework = self._frameworks.get(result.framework)
        is_setting = framework is not None and framework.kind is FrameworkKind.BENCHMARK
        automation = control.automation or (Automation.AUTOMATED if is_setting else None)
        is_equal = any((rule, name) in self._equal for rule in result.rules)
        is_deployed = not self._observations.are_of_code(result.rules)
        return automation is Automation.AUTOMATED and is_equal and is_deployed

    def _description(self, result: ControlResult, control: Control) -> str:
        said = _description(result, control)
        return f"{said} {_IN_CODE}" if self._observations.are_of_code(result.rules) else said

    def _record(self, result: ControlResult) -> Control:
        framework: Framework | None = self._frameworks.get(result.framework)
        return (framework.controls.get(result.id) if framework else None) or Control()

    def _title(self, framework: str) -> str:
        return self._titles.get(framework) or framework


def _shown(assessment: Assessment, settings: RenderSettings) -> Sequence[ControlResult]:
    """Give the results of the framework that was chosen, else all.

    What is limited to a change says nothing of a control as a whole.

    Raises:
        MlsecError: the catalogue does not have the framework, or it has no such profile.
    """
    if assessment.limit is not None:
        return ()
    chosen = assessment.scan.judged_by.framework
    if name := settings.framework or chosen:
        framework = choose_framework(assessment.catalogue.frameworks, name)
        return [
            item
            for item in assessment.controls
            if item.framework == framework.id and item.id in framework.controls
        ]
    return assessment.controls


def _description(result: ControlResult, control: Control) -> str:
    """Say in words what was found and how much of the control that is."""
    counts = result.counts
    match result.result:
        case ControlStatus.AGAINST:
            judged = counts.passed + counts.failed + counts.not_assessed
            said = f"Evidence against it: {counts.failed:,} of {plural(judged, 'check')} failed."
        case ControlStatus.NOT_ASSESSED:
            said = f"Not assessed: no check failed, {counts.not_assessed:,} could not be made."
        case ControlStatus.TESTED_PART:
            said = f"Evidence for the tested part: {plural(counts.passed, 'check')} passed."
        case ControlStatus.NO_EVIDENCE | ControlStatus.MANUAL:
            said = "No evidence: not all that is needed for it was tested."
        case _:
            assert_never(result.result)
    parts = [said]
    if result.missing:
        parts.append(f"Not tested here: {', '.join(result.missing)}.")
    if control.tests:
        parts.append(f"Tested: {control.tests}")
    if control.does_not_test:
        parts.append(f"Not tested: {control.does_not_test}")
    return " ".join(parts)
