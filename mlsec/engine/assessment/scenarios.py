"""Findings of one thing that code makes in several ways: one finding names all that it is true of.

What is made with a second file of values, or by a second overlay, has the id of the first with an
``@`` and the name of its scenario. What is not so with the values that a chart or a root has of
its own says with which it is so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from mlsec.core.enums import Status
from mlsec.core.finding import Finding
from mlsec.core.resource import Resource
from mlsec.core.sanitize import visible

_MOST_NAMED = 3
_AFTER = ("", ":", "/", "!", "#", "~")
# What a chart is made with unless others are named, and what a root of Terraform is.
_OWN_VALUES = " values.yaml"
_NO_FILE = "no file of values"
_CHART = "Chart.yaml "


class Scenarios:
    """Notes with what each resource is made, and folds the findings of all into one."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}
        self._roots: dict[str, str] = {}
        # The scenarios of each thing, and of each chart or root; what is made with its own values.
        self._ways: defaultdict[str, set[str]] = defaultdict(set)
        self._own: set[str] = set()

    def note(self, resource: Resource) -> None:
        """Take in how a resource is made."""
        origin, name = resource.origin, resource.origin.scenario
        if not name:
            return
        root = f"{resource.scope} {origin.stack.removesuffix(f' {name}')} "
        self._of[resource.id], self._roots[resource.id] = name, root
        self._ways[_without(resource.id, name)].add(name)
        self._ways[root].add(name)
        if name == _NO_FILE or origin.stack.endswith(_OWN_VALUES):
            self._own.add(resource.id)

    def fold(self, findings: Sequence[Finding]) -> list[Finding]:
        """Give one finding for what is so in several scenarios, that of the first.

        It names them, and one that is not so with the values of its own names the only one too.
        """
        if not self._of:
            return list(findings)
        groups: dict[tuple[str, Status, str], dict[str, Finding]] = {}
        for finding in findings:
            name = self._of.get(self._holder(finding.resource.id), "")
            key = (finding.rule, finding.status, _without(finding.resource.id, name))
            groups.setdefault(key, {}).setdefault(name, finding)
        return [self._one_of(group) for group in groups.values()]

    def _holder(self, resource_id: str) -> str:
        """Give what was noted that a part is of: a container, or the server in it; "" for none."""
        place = resource_id
        while place and place not in self._of:
            place = max((place.rpartition(sign)[0] for sign in ":/!"), key=len)
        return place

    def _one_of(self, group: Mapping[str, Finding]) -> Finding:
        first = next(iter(group.values()))
        names = tuple(name for name in group if name)
        if not names or (len(names) == 1 and not self._needs_names(first, names[0])):
            return first
        return msgspec.structs.replace(
            first, scenarios=names, message=f"{first.message} (with {listed(names)})"
        )

    def _needs_names(self, finding: Finding, name: str) -> bool:
        """Whether it is made in other ways too, and what it is made with is not its own values."""
        holder = self._holder(finding.resource.id)
        root = self._roots[holder]
        ways = self._ways[_without(holder, name)] | self._ways[root]
        return holder not in self._own and (len(ways) > 1 or _CHART in root)


def _without(resource_id: str, name: str) -> str:
    """Give the id that a resource has in the first scenario that it is met in."""
    start, mark, rest = resource_id.rpartition(f"@{name}") if name else ("", "", "")
    return start + rest if mark and rest[:1] in _AFTER else resource_id


def listed(names: Iterable[str]) -> str:
    """Name the first of several, and how many more there are."""
    shown = [visible(name, 100) for name in names]
    more = len(shown) - _MOST_NAMED
    named = shown[:_MOST_NAMED] + ([f"{more} more"] if more > 0 else [])
    return " and ".join(part for part in (", ".join(named[:-1]), named[-1]) if part)
