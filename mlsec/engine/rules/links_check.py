"""The checks of what a rule points to: framework controls, its objective, checks of other tools."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from mlsec.core.catalogue import ControlLink
from mlsec.core.enums import Relation
from mlsec.core.suggestions import did_you_mean
from mlsec.engine.model.diagnostics import Diagnostics
from mlsec.engine.model.objectives import Objective

_EQUIVALENT = re.compile(r"[a-z0-9][a-z0-9_-]*:\S.*\Z")


class KnownControls(msgspec.Struct, frozen=True, kw_only=True):
    """Control ids per framework, and objectives; None where the file is not there."""

    controls: Mapping[str, tuple[str, ...]] | None = None
    objectives: Mapping[str, Objective] | None = None


def read_controls(
    raw: Sequence[Any], known: KnownControls, mistakes: Diagnostics
) -> tuple[ControlLink, ...]:
    """Read ``[{id: framework/ID, relation: subset, because: ...}]``; an unknown id is recorded."""
    links = []
    relations = {relation.value: relation for relation in Relation}
    for n, item in enumerate(raw):
        if not isinstance(item, dict) or set(item) | {"relation"} != {"id", "because", "relation"}:
            mistakes.add("a control link has id, relation and because", "controls", n)
            continue
        name = item.get("relation", Relation.INTERSECTS.value)
        if name not in relations:
            hint = "one of " + ", ".join(relations)
            mistakes.add(f'unknown relation "{name}"', "controls", n, "relation", "=", hint=hint)
            continue
        because = str(item["because"])
        links.append(ControlLink(id=str(item["id"]), because=because, relation=relations[name]))
        if known.controls is not None:
            _check_control(str(item["id"]), known.controls, n, mistakes)
    return tuple(links)


def _check_control(
    link: str, known: Mapping[str, tuple[str, ...]], n: int, mistakes: Diagnostics
) -> None:
    framework, _, control = link.partition("/")
    here = ("controls", n, "id", "=")
    if framework not in known:
        suggestion = did_you_mean(framework, known)
        mistakes.add(f'unknown framework "{framework}"{suggestion}', *here)
    elif control not in known[framework]:
        suggestion = did_you_mean(control, known[framework])
        mistakes.add(f'{framework} has no control "{control}"{suggestion}', *here)


def read_objective(
    name: str, raw: Mapping[str, Any], known: KnownControls, mistakes: Diagnostics
) -> str:
    """Give the objective; an unknown one is recorded, and a severity that is not the objective's.

    A rule that takes its severity from what failed may differ.
    """
    if not name or known.objectives is None:
        return name
    objective = known.objectives.get(name)
    if objective is None:
        suggestion = did_you_mean(name, known.objectives)
        mistakes.add(f'unknown objective "{name}"{suggestion}', "objective", "=")
    elif raw.get("severity") != objective.severity.value and "graded_by" not in raw:
        mistakes.add(
            f'the severity must be "{objective.severity.value}", as of the objective "{name}"',
            "severity",
            "=",
            hint=f"{objective.exposure.value} x {objective.consequence.value}"
            f" x {objective.effort.value}; an objective of another severity has another name",
        )
    return name


def check_equivalents(items: tuple[str, ...], mistakes: Diagnostics) -> tuple[str, ...]:
    """Give the equivalents; one that is not ``tool:check-id`` is recorded."""
    for n, text in enumerate(items):
        if not _EQUIVALENT.match(text):
            mistakes.add(f'"{text}" is not tool:check-id', "equivalents", n)
    return items
