"""Divides an AWS policy into documents that each fit a managed policy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

# What IAM allows for one managed policy, without white space; an inline policy of a role may have
# 10,240.
MANAGED_POLICY_CHARS = 6144


def size_chars(policy: str) -> int:
    """Count as IAM does: without white space."""
    return len("".join(policy.split()))


def policy_parts(policy: str) -> tuple[str, ...]:
    """Divide a policy into as few documents as fit, of about the same size.

    Together they allow what the whole allows. The actions of one service stay side by side.
    """
    document = json.loads(policy)
    least = -(-size_chars(policy) // MANAGED_POLICY_CHARS)
    for count in range(least, least + 10):
        parts = tuple(_written(document, part) for part in _divided(document, count))
        if all(size_chars(part) <= MANAGED_POLICY_CHARS for part in parts):
            return parts
    return (policy,)


def _divided(document: dict[str, Any], count: int) -> Iterator[list[dict[str, Any]]]:
    """Give the statements of each part, each action in one of them."""
    pairs = [
        (statement, action) for statement in document["Statement"] for action in statement["Action"]
    ]
    whole = sum(len(action) for _, action in pairs)
    parts: list[list[tuple[dict[str, Any], str]]] = [[] for _ in range(count)]
    so_far = 0
    for statement, action in pairs:
        parts[min(so_far * count // whole, count - 1)].append((statement, action))
        so_far += len(action)
    for part in parts:
        statements = {id(statement): statement for statement, _ in part}
        yield [
            {**statement, "Action": [action for owner, action in part if owner is statement]}
            for statement in statements.values()
        ]


def _written(document: dict[str, Any], statements: list[dict[str, Any]]) -> str:
    return json.dumps({**document, "Statement": statements}, indent=2) + "\n"
