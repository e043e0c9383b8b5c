"""The page on code: which types each kind of code declares, and what it cannot tell of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlsec.vocabulary.iac_mapping import DeclaredType
from mlsec.vocabulary.iac_mapping_load import operations_of
from mlsec.vocabulary.types import Kind, Type, Vocabulary

_KINDS = {
    "terraform": "Terraform",
    "cloudformation": "CloudFormation",
    "arm": "ARM templates and compiled Bicep",
}
_INTRODUCTION = (
    "Every type that a kind of code declares is judged by the same rules as what runs. A property"
    " that the code could set and does not is what the service makes it. What stands under"
    " *not told* is `not_assessed`, with the reason; so is a value that depends on a parameter, and"
    " so is what another stack may declare."
)


def code_page(vocabulary: Vocabulary, made: str) -> str:
    """Give docs/code.md; ``made`` says that it is generated."""
    lines = [
        "# What code tells",
        "",
        made,
        _INTRODUCTION,
        "",
    ]
    for kind, title in _KINDS.items():
        table = vocabulary.declared.get(kind, {})
        if not table:
            continue
        types = {entry.type for entries in table.values() for entry in entries if entry.type}
        lines += [
            f"## {title}",
            "",
            f"{len(types)} types.",
            "",
            "| in code | is | not told | taken as |",
            "| --- | --- | --- | --- |",
            *_rows(vocabulary, table),
            "",
        ]
    return "\n".join(lines)


def _rows(vocabulary: Vocabulary, table: Mapping[str, tuple[DeclaredType, ...]]) -> Iterator[str]:
    for name, entries in sorted(table.items()):
        for entry in entries:
            if entry.type:
                owner = vocabulary.types[entry.type]
                yield _row(name, entry.type, ", ".join(_not_told(entry, owner)), _taken(entry))
            elif entry.joins:
                whole = sorted({join.to for join in entry.joins})
                yield _row(name, "a part of " + ", ".join(whole), "", "")


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") or " " for cell in cells) + " |"


def _not_told(entry: DeclaredType, owner: Type) -> list[str]:
    """Name the properties that this code never tells."""
    found = []
    hidden = {name for name in operations_of(owner) if name in entry.never}
    for each in owner.properties.values():
        sources = [source.partition(":")[0] for source in each.sources.get("api", ())]
        if each.derived or not sources or each.name in entry.becomes or each.name in entry.paths:
            continue
        is_hidden = all(source in hidden for source in sources)
        if each.kind is Kind.DATE or each.name in entry.never or is_hidden:
            found.append(f"`{each.name}`")
    return found


def _taken(entry: DeclaredType) -> str:
    taken = {**entry.becomes, **entry.assumed}
    return ", ".join(f"`{name}` = {value}" for name, value in sorted(taken.items()))
