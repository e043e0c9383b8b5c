"""Compare two assessments by fingerprint: new, worse, mended, gone, or not seen this time."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.changes import Change, EarlierFailure
from mlsec.core.coverage import EmptyListings
from mlsec.core.enums import Status
from mlsec.core.finding import Finding, Subject
from mlsec.core.resource import Gap, is_of_code
from mlsec.history.marking import Earlier, Mark, earlier_failure, mark
from mlsec.history.series import judged_by

__all__ = ["Change", "Changed", "View", "compare", "mark_changes"]


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """One failure and what became of it; ``finding`` is the newest that shows it."""

    change: Change
    finding: Finding


def compare(old: Assessment, new: Assessment) -> tuple[Changed, ...]:
    """Give every failure of either assessment with its change, in the order of the findings.

    A failure whose resource or listing could not be read this time is NOT_ASSESSED_NOW, never
    FIXED; one whose resource is gone is NO_LONGER_SEEN.
    """
    before = {f.fingerprint: f for f in old.findings if f.status is Status.FAIL}
    once_passed = _passed(old)
    folded = {(f.rule, id_) for f in old.findings for id_ in f.stands_for}
    rated = {rule.id: rule.severity for rule in old.rules}
    same_rating = {rule.id for rule in new.rules if rated.get(rule.id) is rule.severity}
    changes = []
    now: set[str] = set()
    for finding in new.findings:
        if finding.status is Status.FAIL:
            now.add(finding.fingerprint)
            change = _of_present(finding, before, once_passed, same_rating)
            if finding.stands_for and (finding.rule, finding.resource.id) in folded:
                change = Change.UNCHANGED
            changes.append(Changed(change=change, finding=finding))
    view = View(new)
    for fingerprint, finding in before.items():
        if fingerprint not in now:
            changes.append(Changed(change=view.of_absent(finding), finding=finding))
    return tuple(changes)


def mark_changes(old: Assessment, new: Assessment) -> Assessment:
    """Write into ``new`` what changed since ``old``, the baseline.

    When each failure was first seen is what the baseline says, or else when that was scanned.
    """
    before = {f.fingerprint: f for f in old.findings if f.status is Status.FAIL}
    now = {f.fingerprint for f in new.findings if f.status is Status.FAIL}
    marks: dict[str, Mark] = {}
    absent: list[EarlierFailure] = []
    for entry in compare(old, new):
        finding, change = entry.finding, entry.change
        known = before.get(finding.fingerprint)
        first_seen, open_since = _ages(known, old) if known else (new.scan.finished_at,) * 2
        if finding.fingerprint in now:
            marks[finding.fingerprint] = Mark(
                change=change,
                first_seen=first_seen,
                open_since=open_since,
                was_open=known is not None and known.waiver is None,
            )
        elif finding.waiver is None and change is not Change.UNCHANGED:
            absent.append(earlier_failure(finding, change, first_seen, open_since))
    earlier = Earlier(
        source="baseline",
        since=old.scan.finished_at or "an unknown time",
        has_other_rules=judged_by(old) != judged_by(new),
    )
    return mark(new, marks, absent, earlier)


def _ages(finding: Finding, old: Assessment) -> tuple[str, str]:
    """Since when a failure of the baseline is known, and since when it is open."""
    first_seen, open_since = (
        old.scan.finished_at if time is msgspec.UNSET else time
        for time in (finding.first_seen, finding.open_since)
    )
    return first_seen, open_since


def _of_present(
    finding: Finding,
    before: dict[str, Finding],
    once_passed: set[tuple[str, str]],
    same_rating: set[str],
) -> Change:
    known = before.get(finding.fingerprint)
    if known is not None:
        # Something more severe was found in the same place; a rule that is rated anew finds no
        # more.
        is_more_severe = finding.severity.rank < known.severity.rank and finding.rule in same_rating
        is_excused_no_more = known.waiver is not None and finding.waiver is None
        return Change.REGRESSED if is_more_severe or is_excused_no_more else Change.UNCHANGED
    if (finding.rule, finding.resource.id) in once_passed:
        return Change.REGRESSED
    return Change.NEW


class View:
    """What the new assessment can say of a failure that it does not have."""

    def __init__(self, new: Assessment) -> None:
        self._passed = _passed(new)
        self._rules = {rule.id for rule in new.rules}
        self._folded = {(f.rule, id_) for f in new.findings for id_ in f.stands_for}
        self._unread = {f.fingerprint for f in new.findings if f.status is Status.NOT_ASSESSED}
        self._blind = {
            (row.type, row.scope, row.region) for row in new.coverage.rows if not row.is_complete
        }
        self._in_rows = {(row.type, row.scope) for row in new.coverage.rows}
        self._empty = EmptyListings(new.coverage.empty)
        files = [gap for gap in new.gaps if _is_of_file(gap)]
        self._unread_files = {gap.subject for gap in files}
        self._unread_folders = {_folder(gap.scope, gap.subject) for gap in files}
        self._unread_paths = {_path(gap.scope, gap.subject) for gap in files}

    def of_absent(self, finding: Finding) -> Change:
        """Say what became of an earlier failure that is not among the new ones."""
        subject = finding.resource
        if (finding.rule, subject.id) in self._passed:
            return Change.FIXED
        if (finding.rule, subject.id) in self._folded:
            return Change.UNCHANGED
        if finding.fingerprint in self._unread:
            return Change.NOT_ASSESSED_NOW
        if finding.rule not in self._rules:
            return Change.RULE_GONE
        is_blind = self._has_unread_file(subject) or any(
            (subject.type, subject.scope, region) in self._blind for region in ("", subject.region)
        )
        if is_blind or not self._was_asked_for(subject):
            return Change.NOT_ASSESSED_NOW
        return Change.NO_LONGER_SEEN

    def _was_asked_for(self, subject: Subject) -> bool:
        """Whether its type was listed in its scope this time, whatever was found."""
        is_in_rows = (subject.type, subject.scope) in self._in_rows
        return is_in_rows or self._empty.has(subject.type, subject.scope)

    def _has_unread_file(self, subject: Subject) -> bool:
        """Whether its file or a folder above was not read, or one beside it that may declare it."""
        if any(name in self._unread_files for name in _upwards(subject.id.partition("#")[0])):
            return True
        if not subject.is_in_code:
            return False
        root, path = _path(subject.scope, subject.file)
        above = (*_upwards(path), ".")
        is_below = any((root, folder) in self._unread_paths for folder in above)
        return is_below or _folder(subject.scope, subject.file) in self._unread_folders


def _is_of_file(gap: Gap) -> bool:
    """Whether a file or folder was not read as it stands; a value that an apply decides was."""
    return gap.scope.startswith(("code/", "files/")) and not is_of_code(gap)


def _path(scope: str, file: str) -> tuple[str, str]:
    """Give the target of a scope of files, and the path in it of a file."""
    root = scope.partition("/")[2]
    return root, posixpath.normpath(file.removeprefix(root).lstrip("/"))


def _folder(scope: str, file: str) -> tuple[str, str]:
    """Give the target of a scope of files, and the folder in it that a file is in."""
    root, path = _path(scope, file)
    return root, posixpath.dirname(path)


def _upwards(path: str) -> Iterator[str]:
    """Give a path and the folders above it."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def _passed(assessment: Assessment) -> set[tuple[str, str]]:
    return {(rule, id_) for rule, ids in assessment.passed.items() for id_ in ids}
