"""Resource Graph over an invented Azure: the two queries that a collection makes, and its lag."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from tests.estate.azure_world import TENANT, World, type_of

_WHERE = re.compile(r"^resources \| where type in~ \(([^)]*)\) \| project ")


class UnknownQueryError(Exception):
    """A query that this graph cannot answer."""


def query(world: World, body: bytes, page_size: int) -> dict[str, Any]:
    """Answer a query as Resource Graph does: a page of rows, and how to get the next."""
    asked = json.loads(body)
    options = asked.get("options", {})
    size = min(options.get("$top", 1000), page_size)
    start = int(options.get("$skipToken", "0"))
    rows = _rows(world, asked["query"], {s.lower() for s in asked["subscriptions"]})
    page = rows[start : start + size]
    more = {"$skipToken": str(start + size)} if start + size < len(rows) else {}
    return {
        "totalRecords": len(rows),
        "count": len(page),
        "resultTruncated": "true" if more else "false",
        "data": page,
        "facets": [],
        **more,
    }


def _rows(world: World, text: str, subscriptions: set[str]) -> list[dict[str, Any]]:
    indexed = [
        row
        for row in (_as_row(world, r) for r in [*world.resources.values(), *world.ghosts])
        if row["subscriptionId"] in subscriptions
        and row["location"]
        and row["type"] not in world.unindexed
        and row["id"].lower() not in world.lagging
        and world.may(f"{row['type']}/read")
    ]
    if text.startswith("resources | summarize count_ = count() by type"):
        counts = Counter(row["type"] for row in indexed)
        return [{"type": kind, "count_": count} for kind, count in sorted(counts.items())]
    where = _WHERE.match(text)
    if where is None:
        raise UnknownQueryError(text)
    kinds = {each.strip().strip("'").lower() for each in where.group(1).split(",")}
    found = [row for row in indexed if row["type"] in kinds]
    return sorted(found, key=lambda row: str(row["id"]).lower())


def _as_row(world: World, resource: dict[str, Any]) -> dict[str, Any]:
    """Show a resource as the graph does: everything present, nothing said with null or ""."""
    pieces = resource["id"].split("/")
    blank = {"kind": "", "managedBy": "", "sku": None, "plan": None, "tags": None,
             "identity": None, "zones": None, "location": ""}  # fmt: skip
    kind = type_of(resource["id"]).lower()
    lacking = world.thin.get(kind, set())
    properties = {k: v for k, v in resource["properties"].items() if k not in lacking}
    return {
        **blank,
        **resource,
        "properties": properties,
        "type": kind,
        "apiVersion": world.index_versions.get(kind, "2026-06-01"),
        "subscriptionId": pieces[2].lower() if len(pieces) > 2 else "",
        "tenantId": TENANT,
    }
