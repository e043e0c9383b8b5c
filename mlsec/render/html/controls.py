"""Controls as the page shows them: a row where there is more to say than a result."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

import msgspec

from mlsec.core.assessment import Assessment, ControlResult, FrameworkResult, StatusCounts
from mlsec.core.enums import ControlStatus
from mlsec.core.framework import Framework
from mlsec.render.control_words import CONTROL_LABELS, linked_controls, unlisted_status


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


def framework_views(assessment: Assessment) -> tuple[FrameworkView, ...]:
    """Give the frameworks by title, each with its controls."""
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
            controls=tuple(view for view in by_framework[framework.id] if _has_more(view)),
            others=_others(described.get(framework.id), linked, by_framework[framework.id]),
        )
        for framework in sorted(assessment.frameworks, key=lambda item: item.title)
    )


def _has_more(view: ControlView) -> bool:
    """Whether there is more to say of a control than its result."""
    return bool(view.rules or view.control.missing)


def _others(
    framework: Framework | None, linked: Collection[str], shown: Sequence[ControlView]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Give the ids of the controls that are only counted, by their result."""
    if framework is None:
        return ()
    ids: dict[ControlStatus, list[str]] = defaultdict(list)
    views = {view.control.id: view for view in shown}
    for control_id, record in framework.controls.items():
        view = views.get(control_id)
        if view is None:
            is_linked = f"{framework.id}/{control_id}" in linked
            ids[unlisted_status(record, is_linked=is_linked)].append(control_id)
        elif not _has_more(view):
            ids[view.control.result].append(control_id)
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
