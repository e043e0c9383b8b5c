"""What got better from one scan to another that must not have."""

from __future__ import annotations

from collections import Counter

import msgspec

from mlsec.core.enums import Status
from mlsec.core.gate_result import Gate
from tests.metamorphic.scanning import Check, Scan, Thing

PASSES, VANISHED, GONE, ALARM, ENDS_WELL = "fail -> pass", "gone", "gone with", "alarm", "10 -> 0"


class Harm(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a change hid, or made up. ``check`` is of the scan before."""

    kind: str
    check: Check = ("", "")
    severity: str = ""


def hidden(before: Scan, after: Scan) -> list[Harm]:
    """Say what a scan hides in which one value cannot be read any more.

    A failure may become unknown; nothing else may change for the better, and nothing may fail that
    passed.
    """
    harms, same = [], _same_things(before, after)
    for check, severity in before.failed.items():
        rule, id_ = check
        now = (rule, same.get(id_, id_))
        kind = ""
        match after.status(now):
            case Status.PASS:
                kind = PASSES
            case Status.NOT_APPLICABLE:
                kind = VANISHED if now[1] in after.things else GONE
        if kind and not (kind == GONE and _is_asked_of_another(rule, before, after)):
            harms.append(Harm(kind=kind, check=check, severity=severity.value))
    harms += [
        Harm(kind=ALARM, check=check, severity=after.failed[now].value)
        for check in before.passed
        if (now := (check[0], same.get(check[1], check[1]))) in after.failed
    ]
    if before.ends is Gate.FINDINGS and after.ends is Gate.CLEAN and harms:
        harms.append(Harm(kind=ENDS_WELL))
    return harms


def _same_things(before: Scan, after: Scan) -> dict[str, str]:
    """Give the ids of resources that bear another id now, by the place where they stand."""
    places: dict[Thing, list[str]] = {}
    for id_, thing in after.things.items():
        if id_ not in before.things:
            places.setdefault(thing, []).append(id_)
    renamed = {}
    for id_, thing in before.things.items():
        if id_ not in after.things and len(there := places.get(thing, [])) == 1:
            renamed[id_] = there[0]
    return renamed


def _is_asked_of_another(rule: str, before: Scan, after: Scan) -> bool:
    """Whether a rule still cannot be decided, or fails, for as many things as it did."""
    then = Counter(name for name, _ in (*before.failed, *before.unknown))
    now = Counter(name for name, _ in (*after.failed, *after.unknown))
    return now[rule] >= then[rule]
