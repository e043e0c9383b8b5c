"""Operators, three-valued: an unknown operand decides nothing that the other one decides."""

from __future__ import annotations

import math

from mlsec.collect.code.budget import OverLimitError
from mlsec.collect.located.located import UnknownValue
from mlsec.iac.terraform.values import InvalidValue, Value, bool_of, equal, is_small, number_of

_LARGEST = 10**300


def unary(operator: str, operand: Value) -> Value:
    """Give ``-x`` or ``!x``."""
    if operator == "!":
        verdict = bool_of(operand)
        return verdict if isinstance(verdict, UnknownValue) else not verdict
    number = number_of(operand)
    return number if isinstance(number, UnknownValue) else -number


def decided(operator: str, left: Value) -> bool | None:
    """Give what ``&&`` or ``||`` is by its left side alone; None when that does not say."""
    if operator not in ("&&", "||"):
        return None
    verdict = bool_of(left)
    return verdict if verdict is (operator == "||") else None


def binary(operator: str, left: Value, right: Value) -> Value:
    """Give ``left operator right``."""
    match operator:
        case "&&" | "||":
            return _logic(operator, bool_of(left), bool_of(right))
        case "==":
            return equal(left, right)
        case "!=":
            verdict = equal(left, right)
            return verdict if isinstance(verdict, UnknownValue) else not verdict
    a, b = number_of(left), number_of(right)
    for side in (a, b):
        if isinstance(side, UnknownValue):
            return side
    return _arithmetic(operator, a, b)


def agreed(then: Value, otherwise: Value, why: UnknownValue) -> Value:
    """Give what both branches of an unknown condition have in common."""
    if not (is_small(then) and is_small(otherwise)):
        raise OverLimitError("two branches of too many values")
    if equal(then, otherwise) is True:
        return then
    if isinstance(then, dict) and isinstance(otherwise, dict) and then.keys() == otherwise.keys():
        return {key: agreed(then[key], otherwise[key], why) for key in then}
    if isinstance(then, list) and isinstance(otherwise, list) and len(then) == len(otherwise):
        return [agreed(a, b, why) for a, b in zip(then, otherwise, strict=True)]
    return why.worded()


def _logic(operator: str, left: Value, right: Value) -> Value:
    deciding = operator == "||"
    if right is deciding or left is deciding:
        return deciding
    for side in (left, right):
        if isinstance(side, UnknownValue):
            return side
    return not deciding


def _arithmetic(operator: str, a: float, b: float) -> Value:
    try:
        match operator:
            case "+":
                return _number(a + b)
            case "-":
                return _number(a - b)
            case "*":
                return _number(a * b)
            case "/":
                return _number(a // b if isinstance(a, int) and a % b == 0 else a / b)
            case "%":
                return _number(math.fmod(a, b))
            case "<":
                return a < b
            case "<=":
                return a <= b
            case ">":
                return a > b
            case ">=":
                return a >= b
    except (ZeroDivisionError, OverflowError, ValueError) as error:
        return InvalidValue(f"{operator}: {error}")
    return InvalidValue(f"there is no operator {operator}")


def _number(number: float) -> Value:
    if isinstance(number, int):
        if abs(number) < _LARGEST:
            return number
        raise OverLimitError("a number of more than 300 digits")
    if math.isnan(number) or math.isinf(number):
        return InvalidValue("not a number")
    return int(number) if number.is_integer() and abs(number) < 1e15 else number
