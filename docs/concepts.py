"""The table of concepts: how each provider answers what a concept asks, or why it cannot."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mlsec.engine.model.property_resolution import find_reading
from mlsec.vocabulary.types import Type, Vocabulary

_INTRODUCTION = """# Concepts

A concept is what types of several providers have in common. A rule on a concept runs on every type
that implements it. The tables show the property or relation that answers on each type. What a
provider does not offer never makes such a rule fail.
"""
CLOUDS = {"aws": "AWS", "azure": "Azure", "gcp": "Google Cloud", "kubernetes": "Kubernetes"}


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """How one type (or, with ``type`` "", a whole cloud) answers one property or relation.

    ``by`` is what fills it, ``why`` the reason why the cloud has no such thing; with neither it is
    missing.
    """

    concept: str
    asked: str
    cloud: str
    type: str = ""
    by: str = ""
    why: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether nothing answers and no reason is given."""
        return not self.by and not self.why


def cells(vocabulary: Vocabulary) -> Iterator[Cell]:
    """Give every cell of the table; a concept that asks nothing has one row for itself."""
    for name, concept in sorted(vocabulary.types.items()):
        if not concept.is_concept:
            continue
        for cloud in CLOUDS:
            own = [t for t in vocabulary.concrete(name) if t.name.startswith(f"{cloud}.")]
            for asked in (*concept.properties, *concept.relations) or ("",):
                if not own:
                    why = concept.lacks.get(cloud, "")
                    yield Cell(concept=name, asked=asked, cloud=cloud, why=why)
                for member in own:
                    by, why = _answer(vocabulary, member, asked)
                    yield Cell(
                        concept=name, asked=asked, cloud=cloud, type=member.name, by=by, why=why
                    )


def concepts_page(vocabulary: Vocabulary) -> str:
    """One table per concept: a row for what it asks, a column for each cloud."""
    rows: dict[tuple[str, str], dict[str, list[Cell]]] = {}
    for cell in cells(vocabulary):
        row = rows.setdefault((cell.concept, cell.asked), {cloud: [] for cloud in CLOUDS})
        row[cell.cloud].append(cell)
    lines = [_INTRODUCTION]
    before = ""
    for (name, asked), row in rows.items():
        if name != before:
            lines += ["", f"## {name}", "", f"{vocabulary.types[name].title}.", ""]
            lines += [f"| Property or relation | {' | '.join(CLOUDS.values())} |"]
            lines += ["| --- |" + " --- |" * len(CLOUDS)]
            before = name
        shown = [_shown(row[cloud]) for cloud in CLOUDS]
        lines.append(f"| {f'`{asked}`' if asked else 'The type itself'} | {' | '.join(shown)} |")
    return "\n".join(lines) + "\n"


def _answer(vocabulary: Vocabulary, own: Type, asked: str) -> tuple[str, str]:
    if not asked:
        return own.name, ""
    if asked in own.lacks:
        return "", own.lacks[asked]
    reading = find_reading(vocabulary, own, asked)
    if reading is not None:
        return reading.own.name, ""
    return (f"-> {own.relations[asked].to}", "") if asked in own.relations else ("", "")


def _shown(row: list[Cell]) -> str:
    """Give the types of a cell by their answer: those with the same answer stand together."""
    answers: dict[str, list[str]] = {}
    for cell in row:
        text = f"`{cell.by}`" if cell.by else f"Not offered. {cell.why}" if cell.why else ""
        answers.setdefault(text or "**missing**", []).append(cell.type)
    parts = []
    for text, types in answers.items():
        names = ", ".join(_type_link(name) for name in types if name)
        is_itself = len(types) == 1 and text == f"`{types[0]}`"
        parts.append(names if is_itself else f"{names}: {text}" if names else text)
    return "<br>".join(part.replace("|", "\\|") for part in parts)


def _type_link(name: str) -> str:
    return f"[`{name}`](vocabulary/{name}.md)"
