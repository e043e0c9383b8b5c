"""Python text that proves one clause true (or false) of a variable; all else stays unproven.

Every expression is sound only: when it is true, the exact evaluator gives the same answer; when it
is false, nothing is known. Constants enter by ``repr`` alone, names are made here.
"""

from __future__ import annotations

from typing import Any

from mlsec.engine.evaluation.operators import MAX_MATCHED_CHARS, duration_s
from mlsec.engine.model.rule import Operator
from mlsec.vocabulary.types import Kind

YES, NO = "True", "False"
MAX_COMPARED = 4
_TEXTS = (Kind.STRING, Kind.ENUM, Kind.DATE)
_ORDER = {
    Operator.LT: ("<", ">="),
    Operator.LTE: ("<=", ">"),
    Operator.GT: (">", "<="),
    Operator.GTE: (">=", "<"),
}
_NEGATIVE = {Operator.NE: Operator.EQ, Operator.NOT_IN: Operator.IN}


class Constants:
    """Objects that generated code refers to by a made-up name (compiled patterns, moments)."""

    def __init__(self) -> None:
        self.patterns: dict[str, str] = {}
        self.cuts: dict[str, str] = {}

    def pattern(self, text: str) -> str:
        """The name of a compiled pattern's ``search``."""
        return self.patterns.setdefault(text, f"R{len(self.patterns)}")

    def cut(self, span_s: float, *, is_older: bool) -> str:
        """The name of the moment that divides what is older than the span from what is not."""
        find = "first_moment" if is_older else "last_moment"
        return self.cuts.setdefault(f"{find}(now - {span_s!r})", f"c{len(self.cuts)}")


def prove_clause(
    name: str, kind: Kind, operator: Operator, expected: Any, constants: Constants, *, want: bool
) -> str:
    """Give an expression over the variable ``name`` that is true only if the clause is ``want``."""
    if operator in _NEGATIVE:
        # Null makes both negative operators true and both positive ones false, so one mirrors one.
        positive = _NEGATIVE[operator]
        return prove_clause(name, kind, positive, expected, constants, want=not want)
    match operator:
        case Operator.EQ:
            return _member(name, kind, (expected,), want=want)
        case Operator.IN:
            return _member(name, kind, tuple(expected), want=want)
        case Operator.LT | Operator.LTE | Operator.GT | Operator.GTE:
            holds, fails = _ORDER[operator]
            test = f"{_number(name, kind)} and {name} {holds if want else fails} {expected!r}"
            return test if want else _or_null(name, test)
        case Operator.EXISTS:
            return _exists(name, kind, is_there=bool(expected) is want)
        case Operator.MATCHES:
            result = f"{constants.pattern(expected)}({name})"
            guard = f"type({name}) is str and len({name}) <= {MAX_MATCHED_CHARS}"
            if want:
                return f"{guard} and {result} is not None"
            return _or_null(name, f"{guard} and {result} is None")
        case Operator.STARTS_WITH | Operator.ENDS_WITH:
            method = "startswith" if operator is Operator.STARTS_WITH else "endswith"
            constant = expected if isinstance(expected, str) else tuple(expected)
            return _text_test(name, f"{name}.{method}({constant!r})", want=want)
        case Operator.CONTAINS:
            return _contains(name, kind, (expected,), want=want)
        case Operator.CONTAINS_ANY:
            return _contains(name, kind, tuple(expected), want=want)
        case Operator.OLDER_THAN | Operator.NEWER_THAN:
            return _age(name, operator, expected, constants, want=want)
        case _:
            answer = "TRUE" if want else "FALSE"
            call = f"compare({operator.name}, {kind.name}, {name}, {expected!r}, now)"
            return f"{call} is {answer}"


def _or_null(name: str, test: str) -> str:
    return f"({test}) or {name} is None"


def _number(name: str, kind: Kind) -> str:
    if kind is Kind.INT:
        return f"type({name}) is int"
    return f"(type({name}) is int or type({name}) is float)"


def _text_test(name: str, test: str, *, want: bool) -> str:
    if want:
        return f"type({name}) is str and {test}"
    return _or_null(name, f"type({name}) is str and not {test}")


def _member(name: str, kind: Kind, members: tuple[Any, ...], *, want: bool) -> str:
    if kind is Kind.BOOL:
        wanted = [value for value in (True, False) if (value in members) is want]
        tests = [f"{name} is {value}" for value in wanted]
        return " or ".join(tests if want else [*tests, f"{name} is None"]) or NO
    if kind in _TEXTS:
        if 0 < len(members) <= MAX_COMPARED:
            return _one_of(name, members, want=want)
        test = f"type({name}) is str and {name} {'in' if want else 'not in'} {_set(members)}"
        return test if want else _or_null(name, test)
    if want:
        return f"{_number(name, kind)} and {name} in {_set(members)}"
    # A float that is not a number equals nothing, itself included; it stays unproven.
    same = f" and {name} == {name}" if kind is Kind.FLOAT else ""
    return _or_null(name, f"{_number(name, kind)}{same} and {name} not in {_set(members)}")


def _one_of(name: str, texts: tuple[str, ...], *, want: bool) -> str:
    # A text that was just decoded has no hash yet, so that a few comparisons beat a set.
    if want:
        return " or ".join(f"{name} == {text!r}" for text in texts)
    apart = " and ".join(f"{name} != {text!r}" for text in texts)
    return _or_null(name, f"type({name}) is str and {apart}")


def _set(members: tuple[Any, ...]) -> str:
    return "{" + ", ".join(repr(member) for member in members) + "}"


def _exists(name: str, kind: Kind, *, is_there: bool) -> str:
    if kind is Kind.BOOL:
        return f"type({name}) is bool" if is_there else f"{name} is None"
    if kind in (Kind.INT, Kind.FLOAT):
        return _number(name, Kind.INT) if is_there else f"{name} is None"
    python = "str" if kind in _TEXTS else "dict" if kind is Kind.MAP else "list"
    if is_there:
        return f"type({name}) is {python} and len({name}) > 0"
    return _or_null(name, f"type({name}) is {python} and len({name}) == 0")


def _contains(name: str, kind: Kind, wanted: tuple[str, ...], *, want: bool) -> str:
    python = "list" if kind is Kind.STRINGS else "str"
    if want:
        tests = " or ".join(f"{text!r} in {name}" for text in wanted) or NO
        return f"type({name}) is {python} and ({tests})"
    tests = " and ".join(f"{text!r} not in {name}" for text in wanted) or YES
    pure = f" and all_text({name})" if kind is Kind.STRINGS else ""
    return _or_null(name, f"type({name}) is {python} and {tests}{pure}")


def _age(name: str, operator: Operator, expected: Any, constants: Constants, *, want: bool) -> str:
    is_older = operator is Operator.OLDER_THAN
    cut = constants.cut(duration_s(expected) or 0.0, is_older=is_older)
    sign = {(True, True): "<", (True, False): ">=", (False, True): ">", (False, False): "<="}
    test = f"(t := moment_of({name})) is not None and t {sign[is_older, want]} {cut}"
    return test if want else _or_null(name, test)
