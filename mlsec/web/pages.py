"""Each page of the live page, from what the history and the report hold to HTML."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import jinja2
from markupsafe import Markup

from mlsec.core.assessment import WaiverState
from mlsec.core.changes import CHANGE_WORDS, day_of, days_between
from mlsec.core.content_paths import content_folder
from mlsec.core.enums import Concern, Severity
from mlsec.core.trend import OpenFailure
from mlsec.history.queries import Rows, lives, past_scans, states
from mlsec.history.reading import Ended, changed_by, finding_lives, standing, waived
from mlsec.history.trend import trends
from mlsec.render.causes import open_causes
from mlsec.render.display import masked, plural, shown_id
from mlsec.render.page_environment import page_environment, source_hash
from mlsec.render.tally import scope_name
from mlsec.render.trend.page import trend_context
from mlsec.web.groups import accounts, grouped, severities
from mlsec.web.query import GROUPINGS, BadQueryError, Query
from mlsec.web.source import Source

_PER_PAGE = 100
_CAUSES_SHOWN = 10
_CHANGES_SHOWN = 50
_CHOICES_SHOWN = 500
_STATES = {
    "fail": "fails",
    "waived": "waived",
    "fixed": "fixed: a scan saw it pass",
    "not_assessed_now": "not assessed: it failed before, and could not be read",
    "no_longer_seen": "no longer seen: its resource is gone, or the rule does not apply",
    "rule_gone": "of a rule that no longer runs",
}


class NoSuchPageError(Exception):
    """There is nothing under this address; the message says what was looked for."""


class Pages:
    """Gives each page as bytes; every one opens the history of its own."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def home(self, query: Query) -> bytes:
        """Show what is open, what each last scan changed, and the causes where a report has them.

        Raises:
            BadQueryError: a page after the last one is asked for.
        """
        stand, changed = self._source.read(_standing_with_changes)
        chosen = query.chosen(stand.open)
        groups = grouped(chosen, query.group)
        pages = max(1, -(-len(groups) // _PER_PAGE))
        if query.page > pages:
            raise BadQueryError(f"There are {plural(pages, 'page')}, and no page {query.page:,}.")
        start = (query.page - 1) * _PER_PAGE
        report = self._source.report()
        return _page(
            "home",
            query=query,
            last=stand.last,
            changed=changed,
            changes_shown=_CHANGES_SHOWN,
            counts=list(zip((s.value for s in Severity), severities(chosen), strict=True)),
            total=len(chosen),
            everything=len(stand.open),
            groups=groups[start : start + _PER_PAGE],
            all_groups=len(groups),
            pages=pages,
            choices=_choices(query, stand.open),
            report=report,
            causes=open_causes(report) if report else (),
            causes_shown=_CAUSES_SHOWN,
        )

    def trend(self) -> bytes:
        """Show the plots of every series."""
        return _page("trend", **trend_context(self._source.read(_trends)))

    def accounts(self) -> bytes:
        """Show what is open in each account."""
        stand = self._source.read(standing)
        names = [severity.value for severity in Severity]
        return _page("accounts", rows=accounts(stand.open), names=names, last=stand.last)

    def finding(self, fingerprint: str) -> bytes:
        """Show the life of one failure.

        Raises:
            NoSuchPageError: no scan of the history found it.
        """
        known = self._source.read(lambda rows: finding_lives(rows, fingerprint))
        if not known:
            raise NoSuchPageError("No scan of this history has a failure with this fingerprint.")
        return _page("finding", lives=known, finding=known[0].finding)

    def waivers(self) -> bytes:
        """Show the failures under a waiver, and where a report says so, when each waiver ends."""
        covered = self._source.read(waived)
        report = self._source.report()
        return _page(
            "waivers",
            covered=covered[:_PER_PAGE],
            count=len(covered),
            report=report,
            waivers=sorted(report.waivers, key=_end)[:_PER_PAGE] if report else (),
        )

    def check(self) -> None:
        """Open the history.

        Raises:
            MlsecError: it cannot be read.
        """
        self._source.read(lambda rows: rows("SELECT count(*) FROM series"))


def error_page(title: str, sentence: str, hint: str = "") -> bytes:
    """Say on one page what is wrong and what to do."""
    return _page("error", title=title, sentence=sentence, hint=hint)


def login_page(*, is_wrong: bool = False) -> bytes:
    """Ask for the token."""
    return _page("login", is_wrong=is_wrong)


def style_source() -> str:
    """Name the style in a content security policy."""
    return f"'sha256-{source_hash(_style())}'"


def _page(name: str, **values: Any) -> bytes:
    text = (
        _environment()
        .get_template(f"web/{name}.j2")
        .render(
            here=name,
            now=_now(),
            style=Markup(_style()),  # noqa: S704 - our own file
            **values,
        )
    )
    return masked(text.encode("utf-8", "backslashreplace"))


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


@functools.cache
def _style() -> str:
    folder = content_folder("reports") / "style"
    names = ("base", "trend", "live")
    return "\n".join((folder / f"{name}.css").read_text("utf-8") for name in names)


@functools.cache
def _environment() -> jinja2.Environment:
    environment = page_environment()
    environment.globals.update(
        plural=plural,
        day_of=day_of,
        days_between=days_between,
        shown_id=shown_id,
        words_of_change={change.value: word for change, word in CHANGE_WORDS.items()},
        named_word=lambda state: _STATES.get(state, state),
    )
    environment.filters["scope"] = scope_name
    return environment


def _standing_with_changes(rows: Rows) -> tuple[Any, Mapping[int, tuple[Ended, ...]]]:
    """Read how it stands; in a first scan everything is new, so that none is named."""
    stand = standing(rows)
    changed = {last.scan.id: changed_by(rows, last.scan) for last in stand.last if last.before}
    return stand, changed


def _trends(rows: Rows) -> Any:
    return trends(past_scans(rows), lives(rows, states(rows)))


def _choices(query: Query, failures: Sequence[OpenFailure]) -> list[tuple[str, str, list[str]]]:
    """Give, for each filter, its value and those that there are; the first of very many."""
    providers = sorted({failure.finding.resource.provider for failure in failures})
    scopes = sorted({failure.finding.resource.scope for failure in failures})
    listed: dict[str, list[str]] = {
        "severity": [severity.value for severity in Severity],
        "provider": providers[:_CHOICES_SHOWN],
        "account": scopes[:_CHOICES_SHOWN],
        "concern": [concern.value for concern in Concern],
    }
    result = []
    for name, values in listed.items():
        value = getattr(query, name)
        result.append((name, value, [*values, *([value] if value and value not in values else [])]))
    return [*result, ("group", query.group, list(GROUPINGS))]


def _end(waiver: WaiverState) -> tuple[bool, str, str]:
    """Put those that hold first, and of these the one that ends first."""
    return waiver.state == "expired", waiver.expires, waiver.id
