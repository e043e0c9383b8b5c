"""The questions that facts put to the policies of an identity."""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec

from mlsec.providers.aws.policy.document import Document, read_document
from mlsec.providers.aws.policy.keys import Domain
from mlsec.providers.aws.policy.patterns import ANY, matches
from mlsec.providers.aws.policy.statement import Statement, read_statement

__all__ = (
    "ANY", "Cover", "Document", "Question", "Statement", "matches", "read_document",
    "read_statement",
)  # fmt: skip
_PARTS = 6
_REGION = 3


class Cover(enum.Enum):
    """How much of what a question is about the right must cover.

    WHOLE: all of it. PART: it is enough that something below it may be reached, as when a policy
    names a prefix of a bucket. ANYWHERE: on something, whatever it is called (to create one).
    """

    WHOLE = "whole"
    PART = "part"
    ANYWHERE = "anywhere"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """May ``action`` (lower case) be done to ``resource``?

    In the resource ``*`` stands for some part of a name, ``ANY`` for a name that no policy knows;
    in the place of the region both mean some region. ``passed_to``: the service a role is handed
    to. ``tags``: of the resource; empty: it has none, None: they are not known. ``keys``: what
    condition keys (lower case) can be besides.
    """

    action: str
    resource: str
    reach: Cover = Cover.WHOLE
    passed_to: str = ""
    tags: Mapping[str, str] | None = {}
    keys: Mapping[str, Domain] = {}

    @property
    def asked_of(self) -> str:
        """The resource as a request names it."""
        match self.reach:
            case Cover.ANYWHERE:
                return "*"
            case Cover.PART:
                return self.resource.replace(ANY, "*")
            case Cover.WHOLE:
                return _in_some_region(self.resource)


def _in_some_region(resource: str) -> str:
    """Rights in one region count as rights: who may do it somewhere may do it."""
    parts = resource.split(":", _PARTS - 1)
    if len(parts) == _PARTS and parts[_REGION] == ANY:
        parts[_REGION] = "*"
        return ":".join(parts)
    return resource
