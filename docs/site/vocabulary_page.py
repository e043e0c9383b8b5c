"""The vocabulary reference: one page per type, and an index."""

from __future__ import annotations

from collections.abc import Iterator

from docs.site.code_paths import KINDS, declarations
from docs.site.markup import code, link, table, text
from docs.site.sources import shown_value, sources_of
from mlsec.vocabulary.types import Kind, Property, RelationKind, Type, Vocabulary

FAMILIES = {
    "": "Concepts",
    "aws": "AWS",
    "azure": "Azure",
    "gcp": "Google Cloud",
    "kubernetes": "Kubernetes",
    "serving": "Model servers",
    "code": "Repository files",
    "files": "Model files",
    "probe": "Running servers",
}

_ABOUT = (
    "The types, properties and relations that rules can read. `mlsec rules vocabulary TYPE` prints"
    " the same in a terminal. A rule on a concept runs on every type that implements it."
)


def type_path(name: str) -> str:
    """Give the page's path in the site, without its ending."""
    return f"vocabulary/{name}"


def type_link(name: str, top: str) -> str:
    """Link to the page of a type; ``top`` leads to the site's root."""
    return link(code(name), f"{top}{type_path(name)}.md")


def shown_absent(wanted: Property) -> str:
    """Say what a missing value means."""
    if wanted.derived:
        return "computed; unknown when an input that decides is unknown"
    return code(shown_value(wanted.absent)) if wanted.has_default else "unknown, so not assessed"


def vocabulary_index(vocabulary: Vocabulary) -> str:
    """List all types by family."""
    lines = [
        "# Vocabulary",
        "",
        _ABOUT,
        "",
    ]
    for family, title in FAMILIES.items():
        names = [name for name in sorted(vocabulary.types) if _family(name) == family]
        rows = [(type_link(name, ""), text(vocabulary.types[name].title)) for name in names]
        lines += [f"## {title}", "", *table(("Type", "What it is"), rows)]
    return "\n".join(lines)


def _family(name: str) -> str:
    return name.partition(".")[0] if "." in name else ""


def type_page(vocabulary: Vocabulary, owner: Type) -> str:
    """Give one type: its properties with sources and defaults, and its relations."""
    lines = ["---", f'title: "{owner.name}"', "---", f"# {code(owner.name)}", ""]
    lines += [f"{text(owner.title)}. {text(owner.about)}".strip(), ""]
    lines += _kinship(vocabulary, owner)
    if owner.properties:
        lines += ["## Properties", "", *_properties(vocabulary, owner)]
    if owner.relations:
        lines += ["## Relations", "", *_relations(owner)]
    if owner.lacks:
        rows = [(code(name), text(why)) for name, why in sorted(owner.lacks.items())]
        lines += ["## Not offered", "", *table(("What", "Reason"), rows)]
    return "\n".join(lines) + "\n"


def _kinship(vocabulary: Vocabulary, owner: Type) -> Iterator[str]:
    if owner.is_concept:
        members = ", ".join(type_link(t.name, "../") for t in vocabulary.concrete(owner.name))
        yield from ("A concept" + (f", implemented by {members}." if members else "."), "")
    elif owner.concepts:
        names = ", ".join(type_link(name, "../") for name in owner.concepts)
        yield from (f"Implements {names}.", "")
    rows = [(KINDS[entry.kind], code(entry.name)) for entry in declarations(vocabulary, owner)]
    if rows:
        yield from table(("Declared in", "As"), dict.fromkeys(rows))


def _properties(vocabulary: Vocabulary, owner: Type) -> list[str]:
    rows = []
    for wanted in owner.properties.values():
        name = code(wanted.name) + (f"<br>{text(wanted.about)}" if wanted.about else "")
        places = dict.fromkeys(
            f"{source.title}: {source.place}" for source in sources_of(vocabulary, owner, wanted)
        )
        rows.append((name, _value(wanted, is_concept=owner.is_concept), "<br>".join(places)))
        rows += [_item_row(wanted, item) for item in wanted.items.values()]
    return table(("Property", "Value", "Read from"), rows)


def _item_row(wanted: Property, item: Property) -> tuple[str, ...]:
    name = code(f"{wanted.name}[].{item.name}")
    name += f"<br>{text(item.about)}" if item.about else ""
    places = [code(path) for paths in item.sources.values() for path in paths]
    return (name, _value(item), "<br>".join(dict.fromkeys(places)))


def _value(wanted: Property, *, is_concept: bool = False) -> str:
    """Say what the value is, and what a missing one means; of a concept its types say that."""
    return _kind(wanted) if is_concept else f"{_kind(wanted)}<br>If absent: {shown_absent(wanted)}"


def _kind(wanted: Property) -> str:
    if wanted.kind is Kind.ENUM:
        return "one of " + ", ".join(code(value) for value in wanted.enum)
    return wanted.kind.value


def _relations(owner: Type) -> list[str]:
    rows = [
        (code(relation.name), type_link(relation.to, "../"), _way(relation), text(relation.about))
        for relation in owner.relations.values()
    ]
    return table(("Relation", "To", "Found by", "Meaning"), rows)


def _way(relation: RelationKind) -> str:
    if relation.by:
        return f"{code(relation.by)} = {code(relation.match)}"
    if relation.reverse:
        return f"reverse of {code(relation.reverse)}"
    if relation.path:
        return f"following {code(relation.path)}"
    return "computed" if relation.derived else f"every one in the {relation.within}"
