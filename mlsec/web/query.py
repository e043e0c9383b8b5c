"""What the address of a page asks for: which failures, how they are grouped, which page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from mlsec.core.enums import Concern, Severity
from mlsec.history.listing import GROUPINGS as _GROUPINGS
from mlsec.history.queries import Rows
from mlsec.history.stored_text import as_it_was
from mlsec.render.display import shown

GROUPINGS = (*_GROUPINGS, "none")
_MOST_CHARS = 2_000
_MOST_DIGITS = 6
# Names that differ, and are shown alike.
_MOST_NAMES = 5


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

    def chosen(self, rows: Rows, places: Mapping[tuple[str, str], int]) -> dict[str, list[Any]]:
        """Give the values of ``CHOICES`` that it leaves.

        ``places`` are accounts by provider and scope.

        A name is given as it is, or as a page shows it, which is what a form sends.
        """
        chosen: dict[str, list[Any]] = {}
        if self.severity:
            chosen["severity"] = [Severity(self.severity).rank]
        if self.concern:
            chosen["concern"] = [self.concern]
        if self.provider:
            chosen["provider"] = _named(self.provider, {provider for provider, _ in places})
        if self.account:
            scopes = _named(self.account, {scope for _, scope in places})
            numbers = [number for (_, scope), number in places.items() if scope in scopes]
            chosen["account"] = numbers[:_MOST_NAMES] or [0]
        for name in ("rule", "resource"):
            wanted = getattr(self, name)
            if wanted:
                chosen[name] = _named_in(rows, name, wanted)
        return chosen


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


def _named(wanted: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if wanted in (name, shown(name))][:_MOST_NAMES] or [wanted]


def _named_in(rows: Rows, column: str, wanted: str) -> list[str]:
    """Find what a column has; all of it is looked through where a page had to change the name."""
    if rows(f"SELECT 1 FROM finding WHERE {column} = ? LIMIT 1", wanted):  # noqa: S608 - our names
        return [wanted]
    names = rows(f"SELECT DISTINCT {column} FROM finding")  # noqa: S608 - our names
    return _named(wanted, (as_it_was(name) for (name,) in names))


def _page(text: str) -> int:
    if not text.isdecimal() or len(text) > _MOST_DIGITS or int(text) < 1:
        raise BadQueryError(f'"{text[:40]}" is not the number of a page.')
    return int(text)
