"""Changes a JSON document in one to four places, so that its readers meet what nobody planned."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

_STRANGE = st.sampled_from(
    [None, True, 0, -1, 1 << 63, 1.5, "", "\x00", "A", "AAAA", "-1", "9" * 30, [], {}, [[]], [None]]
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every path to a value below the root."""
    found = [path] if path else []
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, below in items:
        found.extend(places(below, (*path, key)))
    return found


def mutate_json(document: Any, data: st.DataObject) -> Any:
    """Replace, drop, repeat or bend values of a copy of ``document``."""
    changed = copy.deepcopy(document)
    for _ in range(data.draw(st.integers(1, 4))):
        reachable = places(changed)
        if not reachable:
            break
        path = data.draw(st.sampled_from(reachable))
        holder = changed
        for step in path[:-1]:
            holder = holder[step]
        _bend(holder, path[-1], data)
    return changed


def _bend(holder: Any, key: Any, data: st.DataObject) -> None:
    value = holder[key]
    match data.draw(st.sampled_from(["strange", "drop", "repeat", "bend", "bend"])):
        case "drop":
            del holder[key]
        case "repeat" if isinstance(holder, list):
            holder.insert(0, copy.deepcopy(value))
        case "bend" if isinstance(value, str) and value:
            place = data.draw(st.integers(0, len(value) - 1))
            letter = data.draw(st.sampled_from("AZaz09+/=-\n "))
            holder[key] = value[:place] + letter + value[place + 1 :]
        case _:
            holder[key] = copy.deepcopy(data.draw(_STRANGE))
