"""Only what a change touches: a filter on what is shown and on the gate, which counts the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from mlsec.core.assessment import ChangeLimit, StatusCounts
from mlsec.core.changes import Change
from mlsec.core.coverage import Coverage
from mlsec.core.enums import Status
from mlsec.core.finding import Finding
from mlsec.core.resource import Gap, is_of_code
from mlsec.engine.assessment.assess import Judgement, total_of

Verdicts = frozenset[tuple[str, Status]]


class Touch(Protocol):
    """What is asked of a change."""

    @property
    def revision(self) -> str: ...
    @property
    def commit(self) -> str: ...
    @property
    def resolved(self) -> str: ...
    @property
    def resolved_commit(self) -> str: ...
    def has_other_bytes(self, path: str) -> bool: ...
    def is_changed(self, path: str) -> bool: ...
    def touches(self, resource_id: str, file: str) -> bool: ...
    def touches_subject(self, subject: str) -> bool: ...


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """What the same rules say of the code as it was: verdicts by fingerprint, and its gaps.

    ``unasked`` are tools (``checkov``) that were not asked what they say of it: only what a change
    touches of theirs is shown.
    """

    verdicts: Verdicts
    gaps: frozenset[str]
    unasked: frozenset[str] = frozenset()


class Limiting(msgspec.Struct, frozen=True, kw_only=True):
    """A change, what was known before it, and in which file each resource is declared.

    ``models`` are the resources that a file is, not those that it declares: each byte of it counts.
    ``folders`` has, for those that are judged for what lies beside them, where that is.
    """

    change: Touch
    before: Before
    declared: Mapping[str, str]
    models: frozenset[str] = frozenset()
    folders: Mapping[str, str] = msgspec.field(default_factory=dict)

    def keeps(self, finding: Finding) -> bool:
        """Whether a finding stands on the change anywhere, or was not there before it."""
        is_asked = finding.rule.partition(":")[0] not in self.before.unasked
        if is_asked and (finding.fingerprint, finding.status) not in self.before.verdicts:
            return True
        subject = finding.resource
        if self._is_touched(subject.id, subject.file):
            return True
        others = {item.resource for item in finding.evidence}
        if finding.path is not None:
            others.update(node.id for node in finding.path.nodes)
        if any(self.touches(other) for other in others - {subject.id, ""}):
            return True
        files = {file for item in finding.evidence if (file := _file_of(item.source))}
        return any(map(self.change.is_changed, files - {subject.file}))

    def is_known(self, finding: Finding) -> bool:
        """Whether the code before the change had it too; of a changed model, nothing was known."""
        if (finding.fingerprint, finding.status) not in self.before.verdicts:
            return False
        decided = {finding.resource.id, *(item.resource for item in finding.evidence)}
        if finding.path is not None:
            decided.update(node.id for node in finding.path.nodes)
        return not any(item in self.models and self.touches(item) for item in decided)

    def touches(self, resource_id: str) -> bool:
        """Whether a resource is declared in a changed file."""
        return self._is_touched(resource_id, self.declared.get(resource_id, ""))

    def _is_touched(self, resource_id: str, file: str) -> bool:
        if self.change.touches(resource_id, file):
            return True
        if not file or resource_id not in self.models:
            return False
        folder = self.folders.get(resource_id, "")
        return self.change.has_other_bytes(file) or (
            bool(folder) and self.change.touches(folder, file)
        )

    def shows(self, gap: Gap) -> bool:
        """Whether a gap is of the change: of a changed file, or one that was not there before."""
        if gap.wanted not in self.before.unasked and gap.id not in self.before.gaps:
            return True
        return self.change.touches_subject(gap.subject)


def limit_judgement(
    judgement: Judgement, limiting: Limiting, gaps: Iterable[Gap], coverage: Coverage
) -> tuple[Judgement, tuple[Gap, ...], ChangeLimit]:
    """Keep what the change touches; the waivers are reported whole.

    Returns:
        The judgement, the gaps that are still reported, and the account of what is not.
    """
    gaps = tuple(gaps)
    findings = tuple(
        _marked(finding, limiting) for finding in judgement.findings if limiting.keeps(finding)
    )
    passed = {
        rule: tuple(id_ for id_ in ids if limiting.touches(id_))
        for rule, ids in judgement.passed.items()
    }
    counts = _counts(judgement, findings, passed)
    wanted = {gap for finding in findings for gap in finding.gaps}
    kept = tuple(gap for gap in gaps if gap.id in wanted or limiting.shows(gap))
    shown = {gap.id for gap in kept if not is_of_code(gap)}
    limited = msgspec.structs.replace(
        judgement,
        findings=findings,
        passed=passed,
        # Positions in the whole lists.
        observed={},
        counts=counts,
        totals=total_of(counts.values()),
    )
    lost = [row for row in coverage.rows if not row.is_whole]
    whole, left = judgement.totals, limited.totals
    return (
        limited,
        kept,
        ChangeLimit(
            revision=limiting.change.revision,
            commit=limiting.change.commit,
            resolved=limiting.change.resolved,
            resolved_commit=limiting.change.resolved_commit,
            # A list that was cut short may hide what the change adds.
            is_read=not any(not row.is_complete or shown & {*row.gaps} for row in lost),
            failed=(whole.failed - whole.waived) - (left.failed - left.waived),
            waived=whole.waived - left.waived,
            not_assessed=whole.not_assessed - left.not_assessed,
            passed=whole.passed - left.passed,
            gaps=len(gaps) - len(kept),
            known=sum(map(_is_known, findings)),
        ),
    )


def _marked(finding: Finding, limiting: Limiting) -> Finding:
    """Say of a failure whether the change brought it: only then it can fail the gate."""
    if finding.status is not Status.FAIL:
        return finding
    change = Change.UNCHANGED if limiting.is_known(finding) else Change.NEW
    return msgspec.structs.replace(finding, change=change.value)


def _is_known(finding: Finding) -> bool:
    is_open = finding.status is Status.FAIL and finding.waiver is None
    return is_open and finding.change == Change.UNCHANGED.value


def _counts(
    judgement: Judgement, findings: Iterable[Finding], passed: Mapping[str, tuple[str, ...]]
) -> dict[str, StatusCounts]:
    counted = Counter((finding.rule, finding.status) for finding in findings)
    waived = Counter(finding.rule for finding in findings if finding.waiver is not None)
    return {
        rule: StatusCounts(
            passed=len(passed.get(rule, ())),
            failed=counted[rule, Status.FAIL],
            not_assessed=counted[rule, Status.NOT_ASSESSED],
            not_applicable=value.not_applicable,
            waived=waived[rule],
        )
        for rule, value in judgement.counts.items()
    }


def _file_of(source: str) -> str:
    """The file of ``file:line`` or ``file:line:column``, "" for a source that is none."""
    name, _, number = source.rpartition(":")
    if not number.isdecimal():
        return ""
    short, _, line = name.rpartition(":")
    return short if line.isdecimal() and short else name
