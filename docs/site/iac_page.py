"""The page on infrastructure code: what each kind declares, and which properties it cannot set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from docs.site.markup import code, table
from docs.site.vocabulary_page import type_link
from mlsec.vocabulary.iac_mapping import DeclaredType
from mlsec.vocabulary.iac_mapping_load import operations_of
from mlsec.vocabulary.types import Kind, Type, Vocabulary

_KINDS = {
    "terraform": "Terraform",
    "cloudformation": "CloudFormation",
    "arm": "ARM templates and compiled Bicep",
}
_INTRODUCTION = """# Infrastructure code

Declared resources are assessed by the same rules as running ones. A property that the code could
set and does not set has the service's default. Properties under *not in code*, values that depend
on a parameter, and what another stack may declare are not assessed, with the reason.
"""


def iac_page(vocabulary: Vocabulary) -> str:
    """Give one table for each kind of code."""
    lines = [_INTRODUCTION]
    for kind, title in _KINDS.items():
        entries = vocabulary.declared.get(kind, {})
        types = {entry.type for several in entries.values() for entry in several if entry.type}
        head = ("In code", "Type", "Not in code", "Assumed")
        lines += [f"## {title}", "", f"{len(types)} types.", ""]
        lines += table(head, _rows(vocabulary, entries))
    return "\n".join(lines)


def _rows(
    vocabulary: Vocabulary, entries: Mapping[str, tuple[DeclaredType, ...]]
) -> Iterator[tuple[str, ...]]:
    for name, several in sorted(entries.items()):
        for entry in several:
            if entry.type:
                owner = vocabulary.types[entry.type]
                missing = ", ".join(code(hidden) for hidden in _not_in_code(entry, owner))
                yield (code(name), type_link(entry.type, ""), missing, _assumed(entry))
            elif entry.joins:
                owners = sorted({join.to for join in entry.joins})
                links = ", ".join(type_link(owner_name, "") for owner_name in owners)
                yield (code(name), f"part of {links}", "", "")


def _not_in_code(entry: DeclaredType, owner: Type) -> Iterator[str]:
    """Yield the properties that this kind of code never sets."""
    hidden = {name for name in operations_of(owner) if name in entry.never}
    for wanted in owner.properties.values():
        sources = [source.partition(":")[0] for source in wanted.sources.get("api", ())]
        is_set = wanted.name in entry.becomes or wanted.name in entry.paths
        if wanted.derived or not sources or is_set:
            continue
        is_hidden = all(source in hidden for source in sources)
        if wanted.kind is Kind.DATE or wanted.name in entry.never or is_hidden:
            yield wanted.name


def _assumed(entry: DeclaredType) -> str:
    values = {**entry.becomes, **entry.assumed}
    return ", ".join(f"{code(name)} = {code(str(value))}" for name, value in sorted(values.items()))
