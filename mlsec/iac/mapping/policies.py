"""What of policies is known where parts of them are not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mlsec.collect.located.located import Node, UnknownValue

_RESOURCES = ("Resource", "NotResource")
# How the name of one resource begins; those of OpenSearch are no ARNs.
_NAMED = ("arn:", "collection/", "index/")
# What names a policy or a statement, and decides nothing.
_NAMES = ("PolicyName", "Sid", "Version", "VersionId")
# Of these lists each element allows something by itself.
_EACH = ("Action", "Resource")
# What says whether something is allowed or denied, and what.
_ACTING = ("Effect", "Action", "NotAction")
_DOCUMENTS = ("PolicyDocument", "Document")
_AWS_OWN = ":iam::aws:policy/"
# The policies of AWS that deny are named after it.
_DENYING = ("deny", "quarantine")


class KnownStatements(msgspec.Struct, frozen=True, kw_only=True):
    """Policies without what of them is not known, and why there may be more.

    ``perhaps`` are the policies with the effects and actions of those statements of which it is
    not known where, or when, they hold. ``is_limited``: there is no more than these.
    """

    known: Node
    perhaps: Node
    hidden: UnknownValue
    is_limited: bool


class _NotKnownError(Exception):
    """A part of a policy that decides what it allows is not known."""


def known_policy(node: Node) -> Any:
    """Give a policy whose only unknown parts are its name, or inside those of resources; else None.

    Such a name of a resource cannot be every resource: what the policy allows everywhere is known.
    """

    def stands(node: Node, key: str) -> Any:
        value = node.value
        if isinstance(value, UnknownValue):
            if key not in _NAMES and not _is_name(key, value):
                raise _NotKnownError
            return value.text or "‹…›"
        if isinstance(value, tuple):
            return [stands(item, key) for item in value]
        if isinstance(value, Mapping):
            return {name: stands(entry, name) for name, entry in value.items()}
        return value

    try:
        return stands(node, "")
    except _NotKnownError:
        return None


def known_statements(node: Node) -> KnownStatements | None:
    """Take out of named policies what of them is not known; None when nothing else is said.

    What an unknown part of an allowing statement would allow comes on top of the rest. Where it is
    not known whether something allows, it may deny, and so may what narrows a denial.
    """
    if not isinstance(node.value, tuple):
        return None
    hidden: list[UnknownValue] = []
    policies: list[Node] = []
    doubtful: list[Node] = []
    is_limited = True
    for policy in node.value:
        key = next((key for key in _DOCUMENTS if policy.get(key) is not None), "")
        document = policy.get(key) if key else None
        listed = document.get("Statement") if document is not None else None
        outer = [item.value for item in (policy, document, listed) if item is not None]
        unknown = next((value for value in outer if isinstance(value, UnknownValue)), None)
        if unknown is not None:
            hidden.append(unknown)
            is_limited = False
        elif document is None or listed is None or _hidden_in(policy.get("IsDefaultVersion")):
            return None
        else:
            open_ones = [item for item in _each(listed) if _hidden_in(item) is not None]
            perhaps = tuple(acting for item in open_ones if (acting := _acting(item)) is not None)
            is_limited = is_limited and len(perhaps) == len(open_ones)
            kept = tuple(_known_of(_each(listed), hidden))
            for policies_of, statements in ((policies, kept), (doubtful, perhaps)):
                body = _with(document, "Statement", Node(statements, listed.line, listed.column))
                policies_of.append(_with(policy, key, body))
    if not hidden:
        return None
    denies = next((item for item in hidden if not item.only_allows), None)
    return KnownStatements(
        known=named(Node(tuple(policies), node.line, node.column)),
        perhaps=named(Node(tuple(doubtful), node.line, node.column)),
        hidden=denies or hidden[0],
        is_limited=is_limited,
    )


def written_out(node: Node) -> Node:
    """Give a policy that is written as JSON text, where a part of the text is not known.

    Each text in it with such a part is not known, and nothing else. Else the node as it is.
    """
    value = node.value
    if isinstance(value, Mapping):
        inner = {k: written_out(item) if k in _DOCUMENTS else item for k, item in value.items()}
        return Node(inner, node.line, node.column, node.tag, node.file)
    if isinstance(value, tuple):
        return Node(tuple(map(written_out, value)), node.line, node.column, node.tag, node.file)
    if not isinstance(value, UnknownValue) or not value.text.lstrip().startswith("{"):
        return node
    try:
        parsed = json.loads(value.text)
    except (ValueError, RecursionError):
        return node
    return _opened(parsed, value, node)


def _opened(parsed: Any, hidden: UnknownValue, where: Node) -> Node:
    value: Any = parsed
    if isinstance(parsed, dict):
        value = {str(key): _opened(item, hidden, where) for key, item in parsed.items()}
    elif isinstance(parsed, list):
        value = tuple(_opened(item, hidden, where) for item in parsed)
    elif isinstance(parsed, str) and "‹" in parsed:
        value = hidden.worded(parsed, is_given=True)
    return Node(value, where.line, where.column, "", where.file)


def denies_nothing(node: Node) -> bool:
    """Whether a policy that an identity may have is known to deny nothing."""
    arn = node.text("PolicyArn").lower()
    if arn:
        return _AWS_OWN in arn and not any(word in arn for word in _DENYING)
    listed = node.get("PolicyDocument", "Statement")
    if listed is None or isinstance(listed.value, UnknownValue):
        return False
    return all(statement.text("Effect") == "Allow" for statement in _each(listed))


def statement_places(node: Node) -> dict[str, Node]:
    """Say where each statement stands, in the order in which a policy's shape gives them."""
    documents = node.value if isinstance(node.value, tuple) else (node,)
    nodes: list[Node] = []
    for item in documents:
        document = item.get("PolicyDocument") or item
        statements = document.get("Statement")
        if statements is None:
            return {}
        nodes += _each(statements)
    return {f"[{index}]": statement for index, statement in enumerate(nodes)}


def _known_of(statements: tuple[Node, ...], hidden: list[UnknownValue]) -> Iterator[Node]:
    """Give what is known of statements; why the rest is not is added to ``hidden``."""
    for statement in statements:
        unknown = _hidden_in(statement)
        if unknown is None:
            yield statement
            continue
        is_allow = statement.text("Effect") == "Allow"
        hidden.append(msgspec.structs.replace(unknown, only_allows=is_allow or unknown.only_allows))
        kept = _narrowed(statement) if is_allow else None
        if kept is not None:
            yield kept


def _acting(statement: Node) -> Node | None:
    """Give a statement's effect and actions; None where these are not known themselves."""
    body = {key: node for key, node in statement.pairs().items() if key in _ACTING}
    is_known = all(_hidden_in(node) is None for node in body.values())
    if not is_known or statement.text("Effect") not in ("Allow", "Deny") or len(body) < 2:
        return None
    return Node(body, statement.line, statement.column, "", statement.file)


def _narrowed(statement: Node) -> Node | None:
    """Give an allowing statement with the actions and resources that are known."""
    body = dict(statement.pairs())
    for key in _EACH:
        if key in body:
            known = tuple(item for item in _each(body[key]) if _hidden_in(item, key) is None)
            body[key] = Node(known, body[key].line, body[key].column)
    result = Node(body, statement.line, statement.column, "", statement.file)
    is_empty = any(key in body and not body[key].value for key in _EACH)
    return None if is_empty or _hidden_in(result) is not None else result


def _hidden_in(node: Node | None, key: str = "") -> UnknownValue | None:
    """Say what decides what a part of a policy allows and is not known."""
    value = node.value if node is not None else None
    if isinstance(value, UnknownValue):
        return None if key in _NAMES or _is_name(key, value) else value
    inner: list[tuple[Node, str]] = []
    if isinstance(value, tuple):
        inner = [(item, key) for item in value]
    elif isinstance(value, Mapping):
        inner = [(item, name) for name, item in value.items()]
    return next((why for item, name in inner if (why := _hidden_in(item, name))), None)


def named(node: Node) -> Node:
    """Put the words of unknown names in their place."""
    value = node.value
    if isinstance(value, UnknownValue):
        return Node(value.text or "‹…›", node.line, node.column, "", node.file)
    if isinstance(value, tuple):
        value = tuple(map(named, value))
    elif isinstance(value, Mapping):
        value = {key: named(item) for key, item in value.items()}
    return Node(value, node.line, node.column, node.tag, node.file)


def _is_name(key: str, value: UnknownValue) -> bool:
    return key in _RESOURCES and value.text.startswith(_NAMED)


def _each(node: Node) -> tuple[Node, ...]:
    return node.value if isinstance(node.value, tuple) else (node,)


def _with(node: Node, key: str, inner: Node) -> Node:
    return Node({**node.pairs(), key: inner}, node.line, node.column, "", node.file)
