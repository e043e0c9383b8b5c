"""One thing being read: its listing entry, the answers about it, and what could not be read."""

from __future__ import annotations

from typing import Any

import msgspec

from mlsec.collect.walk.paths import MISSING, dig
from mlsec.collect.walk.plan import TypePlan
from mlsec.core.resource import Gap


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """One account (subscription, project) to read: ``home`` is where global calls are asked."""

    name: str
    account: str
    home: str
    regions: tuple[str, ...]
    partition: str = ""


class Item(msgspec.Struct, kw_only=True):
    """The parts of one resource while it is read; only the job that reads it changes it.

    ``region`` is "" for what is global. ``place`` is where it is counted.
    ``parts`` maps an operation's name to its answer, ``gaps``
    to why there is none, ``sources`` to the id of the call it came from.
    """

    plan: TypePlan
    scope: Scope
    region: str
    entry: Any
    parent: Item | None = None
    place: tuple[str, str, str] = ("", "", "")
    id: str = ""
    parts: dict[str, Any] = msgspec.field(default_factory=dict)
    gaps: dict[str, Gap] = msgspec.field(default_factory=dict)
    sources: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def home(self) -> str:
        """The region to ask about it: its own, or the account's home for what is global."""
        return self.region or self.scope.home

    def part(self, name: str) -> Any:
        """Give an operation's answer (``parent.`` before the name: the parent's), or MISSING."""
        if name.startswith("parent."):
            return self.parent.part(name[7:]) if self.parent else MISSING
        return self.parts.get(name, MISSING)

    def gap(self, name: str) -> Gap | None:
        """Give why an operation's answer is not there."""
        if name.startswith("parent."):
            return self.parent.gap(name[7:]) if self.parent else None
        return self.gaps.get(name)


def lookup(item: Item, path: str) -> Any:
    """Resolve ``$.path``, ``$parent.path``, ``$account``, ``$region`` or ``$id``.

    A grandparent's item is ``$parent.$parent.path``.

    Returns:
        The value, MISSING (known to be absent), or the Gap that hides it.
    """
    match path:
        case "$account":
            return item.scope.account
        case "$region":
            return item.home
        case "$id":
            return item.id or MISSING
    if path.startswith("$parent."):
        above = path[8:] if path.startswith("$parent.$") else "$." + path[8:]
        return lookup(item.parent, above) if item.parent else MISSING
    inner = path.removeprefix("$.")
    value = dig(item.entry, inner)
    if value is not MISSING:
        return value
    name, _, rest = inner.partition(".")
    if name in item.gaps:
        return item.gaps[name]
    return dig(item.parts[name], rest) if name in item.parts else MISSING


def fill(item: Item, template: Any) -> Any:
    """Replace every ``$`` path in request parameters.

    Returns:
        The parameters; MISSING when one is absent; a Gap when one could not be read.
    """
    if isinstance(template, str) and template.startswith("$"):
        return lookup(item, template)
    if isinstance(template, (list, tuple)):
        return _first_hole([fill(item, part) for part in template])
    if isinstance(template, dict):
        return _first_hole({key: fill(item, part) for key, part in template.items()})
    return template


def _first_hole(filled: Any) -> Any:
    inside = filled.values() if isinstance(filled, dict) else filled
    holes = [value for value in inside if value is MISSING or isinstance(value, Gap)]
    return holes[0] if holes else filled
