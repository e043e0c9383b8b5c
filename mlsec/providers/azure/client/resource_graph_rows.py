"""Queries to Resource Graph, and when their rows are trusted.

The graph is an index: it lags, lacks some types, silently omits what the credentials may not read,
and reads each type with its own api-version. Its rows therefore replace a type's listing only if
Resource Manager reports the same resources, none of them changed recently, the role may read the
type, one listing of the type was compared (row_check.py), and the rows' api-version is not older
than the requested one: a property that an older version lacks would appear as not set where the
compared listing does not set it either. Otherwise the listing is requested from Resource Manager.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mlsec.collect.walk.client import CallResult
from mlsec.collect.walk.listing import ListingResult
from mlsec.core.wildcard import matches_stars
from mlsec.providers.azure.route import ArmRead

NAME = "Azure Resource Graph"
ALL_RESOURCES = "Resource Manager's list of all resources"
# Assumed maximal lag of the index; documented as "within minutes".
LAG = datetime.timedelta(minutes=15)
_COLUMNS = (
    "id, name, type, kind, location, managedBy, sku, plan, tags, identity, zones, properties,"
    " apiVersion"
)
_TYPES = re.compile(r"'([^']+)'")
COUNTS = "resources | summarize count_ = count() by type | order by type asc"


def rows_query(types: Iterable[str]) -> str:
    """Give the query for all resources of some types."""
    quoted = ", ".join(f"'{type_}'" for type_ in sorted(types))
    return f"resources | where type in~ ({quoted}) | project {_COLUMNS} | order by id asc"


def types_of(query: str) -> frozenset[str]:
    """Give the types of a rows query; none for the counting query."""
    return frozenset(_TYPES.findall(query))


class RowsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one rows query, with its types and subscriptions."""

    types: frozenset[str]
    subscriptions: frozenset[str]
    listing: ListingResult


class Inside(msgspec.Struct, frozen=True, kw_only=True):
    """The resources of a subscription and our permissions there, from Resource Manager.

    ``listed`` maps a type (lower case) to the ids (lower case) of its resources, and ``fresh`` are
    the ids that changed so late that the index need not know. ``call`` is the listing's.
    """

    listed: Mapping[str, frozenset[str]]
    fresh: frozenset[str]
    permissions: tuple[Mapping[str, Any], ...]
    call: str

    def may(self, right: str) -> bool:
        """Whether the role allows an action on the whole subscription."""
        return all(
            any(_allows(permission, action) for permission in self.permissions)
            for action in right.split(",")
        )


def inside_of(
    resources: ListingResult, permissions: ListingResult, began_at: datetime.datetime
) -> Inside | None:
    """Combine the two listings; None if either is incomplete."""
    if resources.gap is not None or permissions.gap is not None:
        return None
    listed: dict[str, set[str]] = {}
    fresh: set[str] = set()
    edge = began_at - LAG
    for entry in resources.entries:
        key, kind = str(entry.get("id", "")).lower(), str(entry.get("type", "")).lower()
        listed.setdefault(kind, set()).add(key)
        if _is_later(entry.get("changedTime", entry.get("createdTime")), edge):
            fresh.add(key)
    return Inside(
        listed={kind: frozenset(ids) for kind, ids in listed.items()},
        fresh=frozenset(fresh),
        permissions=permissions.entries,
        call=resources.call,
    )


class Index:
    """All answers of the graph, and when they may replace a listing."""

    def __init__(self, answers: Iterable[RowsAnswer], inside: Mapping[str, Inside]) -> None:
        self._inside = inside
        self._reported: dict[tuple[str, str], ListingResult] = {}
        self._rows: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
        self._trusted: set[str] = set()
        for answer in answers:
            self._keep(answer)

    @property
    def trusted(self) -> frozenset[str]:
        """The types whose rows replace listings."""
        return frozenset(self._trusted)

    def trust(self, kind: str) -> None:
        """Trust the rows of a type from now on, after comparison."""
        self._trusted.add(kind)

    def known(self, kind: str) -> set[tuple[str, str]]:
        """Give (scope, id) of every row whose resource Resource Manager lists as well."""
        return {
            (scope, key)
            for (scope, row_kind), rows in self._rows.items()
            if row_kind == kind and scope in self._inside
            for key in rows.keys() & self._inside[scope].listed.get(kind, frozenset())
        }

    def rows(self, scope: str, kind: str) -> Mapping[str, Mapping[str, Any]]:
        """Give the rows of a type in a subscription, by id in lower case."""
        return self._rows.get((scope, kind), {})

    def answer(self, scope: str, operation: ArmRead, parent: str) -> CallResult | None:
        """Give a listing's answer, None if it needs a request to Resource Manager.

        Args:
            scope: the subscription's.
            operation: a listing that says which rows are the same.
            parent: the id that the listing lies below, "" for the whole subscription.
        """
        inside, kind = self._inside.get(scope), operation.graph
        if inside is None or not inside.may(operation.right):
            return None
        listed = inside.listed.get(kind, frozenset())
        rows_answer = self._reported.get((scope, kind))
        if rows_answer is None:
            # Neither index nor listing knows one. A child's listing could still have some: whether
            # a kind of child counts as a resource of its own is not said anywhere.
            is_empty = not listed and not parent
            empty = CallResult(document={"value": []}, call=inside.call, by=ALL_RESOURCES)
            return empty if is_empty else None
        rows = self._rows[(scope, kind)]
        if (
            kind not in self._trusted
            or rows_answer.gap is not None
            or listed != rows.keys()
            or listed & inside.fresh
            or any(is_older(row.get("apiVersion"), operation.version) for row in rows.values())
            or (parent and not listed)
        ):
            return None
        below = f"{parent.lower().rstrip('/')}/" if parent else ""
        entries = [rows[key] for key in sorted(listed) if key.startswith(below)]
        return CallResult(document={"value": entries}, call=rows_answer.call, by=NAME)

    def _keep(self, rows_answer: RowsAnswer) -> None:
        for subscription in rows_answer.subscriptions:
            for kind in rows_answer.types:
                self._reported[(f"azure/{subscription}", kind)] = rows_answer.listing
                self._rows.setdefault((f"azure/{subscription}", kind), {})
        for row in rows_answer.listing.entries:
            key = str(row.get("id", "")).lower()
            place = (f"azure/{_subscription_of(key)}", str(row.get("type", "")).lower())
            if place in self._rows:
                self._rows[place][key] = _as_listed(row)


def is_older(version: Any, wanted: str) -> bool:
    """Whether an api-version (``2024-04-01-preview``) is earlier; a missing one may be."""
    return not isinstance(version, str) or version[:10] < wanted[:10]


def pack(counts: Mapping[str, int], most: int = 1000) -> list[frozenset[str]]:
    """Group types so that few queries have more than one page; the same in every run."""
    packs: list[tuple[int, set[str]]] = []
    for kind, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        for at, (size, kinds) in enumerate(packs):
            if size + count <= most:
                packs[at] = (size + count, kinds | {kind})
                break
        else:
            packs.append((count, {kind}))
    return [frozenset(kinds) for _, kinds in packs]


def _as_listed(row: Mapping[str, Any]) -> dict[str, Any]:
    """Remove the graph's placeholders for missing values: null, and "" for a kind or an owner."""
    return {name: value for name, value in row.items() if value not in (None, "")}


def _subscription_of(resource_id: str) -> str:
    pieces = resource_id.split("/", 3)
    return pieces[2] if len(pieces) > 2 and pieces[1] == "subscriptions" else ""


def _allows(permission: Mapping[str, Any], action: str) -> bool:
    return _matches(permission.get("actions"), action) and not _matches(
        permission.get("notActions"), action
    )


def _matches(patterns: Any, action: str) -> bool:
    given = patterns if isinstance(patterns, list) else []
    return any(matches_stars(str(pattern).lower(), action.lower()) for pattern in given)


def _is_later(stamp: Any, edge: datetime.datetime) -> bool:
    """Whether a time is after the edge; a missing or malformed one counts as later."""
    try:
        moment = datetime.datetime.fromisoformat(str(stamp))
    except ValueError:
        return True
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)) > edge
