"""The turns of a loop over a list or mapping that is written out: what each of them is about."""

from __future__ import annotations

from mlsec.iac.cdk.syntax.tree import (
    Attribute,
    Call,
    Entries,
    Expr,
    Index,
    Literal,
    Name,
    Scope,
    Sequence,
    Unread,
)

_MOST_TURNS = 64
_MOST_STEPS = 8
# What gives the parts of a mapping: as a function of the language, or as a method of the mapping.
_PARTS = ("entries", "items", "keys", "values")


def turns_over(expr: Expr, scope: Scope) -> tuple[Expr, ...] | None:
    """Give what a loop over this is about, turn by turn; None where that is not written out.

    What stands under a name is referred to by its place there: what changes it is seen later.
    """
    of, part = _asked_for(expr)
    written = _written(of, scope)
    turns: tuple[Expr, ...] | None = None
    if isinstance(written, Sequence) and part == "":
        turns = tuple(
            item if of is written else _at(of, at, item) for at, item in enumerate(written.items)
        )
    elif isinstance(written, Sequence) and part == "enumerate":
        turns = tuple(
            _pair(Literal(at), item if of is written else _at(of, at, item))
            for at, item in enumerate(written.items)
        )
    elif isinstance(written, Entries) and part in ("", *_PARTS):
        turns = _of_mapping(of, written, part)
    if turns is None or len(turns) > _MOST_TURNS or any(isinstance(t, Unread) for t in turns):
        return None
    return turns


def _asked_for(expr: Expr) -> tuple[Expr, str]:
    """Give what a loop goes over, and which parts of it: ``items``, ``enumerate`` or all."""
    if not isinstance(expr, Call) or expr.keywords is not None:
        return expr, ""
    callee = expr.callee
    if _is_name(callee, "enumerate") and len(expr.arguments) == 1:
        return expr.arguments[0], "enumerate"
    if not isinstance(callee, Attribute) or callee.name not in _PARTS:
        return expr, ""
    if _is_name(callee.of, "Object") and len(expr.arguments) == 1:
        return expr.arguments[0], callee.name
    return (expr, "") if expr.arguments else (callee.of, callee.name)


def _written(expr: Expr, scope: Scope) -> Expr | None:
    """Give the list or mapping that an expression names, as it is written."""
    for _ in range(_MOST_STEPS):
        if isinstance(expr, Sequence | Entries):
            return expr
        several: list[tuple[Expr, Scope]] = []
        if isinstance(expr, Name):
            home = scope.home_of(expr.name)
            several = home.names[expr.name] if home is not None else []
        elif isinstance(expr, Attribute) and _is_name(expr.of, "this"):
            home = scope.object()
            several = home.names.get(expr.name, []) if home is not None else []
        if len(several) != 1:
            return None
        expr, scope = several[0]
    return None


def _of_mapping(of: Expr, written: Entries, part: str) -> tuple[Expr, ...] | None:
    turns: list[Expr] = []
    for key, value in written.entries:
        if not isinstance(key, Literal) or not isinstance(key.value, str):
            return None
        entry = value if of is written else _at(of, key.value, value)
        if part in ("", "keys"):
            turns.append(key)
        else:
            turns.append(entry if part == "values" else _pair(key, entry))
    return tuple(turns)


def _is_name(expr: Expr, name: str) -> bool:
    return isinstance(expr, Name) and expr.name == name


def _pair(first: Expr, second: Expr) -> Expr:
    return Sequence((first, second), second.line, second.column)


def _at(of: Expr, place: int | str, item: Expr) -> Expr:
    if isinstance(item, Unread):
        return item
    return Index(of, Literal(place), item.line, item.column)
