"""Statements of policies, compiled: what each speaks of, whom, and under which conditions."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mlsec.providers.aws.policy.operators import NEGATIONS, is_known, one_holds
from mlsec.providers.aws.policy.patterns import Variable, filled, matches, variables_in

_IF_EXISTS = "ifexists"


class Quantifier(enum.Enum):
    """How many values of the request have to meet a condition."""

    SINGLE = ""
    ALL = "forallvalues"
    ANY = "foranyvalue"


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """One condition; ``operator`` (without quantifier and IfExists) and ``key`` in lower case."""

    operator: str
    key: str
    values: tuple[str, ...]
    quantifier: Quantifier = Quantifier.SINGLE
    if_exists: bool = False

    @property
    def is_negated(self) -> bool:
        """Whether the operator asks for a difference (StringNotEquals)."""
        return self.operator in NEGATIONS

    @property
    def is_lenient(self) -> bool:
        """Whether a request without the key meets it by IfExists or ForAllValues."""
        return self.if_exists or self.quantifier is Quantifier.ALL

    @property
    def is_known(self) -> bool:
        """Whether AWS has such an operator."""
        return is_known(self.operator)

    def holds(self, given: tuple[str, ...] | None, *, is_list: bool = False) -> bool:
        """Whether a request meets the condition.

        Args:
            given: the values of the key in the request; None: it does not have the key.
            is_list: the key can have many values; without a quantifier nothing meets them.
        """
        if self.operator == "null":
            wanted = "true" if given is None else "false"
            return any(value.lower() == wanted for value in self.values)
        if given is None:
            return self._holds_without_key()
        answers = (one_holds(self.operator, self.values, value) for value in given)
        match self.quantifier:
            case Quantifier.ALL:
                return all(answers)
            case Quantifier.ANY:
                return any(answers)
            case Quantifier.SINGLE:
                return not is_list and len(given) == 1 and all(answers)

    def _holds_without_key(self) -> bool:
        match self.quantifier:
            case Quantifier.ALL:
                return True
            case Quantifier.ANY:
                return False
            case Quantifier.SINGLE:
                return self.if_exists or self.is_negated


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One statement; patterns of actions are in lower case, ``services`` empty means any."""

    is_allow: bool
    principals: tuple[str, ...] = ()
    not_principals: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    services: frozenset[str] = frozenset()
    variables: tuple[Variable, ...] = ()

    def covers_action(self, action: str) -> bool:
        """Whether the statement speaks of this action (lower case)."""
        if self.not_actions:
            return not any(matches(pattern, action) for pattern in self.not_actions)
        if self.services and action.partition(":")[0] not in self.services:
            return False
        return any(matches(pattern, action) for pattern in self.actions)

    def covers_resource(self, resource: str) -> bool:
        """Whether the statement speaks of this resource; one without resources speaks of all."""
        if self.not_resources:
            return not any(matches(pattern, resource) for pattern in self.not_resources)
        return not self.resources or any(matches(pattern, resource) for pattern in self.resources)

    def covers_principal(self, names: Iterable[str]) -> bool:
        """Whether the statement speaks of a caller with one of these names.

        A statement of an identity's own policy names nobody, and speaks of its holder.
        """
        if self.not_principals:
            return not any(_is_named(pattern, names) for pattern in self.not_principals)
        return not self.principals or any(_is_named(pattern, names) for pattern in self.principals)

    def fill(self, values: Mapping[str, str | None]) -> Statement:
        """Put values into the policy variables.

        What has a variable without a value matches nothing.
        """
        if not self.variables:
            return self
        spared = _filled(self.not_resources, values)
        return msgspec.structs.replace(
            self,
            resources=_filled(self.resources, values),
            # What spares a thing without a name speaks of nothing.
            not_resources=("*",) if _NOTHING in spared else spared,
            conditions=tuple(_with_values(condition, values) for condition in self.conditions),
            variables=(),
        )


def _with_values(condition: Condition, values: Mapping[str, str | None]) -> Condition:
    wanted = _filled(condition.values, values)
    if condition.is_negated and _NOTHING in wanted:
        # A difference from a value that is not there holds for nothing.
        return msgspec.structs.replace(condition, operator="null", values=(_NOTHING,))
    return msgspec.structs.replace(condition, values=wanted)


# A pattern that no text matches: it stands for one whose variable has no value.
_NOTHING = "\x02"


def _filled(texts: tuple[str, ...], values: Mapping[str, str | None]) -> tuple[str, ...]:
    with_values = (filled(text, values.get) for text in texts)
    return tuple(_NOTHING if text is None else text for text in with_values)


def _is_named(pattern: str, names: Iterable[str]) -> bool:
    return any(pattern == name or matches(pattern, name) for name in names)


def read_statement(raw: Mapping[str, Any]) -> Statement:
    """Compile one normalised statement (as the ``policy`` shape gives it)."""
    actions = tuple(str(action).lower() for action in raw.get("actions", ()))
    resources = tuple(str(pattern) for pattern in raw.get("resources", ()))
    not_resources = tuple(str(pattern) for pattern in raw.get("not_resources", ()))
    conditions = tuple(read_condition(condition) for condition in raw.get("conditions", ()))
    texts = [*resources, *not_resources, *(v for c in conditions for v in c.values)]
    return Statement(
        is_allow=raw.get("effect") == "Allow",
        principals=tuple(raw.get("principals", ())),
        not_principals=tuple(raw.get("not_principals", ())),
        actions=actions,
        not_actions=tuple(str(action).lower() for action in raw.get("not_actions", ())),
        resources=resources,
        not_resources=not_resources,
        conditions=conditions,
        services=_services(actions),
        variables=tuple(dict.fromkeys(v for text in texts for v in variables_in(text))),
    )


def read_condition(raw: Mapping[str, Any]) -> Condition:
    """Compile one condition: operator, key and values."""
    quantifier, _, operator = str(raw.get("operator", "")).lower().rpartition(":")
    bare = operator.removesuffix(_IF_EXISTS)
    return Condition(
        operator=bare,
        key=str(raw.get("key", "")).lower(),
        values=tuple(str(value) for value in raw.get("values", ())),
        quantifier=Quantifier(quantifier) if quantifier in _QUANTIFIERS else Quantifier.SINGLE,
        if_exists=operator != bare,
    )


_QUANTIFIERS = {quantifier.value for quantifier in Quantifier}


def _services(actions: tuple[str, ...]) -> frozenset[str]:
    services = {action.partition(":")[0] for action in actions}
    return (
        frozenset() if any("*" in name or "?" in name for name in services) else frozenset(services)
    )
