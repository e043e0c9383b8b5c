"""Units for tests of the ledger."""

from __future__ import annotations

from typing import Any

import psycopg

from mlsec.fleet.ledger import add_units
from mlsec.fleet.scans import begin_scan
from mlsec.fleet.units import Kind, NewUnit, Outcome, Scan

SHARD = Outcome(shard="1/1/1", digest="sha256:00")


def unit(scope: str, **more: Any) -> NewUnit:
    return NewUnit(**{
        "pass_number": 1, "kind": Kind.COLLECT, "scope": scope, "lane": "lane", "slots": 2,
        "task": {"scope": scope},
    } | more)  # fmt: skip


def scan_of(ledger: psycopg.Connection[Any], *units: NewUnit) -> Scan:
    scan = begin_scan(ledger, "organisation", {"targets": ["aws"]})
    add_units(ledger, scan.id, units)
    return scan
