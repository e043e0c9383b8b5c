"""What a rule says of a resource, with the evidence that decided it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.core.enums import Category, Concern, Severity, Status


class Evidence(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One deciding clause: ``path operator expected``, the ``actual`` value and its place.

    ``resource`` is the id of the resource the value was read from (a neighbour in relation rules);
    ``source`` is the API operation and payload path (``DescribeModel:VpcConfig``) or file:line:col.
    ``actual`` is a JSON value; a value that was not read has ``is_unread`` and the gap ids.
    ``named`` are the principals of which ``actual`` says that there are some, ``statement`` is the
    one of the policy that lets them.
    """

    path: str
    operator: str
    expected: Any
    actual: Any = None
    is_unread: bool = False
    gaps: tuple[str, ...] = ()
    resource: str = ""
    source: str = ""
    named: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    statement: str | msgspec.UnsetType = msgspec.UNSET


class PathNode(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One resource on a path from the judged resource to what decided."""

    id: str
    type: str
    name: str
    note: str = ""


class PathEdge(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One step of a path: ``source`` and ``target`` index into the path's nodes."""

    source: int
    target: int
    relation: str


class AttackPath(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The resources and steps that together make a finding; node 0 is the judged resource."""

    nodes: tuple[PathNode, ...]
    edges: tuple[PathEdge, ...]


class AppliedWaiver(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The accepted exception that covers a finding; dates are ISO days (UTC, inclusive)."""

    id: str
    reason: str
    owner: str
    expires: str
    ticket: str = ""
    approver: str = ""
    granted: str = ""
    compensating_control: str = ""


class Subject(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The judged resource as every report shows it."""

    id: str
    type: str
    provider: str
    scope: str
    region: str = ""
    name: str = ""
    file: str = ""
    line: int = 0
    owner: str = ""

    @property
    def is_in_code(self) -> bool:
        """Whether code declares it: that stands at a line, a model file is a file as a whole."""
        return bool(self.file and self.line)


class Finding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One verdict: status fail or not_assessed (passes are kept as counts and ids).

    ``change`` is what became of it since the earlier scan that ``changes`` of the assessment names
    (new, regressed, unchanged), "" without one. ``first_seen`` is when a scan first found it,
    ``open_since`` since when every scan that could read it did (RFC 3339, UTC); both come from a
    history, or from a baseline, which knows only that it is open at least since then.
    ``stands_for`` are the ids of all resources that it speaks for: those of which nothing uses the
    setting, or those of one folder of code that have it alike.
    ``facts`` has what the rule's fix command names of the resource beyond ``resource``: the values
    by the name of their hole, where there are any. ``folded`` is the class of folder that it lies
    in, where it is folded for that.
    ``scenarios`` are the files of values, or the overlays, with which it is so, where there are
    several, or where it is not so with the values that are used unless others are named; or the
    roots that make it at one line of a module;
    ``message`` names them too.
    """

    fingerprint: str
    rule: str
    status: Status
    severity: Severity
    category: Category
    concern: Concern
    resource: Subject
    message: str
    evidence: tuple[Evidence, ...] = ()
    gaps: tuple[str, ...] = ()
    waiver: AppliedWaiver | None = None
    path: AttackPath | None = None
    change: str = ""
    first_seen: str | msgspec.UnsetType = msgspec.UNSET
    open_since: str | msgspec.UnsetType = msgspec.UNSET
    stands_for: tuple[str, ...] = ()
    facts: Mapping[str, tuple[str, ...]] | msgspec.UnsetType = msgspec.UNSET
    scenarios: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    folded: str | msgspec.UnsetType = msgspec.UNSET

    @property
    def is_folded(self) -> bool:
        """Whether it lies where nothing is deployed from, and so counts nowhere."""
        return self.folded is not msgspec.UNSET
