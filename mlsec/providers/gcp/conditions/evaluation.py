"""The value of a condition for one request, as CEL defines it; what is not known stays open.

``&&`` and ``||`` take their operands in any order: an operand that decides outweighs one that
fails. A condition that fails is not met.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.core.enums import Truth
from mlsec.providers.gcp.conditions.errors import EvaluationError
from mlsec.providers.gcp.conditions.functions import (
    FUNCTIONS,
    METHODS,
    arithmetic,
    compare,
    has_pattern,
)
from mlsec.providers.gcp.conditions.syntax import Attribute, Call, ListOf, Literal, Node, Operation

# What x.matches(y) is where it is decided: conditions on tokens. Those of policies do not have it.
MATCHES = "=~"
LEVELS = "request.auth.access_levels"
_TAGS = ("matchTag", "matchTagId", "hasTagKey", "hasTagKeyId")
_ORDER = ("<", "<=", ">", ">=", "==", "!=")
Value = Any


class Open(msgspec.Struct, frozen=True):
    """A value that is not known, with the reason."""

    reason: str


class Nothing(msgspec.Struct, frozen=True):
    """An attribute that the service does not give to conditions: to read it fails."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request: its attributes, those of the API, and what holds of the circumstances.

    ``circumstances`` says of a tag or an access level, by ``circumstance``, whether it is there.
    """

    attributes: Mapping[str, Value]
    api: Mapping[str, Value] = msgspec.field(default_factory=dict)
    circumstances: Mapping[str, bool] = msgspec.field(default_factory=dict)


def is_met(node: Node, request: Request) -> Truth:
    """Say whether a condition lets this request through."""
    try:
        value = value_of(node, request)
    except EvaluationError:
        return Truth.FALSE
    if isinstance(value, Open):
        return Truth.UNKNOWN
    return Truth.TRUE if value is True else Truth.FALSE


def circumstance(node: Node) -> str:
    """Name what a node asks of the circumstances: a tag or an access level; "" for others."""
    match node:
        case Call(name=name, arguments=arguments, target=Attribute(path="resource")):
            if name in _TAGS and all(isinstance(argument, Literal) for argument in arguments):
                return f"{name}{[getattr(argument, 'value', '') for argument in arguments]}"
        case Operation(sign="in", operands=(Literal(value=level), Attribute(path=path))):
            return f"level {level}" if path == LEVELS else ""
    return ""


def value_of(node: Node, request: Request) -> Value:
    """Give the value of an expression for one request.

    Raises:
        EvaluationError: it has none.
    """
    asked = circumstance(node)
    if asked:
        return request.circumstances.get(asked, Open(asked))
    match node:
        case Literal(value=str(text)) if "‹" in text:
            return Open(text)  # a part that only an apply can know
        case Literal(value=value):
            return value
        case Attribute(path=path):
            return _attribute(path, request)
        case ListOf(items=items):
            values = [value_of(item, request) for item in items]
            return next((value for value in values if isinstance(value, Open)), values)
        case Operation(sign=sign, operands=operands):
            return _operation(sign, operands, request)
        case Call():
            return _called(node, request)


def _attribute(path: str, request: Request) -> Value:
    value = request.attributes.get(path, Open(path))
    if isinstance(value, Nothing):
        raise EvaluationError(f"{path} is not given")
    return value


def _operation(sign: str, operands: tuple[Node, ...], request: Request) -> Value:
    if sign in ("&&", "||"):
        return _both(operands, request, decides=sign == "||")
    first = value_of(operands[0], request)
    if sign == "?":
        if isinstance(first, Open):
            return first
        return value_of(operands[1 if _truth(first) else 2], request)
    values = [first, *(value_of(operand, request) for operand in operands[1:])]
    open_value = next((value for value in values if isinstance(value, Open)), None)
    if open_value is not None:
        return open_value
    if sign == "!":
        return not _truth(first)
    if sign in _ORDER:
        return compare(sign, first, values[1])
    if sign == "in":
        return _is_in(first, values[1])
    if sign == MATCHES:
        return has_pattern(first, values[1])
    return arithmetic(sign, values)


def _both(operands: tuple[Node, ...], request: Request, *, decides: bool) -> Value:
    doubt: Open | None = None
    failure: EvaluationError | None = None
    for operand in operands:
        try:
            value = value_of(operand, request)
            if isinstance(value, Open):
                doubt = value
            elif _truth(value) is decides:
                return decides
        except EvaluationError as error:
            failure = error
    if doubt is not None:
        return doubt
    if failure is not None:
        raise failure
    return not decides


def _truth(value: Value) -> bool:
    if not isinstance(value, bool):
        raise EvaluationError("a condition that is neither true nor false")
    return value


def _is_in(value: Value, values: Value) -> bool:
    if not isinstance(values, list):
        raise EvaluationError("in: not a list")
    return any(type(value) is type(item) and value == item for item in values)


def _called(node: Call, request: Request) -> Value:
    if node.name == "getAttribute" and node.target == Attribute("api"):
        return _api(node, request)
    if node.name == "has" and node.target is None:
        return _is_given(node, request)
    given = [value_of(argument, request) for argument in node.arguments]
    if node.target is None:
        function, values = FUNCTIONS.get(node.name), given
    else:
        function, values = METHODS.get(node.name), [value_of(node.target, request), *given]
    open_value = next((value for value in values if isinstance(value, Open)), None)
    if function is None or open_value is not None:
        return open_value or Open(f"{node.name}()")
    try:
        return function(*values)
    except (LookupError, OSError) as error:
        # A time zone that this machine does not know may well exist.
        return Open(f"{node.name}: {error}")
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise EvaluationError(f"{node.name}: {error}") from error


def _is_given(node: Call, request: Request) -> Value:
    match node.arguments:
        case (Attribute(path=path),):
            value = request.attributes.get(path, Open(path))
            return value if isinstance(value, Open) else not isinstance(value, Nothing)
    raise EvaluationError("has takes an attribute")


def _api(node: Call, request: Request) -> Value:
    values = [value_of(argument, request) for argument in node.arguments]
    if len(values) != 2 or not isinstance(values[0], str):
        raise EvaluationError("api.getAttribute takes a name and a default")
    value = request.api.get(values[0], Open(values[0]))
    return values[1] if isinstance(value, Nothing) else value
