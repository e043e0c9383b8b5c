"""Where the readers choose how dangerous a fact is, told by their own source."""

from __future__ import annotations

import ast
import enum
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

import mlsec.artifacts
from mlsec.artifacts.facts import DANGERS, FactKind
from mlsec.core.enums import Severity

READERS = Path(mlsec.artifacts.__file__).parent
# The functions that say how bad a name is, and what they may say.
ASKED = {
    "danger_of": (Severity.CRITICAL, Severity.HIGH),
    "_danger_of_registered": (Severity.CRITICAL, Severity.HIGH),
}
# A constant that holds dangers by reason.
TABLES = ("_DANGERS",)
# Calls of a method that makes one kind of fact only.
MAKE = {
    "embedded/contents.py": FactKind.NOT_FULLY_READ,
    "inspect/inspect.py": FactKind.NOT_FULLY_READ,
    "python/indirect_access.py": FactKind.DENIED_CALL,
    "python/walk.py": FactKind.DENIED_CALL,
}
# What is milder is told only where a rule asks for it.
TOLD = {Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM}
_DEEP = 4
M = TypeVar("M", bound=enum.Enum)
# What each name is set to: line, column, and an expression.
Values = dict[str, list[tuple[int, int, ast.expr]]]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A call that is given a danger: the kinds of fact that it names, and what it may say.

    ``is_passed_on``: the danger is a parameter or a field, so that another place chose it.
    """

    where: str
    kinds: frozenset[FactKind]
    dangers: frozenset[Severity]
    is_passed_on: bool


@functools.cache
def places() -> tuple[Place, ...]:
    """Every call among the readers that is given a danger."""
    return tuple(_places())


def _places() -> Iterator[Place]:
    for path in sorted(READERS.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        assigned = _assigned(tree)
        tables = {name: assigned[name] for name in TABLES if name in assigned}
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                yield from _in_function(function, tables, str(path.relative_to(READERS)))


def _in_function(function: ast.FunctionDef, tables: Values, file: str) -> Iterator[Place]:
    assigned = _assigned(function)
    given = {one.arg for one in (*function.args.args, *function.args.kwonlyargs)}
    for statement in ast.walk(function):
        if not isinstance(statement, ast.stmt):
            continue
        known = {**tables, **_before(statement, assigned)}
        for call in _calls_of(statement):
            values = [*call.args, *(one.value for one in call.keywords)]
            named = next((one.value for one in call.keywords if one.arg == "danger"), None)
            passed = named or next((one for one in values if _is_name(one, "danger")), None)
            own = [one for one in values if not isinstance(one, ast.Call)]
            kinds = {kind for one in own for kind in _members(FactKind, one, known)}
            chosen, names = ([passed], known) if passed is not None else (own, {})
            dangers = {one for each in chosen for one in _members(Severity, each, names)}
            if passed is not None or (kinds and dangers):
                yield Place(
                    where=f"{file}:{call.lineno}",
                    kinds=frozenset(kinds),
                    dangers=frozenset(dangers),
                    is_passed_on=_is_name(passed, *given) or isinstance(passed, ast.Attribute),
                )


def _calls_of(statement: ast.stmt) -> Iterator[ast.Call]:
    """The calls of one statement, without those of the statements that it holds."""
    asked: list[ast.AST] = [statement]
    while asked:
        part = asked.pop()
        if isinstance(part, ast.Call):
            yield part
        asked += [one for one in ast.iter_child_nodes(part) if not isinstance(one, ast.stmt)]


def _is_name(node: ast.expr | None, *names: str) -> bool:
    return isinstance(node, ast.Name) and node.id in names


def _assigned(tree: ast.AST) -> Values:
    """What each name is set to, a tuple's items one by one."""
    found: Values = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
            targets = [node.target]
        else:
            continue
        for target in targets:
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=True))
            for one, value in pairs:
                if isinstance(one, ast.Name) and value is not None:
                    found.setdefault(one.id, []).append((node.lineno, node.col_offset, value))
    return found


def _before(statement: ast.stmt, assigned: Values) -> Values:
    """What names may be set to at a statement: back to what was set without a condition."""
    found: Values = {}
    for name, values in assigned.items():
        for line, column, value in sorted(values, key=lambda one: -one[0]):
            if line > (statement.end_lineno or statement.lineno):
                continue
            found.setdefault(name, []).append((line, column, value))
            if column <= statement.col_offset:
                break
    return found


def _members(of: type[M], node: ast.expr, known: Values, deep: int = 0) -> set[M]:
    """The members of a closed set that an expression may stand for."""
    found: set[M] = set()
    asked: list[ast.AST] = [node]
    while asked:
        part = asked.pop()
        if isinstance(part, ast.Compare):
            continue  # what another is held against is not what is said
        asked += ast.iter_child_nodes(part)
        if isinstance(part, ast.Attribute) and _is_name(part.value, of.__name__):
            found.add(of[part.attr])
        elif isinstance(part, ast.Name) and deep < _DEEP:
            for _, _, value in known.get(part.id, ()):
                found |= _members(of, value, known, deep + 1)
            found |= {one for one in ASKED.get(part.id, ()) if isinstance(one, of)}
    return found


def given(kind: FactKind) -> set[Severity]:
    """Every danger that some place gives a kind of fact.

    Where a place makes one of several kinds, which of them is how grave is not known.
    """
    made = ((one.kinds or {MAKE.get(file_of(one))}, one.dangers) for one in places())
    return {DANGERS[kind]}.union(*(dangers for kinds, dangers in made if kinds == {kind}))


def file_of(place: Place) -> str:
    """The file that a place stands in, below the readers."""
    return place.where.partition(":")[0]
