"""Which listed entries are counted and not read, and why."""

from __future__ import annotations

import datetime
from typing import Any

from mlsec.collect.walk.paths import MISSING, dig
from mlsec.collect.walk.plan import TypePlan


def left_out(plan: TypePlan, entry: Any, began_at: datetime.datetime) -> str:
    """Give why an entry is only counted, "" when it is to be read."""
    if plan.left_out:
        return plan.left_out
    made_at = dig(entry, plan.dated_by) if plan.window_days else MISSING
    if not isinstance(made_at, str):
        return ""
    window = datetime.timedelta(days=plan.window_days)
    earliest = datetime.datetime.min.replace(tzinfo=datetime.UTC) + window
    edge = max(began_at, earliest) - window
    is_old = made_at < edge.strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"made more than {plan.window_days} days before" if is_old else ""
