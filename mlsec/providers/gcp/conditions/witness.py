"""Look for one request that meets a condition, among values that stand for all others."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mlsec.core.enums import Truth
from mlsec.providers.gcp.conditions.errors import EvaluationError
from mlsec.providers.gcp.conditions.evaluation import Request, is_met, value_of
from mlsec.providers.gcp.conditions.representatives import MOST
from mlsec.providers.gcp.conditions.syntax import Attribute, Call, Literal, Node, Operation, walk

_LOGICAL = ("&&", "||", "!", "?")
Values = Mapping[str, Any]


def exists(
    node: Node,
    choices: Sequence[Iterable[Values]],
    circumstances: Mapping[str, bool],
    fixed: Values,
) -> Truth | Request:
    """Give a request that meets the condition, or that there is none, or that it is not known."""
    tried = [list(itertools.islice(choice, MOST + 1)) for choice in choices]
    is_cut = any(len(part) > MOST for part in tried)
    parts = [_distinct(node, part) for part in tried]
    truth = Truth.FALSE
    for number, chosen in enumerate(itertools.product(*parts)):
        if number > MOST:
            is_cut = True
            break
        request = _request((fixed, *chosen), circumstances)
        met = is_met(node, request)
        if met is Truth.TRUE:
            return request
        truth = met if met is Truth.UNKNOWN else truth
    return Truth.UNKNOWN if is_cut else truth


def _request(parts: Iterable[Values], circumstances: Mapping[str, bool]) -> Request:
    values = {name: value for part in parts for name, value in part.items()}
    api = {name[4:]: value for name, value in values.items() if name.startswith("api ")}
    return Request(attributes=values, api=api, circumstances=circumstances)


def _distinct(node: Node, choices: list[Values]) -> list[Values]:
    """Keep one choice of those to which every clause of the condition gives the same answer."""
    names = {name for choice in choices for name in choice}
    asked = [(leaf, read) for leaf in leaves(node) if not names.isdisjoint(read := reads(leaf))]
    if len(choices) < 2 or any(not read <= names for _, read in asked):
        return choices
    kept: dict[tuple[str, ...], Values] = {}
    for choice in choices:
        request = _request((choice,), {})
        kept.setdefault(tuple(_outcome(leaf, request) for leaf, _ in asked), choice)
    return list(kept.values())


def _outcome(leaf: Node, request: Request) -> str:
    try:
        return repr(value_of(leaf, request))
    except EvaluationError:
        return "fails"


def leaves(node: Node) -> Iterator[Node]:
    """Give the clauses that a condition joins by and, or, not and a choice."""
    if isinstance(node, Operation) and node.sign in _LOGICAL:
        for operand in node.operands:
            yield from leaves(operand)
    else:
        yield node


def reads(node: Node) -> set[str]:
    """Name what an expression reads: attributes, and those of the API."""
    names = set()
    for below in walk(node):
        match below:
            case Call(name="getAttribute", arguments=(Literal(value=str(name)), *_)):
                names.add(f"api {name}")
            case Attribute(path=path) if path not in ("api", "resource"):
                names.add(path)
    return names
