"""What the macros of a CloudFormation template may change, and what SAM's globals add to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlsec.collect.code.budget import Budget
from mlsec.collect.located.located import Node, UnknownValue, over_limit, size_of
from mlsec.iac.mapping.partial_text import at

TRANSFORM = "Fn::Transform"
# Macros whose work is known: SAM's types have tables, the others add nothing that is judged here.
_KNOWN = ("AWS::Serverless-", "AWS::LanguageExtensions", "AWS::SecretsManager-")
_SAM = "AWS::Serverless::"
_MAX_DEPTH = 40


def macros_of(root: Node) -> Iterator[tuple[str, int]]:
    """Give the name and line of each macro that is given the whole template, or all resources."""
    for item in (root.get("Transform"), root.get("Resources", TRANSFORM)):
        for entry in _several(item):
            name = _name(entry)
            if not name.startswith(_KNOWN):
                yield name, entry.line


def opened_by(root: Node) -> UnknownValue | None:
    """Say why what no resource of a template says is not known; None where no macro adds to it."""
    name = next((name for name, _ in macros_of(root)), None)
    return None if name is None else UnknownValue(f"the macro {name} may set it")


def hidden_by(node: Node) -> UnknownValue | None:
    """Say why a mapping is not known that a macro is given as it stands; None for any other."""
    result = node.value.get(TRANSFORM) if isinstance(node.value, Mapping) else None
    if result is None:
        return None
    return UnknownValue(
        f"{TRANSFORM}: the macro {_name(next(_several(result), result))} works it out"
    )


def with_globals(root: Node, kind: str, body: Node | None, budget: Budget) -> Node | None:
    """Add what SAM's globals say of a type to what stands in one resource of it.

    Where that has cost too much, what they say is not known.
    """
    if not kind.startswith(_SAM):
        return body
    common = root.get("Globals", kind.removeprefix(_SAM))
    if common is None:
        return body
    # Each of them is then mapped as well, which costs far more than a step.
    budget.total -= 8 * size_of(common)
    if budget.is_spent:
        hidden = over_limit("globals that stand in too many resources")
        common = at(common, {key: at(value, hidden) for key, value in common.pairs().items()})
        return at(body or common, {**(body or common).pairs(), **common.pairs()})
    if body is None:
        return common
    return _laid_over(common, body, 0)


def _laid_over(under: Node, over: Node, depth: int) -> Node:
    """Lists are put one after the other, mappings key by key; of all else the nearer one holds."""
    if isinstance(under.value, tuple) and isinstance(over.value, tuple):
        return at(over, (*under.value, *over.value))
    are_mappings = isinstance(under.value, Mapping) and isinstance(over.value, Mapping)
    if not are_mappings or _is_function(under) or _is_function(over) or depth > _MAX_DEPTH:
        return over
    both = dict(under.value)
    for key, value in over.value.items():
        both[key] = _laid_over(both[key], value, depth + 1) if key in both else value
    return at(over, both)


def _is_function(node: Node) -> bool:
    return any(key == "Ref" or key.startswith("Fn::") for key in node.value)


def _several(node: Node | None) -> Iterator[Node]:
    if node is not None:
        yield from node.value if isinstance(node.value, tuple) else (node,)


def _name(node: Node) -> str:
    given = node.value if isinstance(node.value, str) else node.text("Name")
    return given or "of a name that is not known"
