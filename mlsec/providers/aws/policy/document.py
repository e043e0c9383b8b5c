"""Policy documents, with the statements about an action kept ready: identities share documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mlsec.core.regex import regex
from mlsec.providers.aws.policy.patterns import (
    IN_PART,
    TooLongError,
    common_example,
    in_regions,
    part_by_part,
)
from mlsec.providers.aws.policy.statement import Statement, read_statement
from mlsec.vocabulary.iac_mapping import CODE_ACCOUNT

_WILD = frozenset("*?}")
_OTHER_SIGNS = frozenset(("?", "$", IN_PART))
_COLONS_OF_AN_ARN = 5


class Sight(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a document says of a request at first sight.

    ``allows``: a statement allows it without any condition; ``may_allow``: under conditions;
    ``may_deny``: some statement could deny it, or a part of it.
    """

    allows: bool
    may_allow: bool
    may_deny: bool


_ACCOUNT = regex(r"arn:[^:]*:[^:]*:[^:]*:[0-9]{12}:")
# All that there are: documents keep very many of them.
_SIGHTS = {
    (allows, may_allow, may_deny): Sight(allows=allows, may_allow=may_allow, may_deny=may_deny)
    for allows in (False, True)
    for may_allow in (False, True)
    for may_deny in (False, True)
}
_SILENT = _SIGHTS[False, False, False]


class Document:
    """One policy document. What it says is kept, since many identities share a document."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        self.statements = tuple(statements)
        # None: some statement speaks of every service.
        self._services = _union([statement.services for statement in self.statements])
        # Whether code names an account by its number, which may be the one it is deployed to.
        self.names_account = any(
            _ACCOUNT.match(pattern) and f":{CODE_ACCOUNT}:" not in pattern
            for statement in self.statements
            for pattern in statement.resources
        )
        self._about: dict[str, tuple[Statement, ...]] = {}
        self._sights: dict[tuple[str, str], Sight] = {}

    def about(self, action: str) -> tuple[Statement, ...]:
        """Give the statements that speak of an action (lower case)."""
        if self._services is not None and action.partition(":")[0] not in self._services:
            return ()
        relevant = self._about.get(action)
        if relevant is None:
            relevant = tuple(
                statement for statement in self.statements if statement.covers_action(action)
            )
            self._about[action] = relevant
        return relevant

    def sight(self, action: str, resource: str, *, is_kept: bool = True) -> Sight:
        """Say what the document says of an action on a resource (``*``: some part of a name)."""
        statements = self.about(action)
        if not statements:
            return _SILENT
        if not is_kept:
            return _sight(statements, resource)
        key = (action, resource)
        sight = self._sights.get(key)
        if sight is None:
            sight = self._sights[key] = _sight(statements, resource)
        return sight


def _sight(statements: tuple[Statement, ...], resource: str) -> Sight:
    allows = may_allow = may_deny = False
    is_some = "*" in resource
    for statement in statements:
        if not _may_cover(statement, resource):
            continue
        if not statement.is_allow:
            may_deny = True
        elif statement.conditions or statement.variables or (statement.not_resources and is_some):
            may_allow = True
        else:
            allows = True
    return _SIGHTS[allows, may_allow, may_deny]


def _may_cover(statement: Statement, resource: str) -> bool:
    """Whether the statement speaks of the resource, or of some that are meant."""
    if "*" not in resource:
        return bool(statement.variables) or statement.covers_resource(resource)
    if not statement.resources:
        return True
    return any(
        _meet(pattern, part_by_part(asked))
        for pattern in statement.resources
        for asked in in_regions(resource, (pattern,))
    )


def _meet(pattern: str, resource: str) -> bool:
    if pattern == "*":
        return True
    # Two texts that end in other letters have nothing in common; most differ there.
    if pattern[-1:] != resource[-1:] and not _WILD & {pattern[-1:], resource[-1:]}:
        return False
    if "*" in pattern and not _OTHER_SIGNS & {*pattern, *resource}:
        (head, _, _), (asked_head, _, rest) = pattern.partition("*"), resource.partition("*")
        if not (head.startswith(asked_head) or asked_head.startswith(head)):
            return False
        # Below one name there is a text for every pattern: its middle fits where the ``*`` stands.
        if "*" not in rest and min(head.count(":"), asked_head.count(":")) >= _COLONS_OF_AN_ARN:
            tail = pattern.rpartition("*")[2]
            return tail.endswith(rest) or rest.endswith(tail)
    try:
        return common_example(resource, pattern) is not None
    except TooLongError:
        return True


def _union(services: list[frozenset[str]]) -> frozenset[str] | None:
    if any(not service for service in services):
        return None
    return frozenset[str]().union(*services)


def read_document(statements: Iterable[Mapping[str, Any]]) -> Document:
    """Compile normalised statements (as the ``policy`` shape gives them)."""
    return Document(read_statement(statement) for statement in statements)
