"""Finds templates that never end, or whose texts grow until memory is full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlsec.artifacts.facts import FactKind

Found = tuple[FactKind, str, str]
_GROWS = frozenset(("append", "insert", "extend"))


def growth_in(tree: Any, kinds: Any) -> Iterator[Found]:
    """What to note, and why."""
    for loop in tree.find_all(kinds.For):
        yield from _doubled(loop, kinds)
        yield from _fed(loop, kinds)
    yield from _endless(tree, kinds)


def _doubled(loop: Any, kinds: Any) -> Iterator[Found]:
    """A name that is set to itself twice over, once for each round."""
    for node in loop.find_all(kinds.Assign):
        name = _named(node.target, kinds)
        if not isinstance(node.node, kinds.Concat | kinds.Add | kinds.Mul):
            continue
        parts = node.node.nodes if isinstance(node.node, kinds.Concat) else _sides(node.node, kinds)
        if name and sum(1 for part in parts if _named(part, kinds) == name) > 1:
            yield FactKind.BOMB, name, "doubles in each round of a loop"


def _sides(node: Any, kinds: Any) -> list[Any]:
    if isinstance(node, kinds.Add | kinds.Mul):
        return [*_sides(node.left, kinds), *_sides(node.right, kinds)]
    return [node]


def _fed(loop: Any, kinds: Any) -> Iterator[Found]:
    """A loop over a list that it makes longer in each round."""
    name = _named(loop.iter, kinds)
    if not name:
        return
    for call in loop.find_all(kinds.Call):
        target = call.node
        grows = isinstance(target, kinds.Getattr) and target.attr in _GROWS
        if grows and _named(target.node, kinds) == name:
            yield FactKind.BOMB, name, "loops over a list that it makes longer as it goes"


def _endless(tree: Any, kinds: Any) -> Iterator[Found]:
    """Macros that call themselves, or one another, with nothing but what they were given."""
    calls: dict[str, set[str]] = {}
    for macro in tree.find_all(kinds.Macro):
        own = {argument.name for argument in macro.args}
        calls.setdefault(macro.name, set()).update(
            call.node.name
            for call in macro.find_all(kinds.Call)
            if isinstance(call.node, kinds.Name) and _is_unchanged(call, own, kinds)
        )
    for name in calls:
        reached, left = set[str](), [name]
        while left:
            for called in calls.get(left.pop(), ()):
                if called not in reached:
                    reached.add(called)
                    left.append(called)
        if name in reached:
            yield FactKind.BOMB, name, "is a macro that calls itself without end"
            return


def _is_unchanged(call: Any, own: set[str], kinds: Any) -> bool:
    given = [*call.args, *(pair.value for pair in call.kwargs)]
    return all(
        isinstance(item, kinds.Const) or (isinstance(item, kinds.Name) and item.name in own)
        for item in given
    )


def _named(node: Any, kinds: Any) -> str:
    """A name, or an attribute of one, as text; "" for all else."""
    if isinstance(node, kinds.Name):
        return str(node.name)
    if isinstance(node, kinds.NSRef):
        return f"{node.name}.{node.attr}"
    if isinstance(node, kinds.Getattr) and isinstance(node.node, kinds.Name):
        return f"{node.node.name}.{node.attr}"
    return ""
