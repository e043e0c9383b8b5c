"""What to do first: the root causes with open failures, as every report shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from mlsec.core.assessment import Assessment, RuleSummary
from mlsec.core.cause import Cause
from mlsec.core.enums import Severity
from mlsec.core.finding import Finding
from mlsec.render import tally
from mlsec.render.change_words import age_of, is_new
from mlsec.render.display import kind_of, plural, shown

_NAMES_SHOWN = 4


class CauseView(msgspec.Struct, frozen=True, kw_only=True):
    """One root cause: where it is, what is wrong, and the open failures that end with it.

    ``kind`` is what people call its type. ``where`` is the file and line of what code declares,
    else account and region. ``ends`` counts the failures in words, ``on`` names the resources that
    they are on, other than its own; ``paths`` counts the attack paths among them. ``owner`` is who
    answers for it, "" where no tag says so. ``new`` counts the failures that are new or regressed
    since the earlier scan; ``open_since`` is since when the oldest is open (RFC 3339), "" when that
    is not known; ``age`` says it in words.
    """

    cause: Cause
    severity: Severity
    name: str
    type: str
    kind: str
    where: str
    title: str
    fix: str
    ends: str
    on: str
    findings: tuple[Finding, ...]
    paths: int
    owner: str
    new: int = 0
    open_since: str = ""
    age: str = ""

    @property
    def is_named(self) -> bool:
        """Whether the title says already which resource it is."""
        return self.name in self.title

    @property
    def summary(self) -> str:
        """What ends, where, and how much of it are attack paths or new, in one line."""
        on = f" on {self.on}" if self.on else ""
        paths = plural(self.paths, "attack path") if self.paths else ""
        among = ", ".join(note for note in (paths, f"{self.new:,} new" if self.new else "") if note)
        return self.ends + on + (f" ({among})" if among else "")


def open_causes(assessment: Assessment) -> list[CauseView]:
    """Give the causes that have open failures, the worst first."""
    known = {finding.fingerprint: finding for finding in assessment.findings}
    rules = {rule.id: rule for rule in assessment.rules}
    are_several = tally.has_repositories(assessment)
    views = []
    for cause in assessment.causes:
        findings = [known[item] for item in cause.findings if item in known]
        opened = tuple(finding for finding in findings if tally.is_open(finding))
        if opened:
            lead = known.get(cause.lead, opened[0])
            view = _view(cause, opened, lead, rules, assessment.catalogue.types)
            if are_several and cause.resource.is_in_code:
                where = f"{view.where} in {tally.scope_name(cause.resource.scope)}"
                view = msgspec.structs.replace(view, where=where)
            new = sum(is_new(finding, assessment) for finding in opened)
            since, age = _oldest(opened), _age(opened, assessment)
            views.append(msgspec.structs.replace(view, new=new, open_since=since, age=age))
    return views


def severe(views: Sequence[CauseView]) -> int:
    """Count those that are critical or high."""
    return sum(view.severity.rank <= Severity.HIGH.rank for view in views)


def _view(
    cause: Cause,
    opened: tuple[Finding, ...],
    lead: Finding,
    rules: Mapping[str, RuleSummary],
    titles: Mapping[str, str],
) -> CauseView:
    subject = cause.resource
    place = f"{tally.scope_name(subject.scope)} {subject.region}".strip()
    rule = rules.get(lead.rule)
    return CauseView(
        cause=cause,
        severity=cause.severity,
        name=subject.name or subject.id,
        type=subject.type,
        kind=kind_of(subject.type, titles),
        where=f"{subject.file}:{subject.line}" if subject.is_in_code else place,
        title=lead.message,
        fix=rule.fix.on(lead.resource.provider).text if rule else "",
        ends=_ends(opened),
        on=_on(opened, subject.id),
        findings=opened,
        paths=sum(map(tally.is_attack_path, opened)),
        owner=subject.owner or lead.resource.owner,
    )


def _oldest(opened: tuple[Finding, ...]) -> str:
    times = (item.open_since for item in opened if item.open_since is not msgspec.UNSET)
    return min(times, default="")


def _age(opened: tuple[Finding, ...], assessment: Assessment) -> str:
    since = _oldest(opened)
    oldest = (item for item in opened if since and item.open_since == since)
    return next((age_of(finding, assessment) for finding in oldest), "")


def _ends(opened: tuple[Finding, ...]) -> str:
    rules = len({finding.rule for finding in opened})
    of_rules = f" of {plural(rules, 'rule')}" if rules > 1 else ""
    return f"ends {plural(len(opened), 'finding')}{of_rules}"


def _on(opened: tuple[Finding, ...], own: str) -> str:
    names = {
        shown(finding.resource.name or finding.resource.id, 80)
        for finding in opened
        if finding.resource.id != own
    }
    first = sorted(names)[:_NAMES_SHOWN]
    more = len(names) - len(first)
    return ", ".join(first) + (f" and {more:,} more" if more else "")
