"""Where the open findings are: a row for each account and repository, or each folder of one."""

from __future__ import annotations

from collections import Counter, defaultdict

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Severity, Status
from mlsec.core.finding import Finding, Subject
from mlsec.render import tally

PLACES_SHOWN = 8
_OF_FOLDERS = ("code/", "files/")


class PlaceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One place: its open findings by severity, how many checks it lacks, and whose it is.

    ``scope`` is what a filter of the findings asks for, "" where a place is a part of a scope.
    ``owners`` are those of what is open, who has most first; what no tag gives to anybody is not
    among them.
    """

    name: str
    scope: str
    severities: tuple[int, ...]
    not_assessed: int
    owners: tuple[str, ...]

    @property
    def open(self) -> int:
        """All open findings."""
        return sum(self.severities)


class PlacesView(msgspec.Struct, frozen=True, kw_only=True):
    """The places with something to say, the worst first; the others are only counted."""

    heading: str
    rows: tuple[PlaceRow, ...]
    left: int
    left_open: int
    quiet: int


def places_of(assessment: Assessment) -> PlacesView:
    """Count what is open and what is not assessed, place by place."""
    rows = [row for row in _rows(assessment) if row.open or row.not_assessed]
    rows.sort(key=lambda row: (*(-number for number in row.severities), row.name))
    shown, left = rows[:PLACES_SHOWN], rows[PLACES_SHOWN:]
    named = {row.name for row in rows}
    return PlacesView(
        heading=_heading(assessment),
        rows=tuple(shown),
        left=len(left),
        left_open=sum(row.open for row in left),
        quiet=len([name for name in tally.scope_names(assessment) if name not in named])
        if any(row.scope for row in rows)
        else 0,
    )


def _heading(assessment: Assessment) -> str:
    """Say what a row is: what holds code or files on a disk is a folder, all else an account."""
    scopes = {finding.resource.scope for finding in assessment.findings}
    kinds = {scope.startswith(_OF_FOLDERS) and "://" not in scope for scope in scopes}
    return {(True,): "Folder", (False, True): "Account or folder"}.get(
        tuple(sorted(kinds)), "Account"
    )


def subjects_of(assessment: Assessment) -> list[str]:
    """Say what was scanned: of a repository its address and commit, of all else the scope."""
    scan = assessment.scan
    addresses = {} if isinstance(scan.identities, msgspec.UnsetType) else scan.identities
    commits = {} if isinstance(scan.commits, msgspec.UnsetType) else scan.commits
    result = []
    for name in tally.scope_names(assessment):
        address = addresses.get(name, "").rpartition("@")[0] or addresses.get(name, "")
        is_known = bool(address) and not addresses[name].startswith("folder@")
        commit = f" at commit {commits[name][:12]}" if name in commits else ""
        result.append(f"{address if is_known else name}{commit}")
    return result


def _rows(assessment: Assessment) -> list[PlaceRow]:
    opened: dict[str, Counter[Severity]] = defaultdict(Counter)
    unread: Counter[str] = Counter()
    owners: dict[str, Counter[str]] = defaultdict(Counter)
    scopes: dict[str, set[str]] = defaultdict(set)
    are_several = tally.has_repositories(assessment)
    for finding in assessment.findings:
        subject = finding.resource
        is_part = subject.is_in_code and not are_several
        name = _folder(subject) if is_part else tally.scope_name(subject.scope)
        scopes[name].add("" if is_part else subject.scope)
        _count(finding, name, opened, unread)
        if tally.is_open(finding) and finding.resource.owner.strip():
            owners[name][finding.resource.owner] += 1
    return [
        PlaceRow(
            name=name,
            # One folder is two scopes where it holds models and code: no one of them is all of it.
            scope=next(iter(of_name)) if len(of_name) == 1 else "",
            severities=tuple(opened[name][severity] for severity in Severity),
            not_assessed=unread[name],
            owners=tuple(owner for owner, _ in owners[name].most_common()),
        )
        for name, of_name in scopes.items()
    ]


def _count(
    finding: Finding, name: str, opened: dict[str, Counter[Severity]], unread: Counter[str]
) -> None:
    if tally.is_open(finding):
        opened[name][finding.severity] += 1
    elif finding.status is Status.NOT_ASSESSED:
        unread[name] += 1


def _folder(subject: Subject) -> str:
    folder, slash, _ = subject.file.removeprefix("./").partition("/")
    return f"{folder}/" if slash else "top folder"
