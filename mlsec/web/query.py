"""What the address of a page asks for: which failures, how they are grouped, which page."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

import msgspec

from mlsec.core.enums import Concern, Severity
from mlsec.core.finding import Finding
from mlsec.core.trend import OpenFailure
from mlsec.render.display import shown

GROUPINGS = ("rule", "resource", "none")
_MOST_CHARS = 2_000
_MOST_DIGITS = 6


class BadQueryError(Exception):
    """The address asks for something that there is not; the message says what."""


class Query(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to show; "" does not choose. ``group`` is by what failures stand together."""

    severity: str = ""
    provider: str = ""
    account: str = ""
    concern: str = ""
    rule: str = ""
    resource: str = ""
    group: str = "rule"
    page: int = 1

    @property
    def is_filtered(self) -> bool:
        """Whether it leaves something out."""
        return self != Query(group=self.group, page=self.page)

    def address(self, **changes: str | int) -> str:
        """Give the address of the first page with this query, or with some of it changed."""
        changed = msgspec.structs.replace(self, **{"page": 1, **changes})
        given = {name: value for name, value in msgspec.to_builtins(changed).items() if value != ""}
        return f"/?{urlencode(given, errors='replace')}" if given else "/"

    def chosen(self, failures: Iterable[OpenFailure]) -> list[OpenFailure]:
        """Leave out what the filters do not name."""
        return [failure for failure in failures if self._is_chosen(failure.finding)]

    def _is_chosen(self, finding: Finding) -> bool:
        subject = finding.resource
        return (
            self.severity in ("", finding.severity.value)
            and self.concern in ("", finding.concern.value)
            and _is_named(self.provider, subject.provider)
            and _is_named(self.account, subject.scope)
            and _is_named(self.rule, finding.rule)
            and _is_named(self.resource, subject.id)
        )


def read_query(given: Iterable[tuple[str, str]]) -> Query:
    """Read the parameters of an address; an empty one is as good as none.

    Raises:
        BadQueryError: unknown, given twice, too long, or not one of the words that there are.
    """
    words = {
        "severity": [severity.value for severity in Severity],
        "concern": [concern.value for concern in Concern],
        "group": list(GROUPINGS),
    }
    read: dict[str, str | int] = {}
    for name, value in given:
        if name not in Query.__struct_fields__:
            raise BadQueryError(f'There is no filter "{name[:40]}".')
        if name in read:
            raise BadQueryError(f"The filter {name} is given twice.")
        if len(value) > _MOST_CHARS:
            raise BadQueryError(f"The filter {name} is longer than {_MOST_CHARS:,} characters.")
        if value and name in words and value not in words[name]:
            known = ", ".join(words[name])
            raise BadQueryError(f'"{value[:40]}" is not a {name}; there are {known}.')
        if value:
            read[name] = _page(value) if name == "page" else value
    return msgspec.structs.replace(Query(), **read)


def _is_named(wanted: str, name: str) -> bool:
    """Whether a filter names this: as it is, or as a page shows it, which is what a form sends."""
    return wanted in ("", name) or wanted == shown(name)


def _page(text: str) -> int:
    if not text.isdecimal() or len(text) > _MOST_DIGITS or int(text) < 1:
        raise BadQueryError(f'"{text[:40]}" is not the number of a page.')
    return int(text)
