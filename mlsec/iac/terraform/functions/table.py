"""The table of functions, and how one is called: what is not known is not computed with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from mlsec.collect.code.budget import Budget, OverLimitError
from mlsec.collect.located.located import UnknownValue
from mlsec.iac.terraform.functions.collections import COLLECTIONS
from mlsec.iac.terraform.functions.encoding import ENCODING
from mlsec.iac.terraform.functions.files import FILE_FUNCTIONS, PATHS, read
from mlsec.iac.terraform.functions.numbers import NUMBERS
from mlsec.iac.terraform.functions.spec import Function, mapping, text
from mlsec.iac.terraform.functions.strings import STRINGS
from mlsec.iac.terraform.names import Names
from mlsec.iac.terraform.syntax.parse import parse_template
from mlsec.iac.terraform.syntax.tree import Expr
from mlsec.iac.terraform.values import (
    MAX_CHARS,
    MAX_ITEMS,
    MAX_WEIGHT,
    InvalidValue,
    Space,
    Value,
    is_symbolic,
    weigh,
    why_hidden,
)

FUNCTIONS: dict[str, Function] = {**STRINGS, **COLLECTIONS, **ENCODING, **NUMBERS, **PATHS}
_TEMPLATES = ("templatefile", "templatestring")
# What they make is not a part of what they are given.
_DECODE = ("jsondecode", "yamldecode", "csvdecode")
_PLAIN = Function(text)
# What a function raises when it is given what it does not take.
_REFUSALS = (ValueError, TypeError, KeyError, IndexError, ArithmeticError, AttributeError)


class Evaluator(Protocol):
    """What a function may ask of the evaluation that calls it."""

    names: Names
    budget: Budget

    def alone(self, bound: Mapping[str, Value]) -> Evaluator:
        """Give an evaluator that knows these names and no others."""

    def value(self, expr: Expr) -> Value:
        """Give the value of an expression."""


def call(name: str, arguments: list[Value], evaluator: Evaluator) -> Value:
    """Call a function of Terraform; UnknownValue when it or its arguments are not known.

    Raises:
        OverLimitError: it takes or makes too much.
    """
    name = name.removeprefix("core::")
    function = FUNCTIONS.get(name)
    if function is None and name not in FILE_FUNCTIONS and name not in _TEMPLATES:
        return UnknownValue(f"the function {name[:60]}() is not known here")
    hidden = _hidden(name, function or _PLAIN, arguments)
    if hidden is not None:
        return hidden
    weights = [weigh(argument) for argument in arguments]
    evaluator.budget.spend(sum(weights))
    if max(weights, default=0) >= MAX_WEIGHT:
        raise OverLimitError(f"{name}() of too much")
    try:
        if function is None:
            result = _of_file(name, arguments, evaluator)
        else:
            if function.steps is not None:
                evaluator.budget.spend(function.steps(*arguments))
            result = function.run(*arguments)
    except OverLimitError as error:
        raise OverLimitError(f"{name}(): {error}") from None
    except _REFUSALS as error:
        return InvalidValue(f"{name}(): {str(error)[:200]}")
    if isinstance(result, str):
        evaluator.budget.spend(chars=len(result))
    elif isinstance(result, (list, dict)):
        evaluator.budget.spend(weigh(result) if name in _DECODE else len(result))
    is_long = isinstance(result, str) and len(result) > MAX_CHARS
    if is_long or (isinstance(result, (list, dict)) and len(result) > MAX_ITEMS):
        raise OverLimitError(f"{name}() makes too much")
    return result


def _hidden(name: str, function: Function, arguments: list[Value]) -> UnknownValue | None:
    if not function.unknown:
        for argument in arguments:
            if isinstance(argument, InvalidValue):
                return argument
            if isinstance(argument, UnknownValue):
                return argument.worded()
    if not function.symbols:
        for argument in arguments:
            if is_symbolic(argument):
                return why_hidden(argument)
            if isinstance(argument, Space):
                return UnknownValue(f"{name}() of a resource")
    return None


def _of_file(name: str, arguments: list[Value], evaluator: Evaluator) -> Value:
    if name not in _TEMPLATES:
        file = evaluator.names.read_file(text(arguments[0]))
        # Reading the same file again and again costs each time.
        evaluator.budget.spend(chars=len(file) if isinstance(file, str) else 0)
        return read(name, file)
    source = text(arguments[0])
    if name == "templatefile":
        file = evaluator.names.read_file(source)
        if isinstance(file, UnknownValue):
            return file
        source = file
    # Parsing costs far more than a step, and a template may call itself.
    evaluator.budget.spend(1000 + len(source) // 4)
    parsed = parse_template(source)
    if parsed is None:
        return UnknownValue("a template that is not valid")
    return evaluator.alone(mapping(arguments[1])).value(parsed)
