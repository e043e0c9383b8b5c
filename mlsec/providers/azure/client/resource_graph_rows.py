"""What Resource Graph is asked, and how far it is believed.

The graph is an index: it lags, it lacks types, it leaves out what we may not read without a word,
and it reads each type with an api-version of its own. So its rows stand for a type's listing only
where Resource Manager itself names the very same resources, none of them changed a moment ago, the
role may read the type, one listing of the type was compared (witness.py), and the rows are not of
an older version than we ask for: what a version does not have would be taken for what is not set,
where the listing that was compared happens not to set it. Else Resource Manager is asked, as if
there were no graph.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mlsec.collect.walk.client import CallResult
from mlsec.collect.walk.listing import ListingResult
from mlsec.providers.azure.route import ArmRead

NAME = "Azure Resource Graph"
ALL_RESOURCES = "Resource Manager's list of all resources"
# How long the index may lag behind, as far as we believe it; documented as "within minutes".
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
    """Give back the types that a rows query asked for; none for the counting one."""
    return frozenset(_TYPES.findall(query))


class RowsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What one rows query gave, and for which types and subscriptions it was asked."""

    types: frozenset[str]
    subscriptions: frozenset[str]
    found: ListingResult


class Inside(msgspec.Struct, frozen=True, kw_only=True):
    """What Resource Manager says of one subscription: which resources there are, what we may do.

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
    """Put the two listings together; None when either is not the whole."""
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
    """All that the graph answered, and when it may stand for a listing."""

    def __init__(self, answers: Iterable[RowsAnswer], inside: Mapping[str, Inside]) -> None:
        self._inside = inside
        self._reported: dict[tuple[str, str], ListingResult] = {}
        self._rows: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
        self._trusted: set[str] = set()
        for each in answers:
            self._keep(each)

    @property
    def trusted(self) -> frozenset[str]:
        """The types whose rows stand for listings."""
        return frozenset(self._trusted)

    def trust(self, kind: str) -> None:
        """Believe the rows of a type from now on: they were compared."""
        self._trusted.add(kind)

    def known(self, kind: str) -> set[tuple[str, str]]:
        """Give (scope, id) of every row whose resource Resource Manager lists as well."""
        return {
            (scope, key)
            for (scope, each), rows in self._rows.items()
            if each == kind and scope in self._inside
            for key in rows.keys() & self._inside[scope].listed.get(kind, frozenset())
        }

    def rows(self, scope: str, kind: str) -> Mapping[str, Mapping[str, Any]]:
        """Give the rows of a type in a subscription, by id in lower case."""
        return self._rows.get((scope, kind), {})

    def answer(self, scope: str, operation: ArmRead, parent: str) -> CallResult | None:
        """Give a listing's answer, None when Resource Manager must be asked.

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
                self._reported[(f"azure/{subscription}", kind)] = rows_answer.found
                self._rows.setdefault((f"azure/{subscription}", kind), {})
        for row in rows_answer.found.entries:
            key = str(row.get("id", "")).lower()
            place = (f"azure/{_subscription_of(key)}", str(row.get("type", "")).lower())
            if place in self._rows:
                self._rows[place][key] = _as_listed(row)


def is_older(version: Any, wanted: str) -> bool:
    """Whether an api-version (``2024-04-01-preview``) is of an earlier day; one unsaid may be."""
    return not isinstance(version, str) or version[:10] < wanted[:10]


def pack(counts: Mapping[str, int], most: int = 1000) -> list[frozenset[str]]:
    """Put types together so that few queries have more than one page; the same in every run."""
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
    """Leave out what the graph says for "nothing": null, and "" for a kind or an owner."""
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
    return any(_pattern(str(each)).fullmatch(action.lower()) for each in given)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(piece) for piece in text.lower().split("*")))


def _is_later(stamp: Any, edge: datetime.datetime) -> bool:
    """Whether a time is after the edge; one that cannot be read, or is not said, may be late."""
    try:
        moment = datetime.datetime.fromisoformat(str(stamp))
    except ValueError:
        return True
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)) > edge
