"""One resource of a CloudFormation template, and the name it goes by without one of its own."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mlsec.collect.located.located import Node
from mlsec.core.enums import Truth
from mlsec.iac.mapping.declaration import given_name


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One resource as the template declares it; ``loop`` are the values of the loops around it."""

    logical: str
    type: str
    node: Node
    exists: Truth
    loop: Mapping[str, str] = msgspec.field(default_factory=dict)


def given_of(member: Member) -> str:
    """Give the name of what has none: the path of the construct that the CDK made it of, if any."""
    path = member.node.text("Metadata", "aws:cdk:path").partition("/")[2]
    return given_name(path.removesuffix("/Resource") or member.logical)
