"""Policy statements made ready to be asked: what one policy document allows and what it denies."""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mlsec.core.regex import regex
from mlsec.core.wildcard import Matcher, Part, Run, compiled, parts_of
from mlsec.graph.ternary import NO, YES, Answer, any_of
from mlsec.providers.aws.facts.policy_conditions import Circumstance, applies, read_conditions

# Stands for "whichever there is": only a pattern that covers everything matches it. No name can
# hold this character, and a policy variable (``${...}``) never covers it.
ANY = "\x00"
_VARIABLE = regex(r"\$\{([^}]{0,300})\}")
_LITERAL_VARIABLES = ("*", "?", "$")
_VALUE = Run(excluded=ANY)


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

    ``passed_to``: the service a role is handed to.
    """

    action: str
    resource: str
    reach: Cover = Cover.WHOLE
    passed_to: str = ""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One statement; patterns of actions are in lower case, ``services`` empty means any."""

    is_allow: bool
    principals: tuple[str, ...]
    not_principals: tuple[str, ...]
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    conditions: tuple[Circumstance, ...]
    services: frozenset[str]

    def covers_action(self, action: str) -> bool:
        """Whether the statement speaks of this action (lower case)."""
        if self.not_actions:
            return not any(matches(pattern, action) for pattern in self.not_actions)
        if self.services and action.partition(":")[0] not in self.services:
            return False
        return any(matches(pattern, action) for pattern in self.actions)

    def covers_resource(self, resource: str, reach: Cover = Cover.WHOLE) -> bool:
        """Whether the statement speaks of this resource; one without resources speaks of all."""
        if reach is Cover.ANYWHERE:
            return True
        if self.not_resources:
            return not any(matches(pattern, resource) for pattern in self.not_resources)
        if not self.resources or any(matches(pattern, resource) for pattern in self.resources):
            return True
        if reach is Cover.WHOLE:
            return False
        whole = resource.partition("/")[0]
        return any(matches(pattern.partition("/")[0], whole) for pattern in self.resources)


class Document:
    """One policy document. Answers are kept, since many identities share a document."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        self.statements = tuple(statements)
        # None: some statement speaks of every service.
        self._services = _union([statement.services for statement in self.statements])
        self._about: dict[str, tuple[Statement, ...]] = {}
        self._answers: dict[Question, tuple[Answer, Answer]] = {}

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

    def ask(self, question: Question) -> tuple[Answer, Answer]:
        """Give (allowed, denied) by this document alone."""
        statements = self.about(question.action)
        if not statements:
            return NO, NO
        if question.reach is Cover.PART:
            # Asked for each of many buckets: not worth keeping.
            return _ask(statements, question)
        answer = self._answers.get(question)
        if answer is None:
            answer = self._answers[question] = _ask(statements, question)
        return answer


def _ask(statements: tuple[Statement, ...], question: Question) -> tuple[Answer, Answer]:
    allowed, denied = NO, NO
    for statement in statements:
        # A deny takes the right away only where it covers all that is asked about.
        reach = question.reach if statement.is_allow else Cover.WHOLE
        if not statement.covers_resource(question.resource, reach):
            continue
        answer = applies(
            statement.conditions,
            is_allow=statement.is_allow,
            is_everything=ANY in question.resource and question.reach is Cover.WHOLE,
            passed_to=question.passed_to,
        )
        if statement.is_allow:
            allowed = any_of((allowed, answer))
        else:
            denied = any_of((denied, answer))
        if denied == YES:
            break
    return allowed, denied


def _union(services: list[frozenset[str]]) -> frozenset[str] | None:
    if any(not service for service in services):
        return None
    return frozenset[str]().union(*services)


def read_document(statements: Iterable[Mapping[str, Any]]) -> Document:
    """Compile normalised statements (as the ``policy`` shape gives them)."""
    return Document(read_statement(statement) for statement in statements)


def read_statement(raw: Mapping[str, Any]) -> Statement:
    """Compile one normalised statement."""
    is_allow = raw.get("effect") == "Allow"
    actions = tuple(str(action).lower() for action in raw.get("actions", ()))
    return Statement(
        is_allow=is_allow,
        principals=tuple(raw.get("principals", ())),
        not_principals=tuple(raw.get("not_principals", ())),
        actions=actions,
        not_actions=tuple(str(action).lower() for action in raw.get("not_actions", ())),
        resources=_resources(raw.get("resources", ()), is_allow=is_allow),
        not_resources=_resources(raw.get("not_resources", ()), is_allow=not is_allow),
        conditions=read_conditions(raw.get("conditions", ())),
        services=_services(actions),
    )


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern with ``*``, ``?`` and policy variables covers the whole text."""
    return pattern == "*" or _matcher(pattern)(text)


@functools.lru_cache(maxsize=16384)
def _matcher(pattern: str) -> Matcher:
    parts: list[Part] = []
    at = 0
    for match in _VARIABLE.finditer(pattern):
        parts += parts_of(pattern[at : match.start()])
        inside = match.group(1)
        parts.append(inside if inside in _LITERAL_VARIABLES else _VALUE)
        at = match.end()
    return compiled([*parts, *parts_of(pattern[at:])])


def _resources(raw: Iterable[str], *, is_allow: bool) -> tuple[str, ...]:
    return tuple(_in_any_region(str(resource)) if is_allow else str(resource) for resource in raw)


def _in_any_region(pattern: str) -> str:
    """Rights in one region count as rights: who may do it somewhere may do it."""
    parts = pattern.split(":", 5)
    if len(parts) == 6 and parts[0] == "arn" and parts[3]:
        parts[3] = "*"
    return ":".join(parts)


def _services(actions: tuple[str, ...]) -> frozenset[str]:
    services = {action.partition(":")[0] for action in actions}
    return (
        frozenset() if any("*" in name or "?" in name for name in services) else frozenset(services)
    )
