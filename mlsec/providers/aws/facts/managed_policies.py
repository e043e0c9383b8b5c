"""What the policies that AWS itself manages allow, where code only names them.

The documents are public and dated (``policy/managed_policies.txt``): one that is newer, or was
changed since, is read as it was on that day or not known at all.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import msgspec

from mlsec.providers.aws import policy
from mlsec.providers.aws.policy.document import Document, read_document
from mlsec.providers.aws.shapes.policy_document import read_policy

_PATH = Path(policy.__file__).with_name("managed_policies.txt")
_AWS_OWN = ":iam::aws:policy/"
_PARTITION = "aws"
_AS_OF = "as of "


class ManagedPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """One policy of AWS. ``is_whole``: it is known that the document is the one of the partition.

    ``version`` and ``day`` are those of the document.
    """

    document: Document
    is_whole: bool
    version: str
    day: str


@functools.lru_cache(maxsize=512)
def policy_of_aws(arn: str) -> ManagedPolicy | None:
    """Give a policy that AWS manages; None when it is not among the known."""
    head, is_own, path = arn.partition(_AWS_OWN)
    partition = head.removeprefix("arn:")
    lines = lines_of(path) if is_own else None
    if lines is None:
        return None
    _, version, day = lines[0].split(" ")
    return ManagedPolicy(
        document=read_document(read_policy(raw_document(lines, partition)) or ()),
        is_whole=partition == _PARTITION,
        version=version,
        day=day,
    )


def raw_document(lines: list[str], partition: str = _PARTITION) -> dict[str, Any]:
    """Give the document that lines of the file write."""
    own = f'"arn:{partition}:'
    statements = [json.loads(line.replace('"arn:aws:', own)) for line in lines[1:]]
    return {"Version": "2012-10-17", "Statement": statements}


def day_of_policies() -> str:
    """Give the day on which AWS's policies were as they are known here: 2026-08-22."""
    return _text().partition(_AS_OF)[2].partition(":")[0]


@functools.cache
def names() -> tuple[str, ...]:
    """Name all that are known, with their paths, in order."""
    lines = _text().split("\n")
    return tuple(line[1:].partition(" ")[0] for line in lines if line.startswith("="))


def lines_of(path: str) -> list[str] | None:
    """Give the lines of a policy: one that can no longer be attached is known by its name alone."""
    text = _text()
    for name in (path, path.rpartition("/")[2]):
        at = text.find(f"\n={name} ")
        if at >= 0:
            end = text.find("\n=", at + 1)
            return text[at + 1 : end if end >= 0 else None].strip("\n").split("\n")
    return None


@functools.cache
def _text() -> str:
    return _PATH.read_text("utf-8")
