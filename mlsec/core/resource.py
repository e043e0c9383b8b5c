"""What a scan found: resources, the relations between them, and what it could not read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.core.coverage import Coverage
from mlsec.core.enums import GapReason


class Gap(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing that was wanted and could not be read.

    ``id`` is a digest of scope, subject, wanted and reason, so equal gaps are one.
    ``subject`` is the region, resource id or file asked about; ``wanted`` the operation
    (``sagemaker:DescribeModel``) or the fact; ``missing_right`` the action to allow, or "".
    """

    id: str
    scope: str
    subject: str
    wanted: str
    reason: GapReason
    missing_right: str = ""
    detail: str = ""


def is_of_code(gap: Gap) -> bool:
    """Whether it is a value in code that only an apply, a render or another file can know."""
    return gap.scope.startswith("code/") and gap.reason is GapReason.UNRESOLVED


class Origin(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where a resource was read: ``live`` (an API), ``iac`` (code) or ``file``.

    ``stack`` is the template or root module that it is part of: names inside of one mean its own.
    ``scenario`` is the file of values it is made with, where code makes it with several.
    """

    kind: str = "live"
    file: str = ""
    line: int = 0
    column: int = 0
    stack: str = ""
    scenario: str = ""


class Resource(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One typed thing with its normalised properties.

    ``properties`` maps each vocabulary property name (dots are part of the name) to its value:
    a scalar, None (known to be absent), a list, or for ``type: map`` a mapping. List items with
    fields are mappings by field name. A name that is missing is unknown.
    ``unread`` maps a property, relation or ``*`` (everything) to the ids of the gaps that hide it.
    ``sources`` maps an operation name to ``call-id`` of the answer its properties came from.
    ``scope`` is the account, subscription or project: ``aws/111122223333``; of what code declares,
    ``code/`` and the target.
    ``known_as`` is what others call it where that is not its id: the ARN that a declared thing will
    have, as far as code says. ``places`` maps a property, or an element (``variants[0].name``), to
    its ``file:line:column``; what it does not have stands at ``origin``. ``account``
    is the one that code says it is made in, "" where it does not say or the scope does.
    ``is_template`` says that others fill it in: what it does not state is asked of them.
    """

    id: str
    type: str
    provider: str
    scope: str
    region: str = ""
    name: str = ""
    properties: Mapping[str, Any] = msgspec.field(default_factory=dict)
    unread: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    tags: Mapping[str, str] = msgspec.field(default_factory=dict)
    origin: Origin = Origin()
    sources: Mapping[str, str] = msgspec.field(default_factory=dict)
    is_stub: bool = False

    @property
    def stands_in_code(self) -> bool:
        """Whether it is declared and not running: what lies around it is declared elsewhere."""
        return self.origin.kind == "iac"

    known_as: str = ""
    places: Mapping[str, str] = msgspec.field(default_factory=dict)
    account: str = ""
    is_template: bool = False

    @property
    def identity(self) -> str:
        """What policies and references call it."""
        return self.known_as or self.id


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """All that one or more collectors brought home, before it is joined into a graph."""

    resources: tuple[Resource, ...] = ()
    gaps: tuple[Gap, ...] = ()
    coverage: Coverage = Coverage()
