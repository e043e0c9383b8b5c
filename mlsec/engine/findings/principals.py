"""Who a failure speaks of: the principals behind a yes, and the statement of a policy behind them.

A property ``has_external_writers`` says only that there are some; ``external_writers`` beside it
names them, and the statements of ``policy`` say which of them lets them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from mlsec.core.finding import Evidence
from mlsec.core.resource import Resource

MAX_NAMED = 20
_MARK = "has_"


def with_principals(evidence: Evidence, document: Resource, name: str) -> Evidence:
    """Add who is meant where a property that speaks of somebody holds."""
    if evidence.actual is not True or _MARK not in name:
        return evidence
    beside = document.properties.get(name.replace(_MARK, "", 1))
    names = tuple(item for item in _items(beside) if isinstance(item, str))
    if not names:
        return evidence
    statement = _statement(document.properties.get("policy"), frozenset(names))
    return msgspec.structs.replace(
        evidence, named=names[:MAX_NAMED], statement=statement or msgspec.UNSET
    )


def _statement(policy: Any, names: frozenset[str]) -> str:
    """Name the one statement that lets these principals; "" where there is not exactly one."""
    lets = [
        str(item.get("sid") or number)
        for number, item in enumerate(_items(policy), start=1)
        if isinstance(item, Mapping)
        and item.get("effect") == "Allow"
        and not names.isdisjoint(item.get("principals") or ())
    ]
    return lets[0] if len(lets) == 1 else ""


def _items(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()
