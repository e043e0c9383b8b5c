"""What a derived fact can be: known, or unread with the gaps that hide it."""

from __future__ import annotations

from typing import Any

import msgspec

from mlsec.core.resource import Resource


class Known(msgspec.Struct, frozen=True):
    """A fact that the inputs decide; ``value`` None is a known absence.

    ``more`` are the gaps that hide further elements of a list, or parts of those that it has.
    """

    value: Any
    more: tuple[str, ...] = ()


class Unknown(msgspec.Struct, frozen=True):
    """A fact that is not known; ``gaps`` are the ids of what hides it (may be empty)."""

    gaps: tuple[str, ...] = ()


class Targets(msgspec.Struct, frozen=True, kw_only=True):
    """Where a relation leads. Non-empty ``gaps``: more may exist that could not be read."""

    resources: tuple[Resource, ...] = ()
    gaps: tuple[str, ...] = ()


def property_value(resource: Resource, name: str) -> Known | Unknown:
    """Read a property; Unknown when it was not read, or is missing without a declared meaning."""
    unread = resource.unread
    # A list that is reported in part is not known, to a fact that looks at all of it.
    hidden = unread.get(name) or unread.get("*") or unread.get(f"{name}[]") if unread else None
    if hidden is not None:
        return Unknown(tuple(hidden))
    if name in resource.properties:
        return Known(resource.properties[name])
    return Unknown()


def field_values(resource: Resource, name: str, field: str) -> Known | Unknown:
    """Give one field of every element of a list; what hides other fields does not hide it.

    ``more`` of the answer are the gaps that hide elements, or the field of some.
    """
    unread = resource.unread
    hidden = unread.get(name) or unread.get("*") if unread else None
    if hidden is not None or name not in resource.properties:
        return Unknown(tuple(hidden or ()))
    keys = (f"{name}[].*", f"{name}[].{field}")
    more = tuple(sorted({gap for key in keys for gap in unread.get(key, ())}))
    elements = resource.properties[name] or ()
    return Known(tuple(item[field] for item in elements if field in item), more=more)
