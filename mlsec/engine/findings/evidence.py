"""From deciding clauses to what a report shows: evidence, gaps and the attack path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from sys import intern  # findings say the same few paths and places thousands of times
from typing import Any

from mlsec.core.finding import AttackPath, Evidence, PathEdge, PathNode
from mlsec.core.resource import Resource
from mlsec.engine.evaluation.deciding_clauses import Deciding
from mlsec.engine.evaluation.kleene import Clause
from mlsec.engine.evaluation.property_reader import UNKNOWN_VALUE, View, own_source
from mlsec.engine.findings.principals import with_principals
from mlsec.engine.findings.subject import place_in_code
from mlsec.engine.model.rule import Compare, Quantifier, Quantity
from mlsec.vocabulary.types import Property

MAX_EVIDENCE = 20
MAX_TEXT_CHARS = 500
MAX_ITEMS = 20
_OPPOSITE = {
    "eq": "ne", "ne": "eq", "in": "not_in", "not_in": "in", "lt": "gte", "gte": "lt", "gt": "lte",
    "lte": "gt",
}  # fmt: skip
_ASKED = {
    Quantity.EACH: "all known",
    Quantity.NONE: "all known",
    Quantity.SOME: "at least one",
}


def evidence_of(clauses: Iterable[Clause]) -> tuple[Evidence, ...]:
    """Give each deciding clause once, as what was expected and what is."""
    seen: set[tuple[str, str, str, str]] = set()
    result = []
    for clause in clauses:
        made = _evidence(clause)
        # By the rule's own path: one property may answer two of a concept.
        asked = f"{clause.view.prefix}{clause.path}"
        key = (made.resource, asked, made.operator, repr(made.expected))
        if key not in seen:
            seen.add(key)
            result.append(made)
        if len(result) == MAX_EVIDENCE:
            break
    return tuple(result)


def gaps_of(clauses: Iterable[Clause]) -> tuple[str, ...]:
    """The ids of every gap that hides a deciding value, sorted."""
    return tuple(sorted({gap for clause in clauses for gap in clause.value.gaps}))


def path_of(judged: Resource, clauses: Iterable[Clause]) -> AttackPath | None:
    """Join the hops that the clauses walked; None when they all stand on the judged resource."""
    nodes: dict[str, Resource] = {judged.id: judged}
    edges: dict[tuple[str, str, str], None] = {}
    notes: dict[str, str] = {}
    for clause in clauses:
        for step in clause.view.trail:
            nodes.setdefault(step.target.id, step.target)
            edges.setdefault((step.source.id, step.target.id, step.relation))
        notes.setdefault(clause.view.resource.id, _note(clause))
    if not edges:
        return None
    index = {resource_id: n for n, resource_id in enumerate(nodes)}
    return AttackPath(
        nodes=tuple(
            PathNode(
                id=resource.id,
                type=resource.type,
                name=resource.name or resource.id,
                note=intern(notes.get(resource.id, "")),
            )
            for resource in nodes.values()
        ),
        edges=tuple(
            PathEdge(source=index[source], target=index[target], relation=relation)
            for source, target, relation in edges
        ),
    )


def _evidence(clause: Clause) -> Evidence:
    operator, expected = clause.operator, clause.expected
    if not clause.is_wanted:
        operator, expected = _opposite(operator, expected)
    view, value = clause.view, clause.value
    path, expected = _shown_as(clause, operator, expected)
    own = value.reading.own if value.reading else None
    evidence = Evidence(
        path=intern(_cut(view, path)),
        operator=operator,
        expected=shown(expected),
        actual=shown(value.raw),
        is_unread=value.known is UNKNOWN_VALUE,
        gaps=value.gaps,
        resource=view.resource.id,
        source=intern(source_of(view, clause.path, own)),
    )
    if own is None or view.prefix:
        return evidence
    return with_principals(evidence, view.resource, own.name)


def shown_path(clause: Clause) -> str:
    """Give the path of a clause as its evidence shows it."""
    path, _ = _shown_as(clause, clause.operator, clause.expected)
    return _cut(clause.view, path)


def _cut(view: View, path: str) -> str:
    return path.removesuffix(".value") if isinstance(view.item, str) else path


def asked_of(clause: Compare | Quantifier, *, is_wanted: bool = True) -> tuple[str, Any]:
    """Operator and expected value as evidence shows them."""
    if isinstance(clause, Quantifier):
        return clause.quantity.value, _ASKED[clause.quantity]
    operator = clause.operator.value
    return (operator, clause.expected) if is_wanted else _opposite(operator, clause.expected)


def are_distinct(clauses: Iterable[Deciding]) -> bool:
    """Whether no two of the clauses would be shown as one."""
    asked = [
        (clause.clause.path, *asked_of(clause.clause, is_wanted=clause.is_wanted))
        for clause in clauses
    ]
    keys = {(path, operator, repr(shown(expected))) for path, operator, expected in asked}
    return len(keys) == len(asked)


def _opposite(operator: str, expected: Any) -> tuple[str, Any]:
    if operator == "exists":
        return operator, not expected
    return _OPPOSITE.get(operator, f"not {operator}"), expected


def source_of(view: View, path: str, own: Property | None) -> str:
    """Where the value came from: ``Operation:Path``, ``file:line:column``, or the derivation."""
    origin = view.resource.origin
    if origin.file and origin.line:
        asked = f"{view.prefix}{own.name if own is not None else path}"
        return place_in_code(view.resource, asked)
    if not view.prefix:
        return own_source(view.resource, own) if own is not None else ""
    return _item_source(view, path, own)


def _item_source(view: View, path: str, own: Property | None) -> str:
    field = (own.sources.get("api", ("",))[0] if own is not None else "") or path
    base = view.list_source
    inside = view.prefix.rstrip(".").removeprefix(view.list_name)
    if isinstance(view.item, str):
        return f"{base}{inside}" if base else ""
    return f"{base}{inside}.{field}" if base else ""


def _note(clause: Clause) -> str:
    value = clause.value
    text = "not read" if value.known is UNKNOWN_VALUE else _brief(value.raw)
    label, _ = _shown_as(clause, clause.operator, clause.expected)
    return f"{label}: {text}"


def _shown_as(clause: Clause, operator: str, expected: Any) -> tuple[str, Any]:
    """Path and expected value in the words of the provider, where it has its own."""
    path, reading = clause.path, clause.value.reading
    if reading is not None:
        path, expected = reading.shown(path, operator, expected)
    return f"{clause.view.prefix}{path}".rstrip("."), expected


def _brief(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(_brief(item) for item in value[:3]) + (" …" if len(value) > 3 else "")
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_brief(item)}" for key, item in list(value.items())[:3])
    text = str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def shown(value: Any) -> Any:
    """A value cut to what a report can show: long texts, lists and maps are shortened."""
    # Distinguished by the exact type first: whether a number is a Mapping takes longer to ask.
    kind = type(value)
    if kind is str:
        return value if len(value) <= MAX_TEXT_CHARS else value[: MAX_TEXT_CHARS - 1] + "…"
    if value is None or kind is bool or kind is int or kind is float:
        return value
    if isinstance(value, list | tuple):
        items = [shown(item) for item in value[:MAX_ITEMS]]
        return items if len(value) <= MAX_ITEMS else [*items, f"… {len(value) - MAX_ITEMS} more"]
    if isinstance(value, Mapping):
        return {str(key): shown(item) for key, item in list(value.items())[:MAX_ITEMS]}
    return value
