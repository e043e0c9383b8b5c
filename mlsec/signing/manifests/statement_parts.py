"""The parts of an in-toto statement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class Subject(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is signed: a name, and digests as ``algorithm -> lower-case hex``."""

    name: str
    digests: Mapping[str, str]


class RawResource(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One line of a manifest as written, not yet judged."""

    name: str
    digest: str
    algorithm: str


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed payload. ``predicate`` is plain JSON, but for objects of the three fields of a
    manifest line, which are ``RawResource``.
    """

    type: str
    subjects: tuple[Subject, ...]
    predicate_type: str
    predicate: Any
