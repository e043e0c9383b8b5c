"""Each page of the live page, from what the history and the report hold to HTML."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Collection, Mapping
from typing import Any

import jinja2
import msgspec
from markupsafe import Markup

from mlsec.core.assessment import WaiverState
from mlsec.core.changes import CHANGE_WORDS, day_of, days_between
from mlsec.core.content_paths import content_folder
from mlsec.core.enums import Concern, Severity
from mlsec.history.listing import Listing, listing, open_accounts, open_places
from mlsec.history.queries import Rows, past_scans
from mlsec.history.reading import (
    Ended,
    LastScan,
    changed_by,
    finding_lives,
    last_scans,
    waived,
)
from mlsec.history.trend import trends
from mlsec.render.causes import open_causes
from mlsec.render.display import masked, plural, shown_id
from mlsec.render.page_environment import page_environment, source_hash
from mlsec.render.tally import scope_name
from mlsec.render.trend.page import trend_context
from mlsec.web.query import GROUPINGS, BadQueryError, Query
from mlsec.web.source import Source

_PER_PAGE = 100
_CAUSES_SHOWN = 10
_CHANGES_SHOWN = 50
_SETS_SHOWN = 20
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
        home = self._source.read(lambda rows: _home(rows, query))
        listed, pages = home.listing, max(1, -(-home.listing.all_groups // _PER_PAGE))
        if query.page > pages:
            raise BadQueryError(f"There are {plural(pages, 'page')}, and no page {query.page:,}.")
        report = self._source.report()
        return _page(
            "home",
            query=query,
            last=home.last,
            changed=home.changed,
            counts=list(zip((s.value for s in Severity), listed.severities, strict=True)),
            total=sum(listed.severities),
            everything=home.everything,
            groups=listed.groups,
            all_groups=listed.all_groups,
            pages=pages,
            choices=_choices(query, home.places),
            report=report,
            causes=open_causes(report) if report else (),
            causes_shown=_CAUSES_SHOWN,
        )

    def trend(self) -> bytes:
        """Show the plots of every series."""
        return _page("trend", **trend_context(self._source.read(_trends)))

    def accounts(self) -> bytes:
        """Show what is open in each account."""
        accounts, last = self._source.read(
            lambda rows: (open_accounts(rows), last_scans(past_scans(rows)))
        )
        names = [severity.value for severity in Severity]
        return _page("accounts", rows=accounts, names=names, last=last)

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
        count, covered = self._source.read(lambda rows: waived(rows, _PER_PAGE))
        report = self._source.report()
        return _page(
            "waivers",
            covered=covered,
            count=count,
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


class _Home(msgspec.Struct, frozen=True, kw_only=True):
    """What the first page is made of; in a first scan everything is new, so that none is named."""

    listing: Listing
    last: tuple[LastScan, ...]
    changed: Mapping[int, tuple[int, tuple[Ended, ...]]]
    everything: int
    places: Collection[tuple[str, str]]


def _home(rows: Rows, query: Query) -> _Home:
    scans = past_scans(rows)
    everything, places = open_places(rows)
    chosen = query.chosen(rows, places)
    last = last_scans(scans)
    return _Home(
        listing=listing(rows, scans, chosen, query.group, (query.page - 1) * _PER_PAGE, _PER_PAGE),
        last=last,
        changed={
            newest.scan.id: changed_by(rows, newest.scan, _CHANGES_SHOWN)
            for newest in last[:_SETS_SHOWN]
            if newest.before
        },
        everything=everything,
        places=places.keys(),
    )


def _trends(rows: Rows) -> Any:
    return trends(rows)


def _choices(query: Query, places: Collection[tuple[str, str]]) -> list[tuple[str, str, list[str]]]:
    """Give, for each filter, its value and those that there are; the first of very many."""
    providers = sorted({provider for provider, _ in places})
    scopes = sorted({scope for _, scope in places})
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
