"""Rules and vocabulary as text for a terminal, and the rule index as Markdown."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from mlsec.core.catalogue import Fix
from mlsec.core.errors import MlsecError
from mlsec.core.sanitize import visible
from mlsec.core.suggestions import did_you_mean
from mlsec.engine.model.controls import Frameworks
from mlsec.engine.model.objectives import Objective
from mlsec.engine.model.rule import Rule, RuleSet
from mlsec.engine.rules.fix_check import FIX_KEYS
from mlsec.engine.testing.examples import Disagreement
from mlsec.engine.testing.mutate import describe
from mlsec.vocabulary.types import Kind, Property, RelationKind, Type, Vocabulary


def list_json(rules: Sequence[Rule]) -> bytes:
    """What rules say of themselves as a JSON array, one rule a line, in the order given."""
    entries = [
        {
            "id": rule.id,
            "title": rule.title,
            "severity": rule.severity.value,
            "category": rule.category.value,
            "concern": rule.concern.value,
            "status": rule.status.value,
            "since": rule.since,
            "resource": rule.resource,
            "objective": rule.objective,
            "why": rule.why,
            "fix": rule.fix.text,
            "equivalents": rule.equivalents,
            "references": rule.references,
        }
        for rule in rules
    ]
    lines = b",\n".join(map(msgspec.json.encode, entries))
    return b"[\n" + lines + b"\n]\n" if lines else b"[]\n"


def page_of(rule: Rule, frameworks: Frameworks) -> str:
    """One rule in full, with what it tests and the controls that it links to."""
    linked = frameworks.links(rule.objective, rule.controls)
    lines = [
        f"{rule.id}: {rule.title}",
        ", ".join((_gravity(rule), rule.category.value, f"concern {rule.concern.value}")),
        f"{rule.status.value} since {rule.since}, judges {rule.resource}",
        f"  --> {rule.place}",
        *_objective_lines(frameworks.objectives.get(rule.objective)),
        "",
        f"why: {rule.why}",
        "",
    ]
    if rule.when is not None:
        lines.append(f"when:   {describe(rule.when)}")
    lines += [f"assert: {describe(rule.must)}", ""]
    for name, param in sorted(rule.params.items()):
        bounds = f" {param.min} to {param.max}" if param.min is not None else ""
        lines.append(f"param {name}: {param.type}{bounds}, default {param.default} {param.about}")
    lines += _fix_lines(rule.fix, "")
    for provider, part in sorted(rule.fix.parts.items()):
        lines += _fix_lines(part, f"{provider}, ")
    for title, items in (
        ("equivalents", rule.equivalents),
        (
            "controls",
            tuple(f"{link.id} ({link.relation.value}: {link.because})" for link in linked),
        ),
        ("aliases", rule.aliases),
        ("references", rule.references),
        ("known exceptions", rule.known_exceptions),
    ):
        if items:
            lines += [f"{title}:", *(f"  {item}" for item in items)]
    return "\n".join(lines)


def _objective_lines(objective: Objective | None) -> tuple[str, ...]:
    if objective is None:
        return ()
    facts = (objective.exposure.value, objective.consequence.value, objective.effort.value)
    return (
        f"objective {objective.name}, profile {objective.profile.value}: {objective.tests}",
        f"  {' x '.join(facts)} = {objective.severity.value}",
    )


def _gravity(rule: Rule) -> str:
    """The severity of its findings; of some rules each has that of the worst item found."""
    if not rule.graded_by:
        return rule.severity.value
    return f"{rule.severity.value} at most (as the worst {rule.graded_by} that was found)"


def disagreement_text(disagreement: Disagreement, place: str) -> str:
    """A failed example, with the clauses that decided."""
    document = msgspec.json.encode(disagreement.document).decode("utf-8", "replace")
    example = f"{disagreement.wanted.value}:{disagreement.index}"
    lines = [
        f"fail[{disagreement.rule}] example {example} came out {disagreement.got.value}",
        f"  --> {place}",
        f"   | {visible(document, 300)}",
    ]
    for item in disagreement.evidence:
        actual = "not read" if item.is_unread else visible(str(item.actual), 120)
        lines.append(f"   | {item.path} = {actual}   expected {item.operator} {item.expected}")
    return "\n".join(lines)


def index_of(ruleset: RuleSet) -> str:
    """All rules as a Markdown table, sorted by id."""
    lines = [
        "# Rules",
        "",
        f"{len(ruleset.rules)} rules. One file each; `mlsec rules show ID` has the details.",
        "",
        "| Rule | Severity | Concern | Category | Judges | Title | Equivalents |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for rule in ruleset.rules:
        cells = (
            f"`{rule.id}`",
            rule.severity.value,
            rule.concern.value,
            rule.category.value,
            f"`{rule.resource}`",
            rule.title,
            "<br>".join(f"`{name}`" for name in rule.equivalents),
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def _fix_lines(fix: Fix, whose: str) -> list[str]:
    return [f"fix ({whose}{name}): {text}" for name in FIX_KEYS if (text := getattr(fix, name))]


def types_page(vocabulary: Vocabulary) -> str:
    """One line per type and concept."""
    lines = []
    for name, result in sorted(vocabulary.types.items()):
        concept = "concept" if result.is_concept else _what_it_is(result)
        lines.append(f"{name:<48} {concept:<22} {result.title}")
    return "\n".join([*lines, f"{len(lines)} types"])


def type_page(vocabulary: Vocabulary, name: str) -> str:
    """The properties and relations of a type, or of every type that the name is a glob of.

    Raises:
        MlsecError: no such type.
    """
    names = [n for n in sorted(vocabulary.types) if n == name or fnmatch.fnmatchcase(n, name)]
    names = names or [n for n in sorted(vocabulary.types) if n.startswith(f"{name}.")]
    if not names:
        suggestion = did_you_mean(name, vocabulary.types)
        raise MlsecError(f'no type "{name}"{suggestion}', hint="mlsec rules vocabulary")
    return "\n\n".join(_type_text(vocabulary.types[n]) for n in names)


def _type_text(type_: Type) -> str:
    head = f"{type_.name}: {type_.title}"
    if type_.concepts:
        head += f" ({_what_it_is(type_)})"
    lines = [head, *_property_lines(type_.properties, "  ")]
    lines += [f"  -> {name}: {_way(rel)}" for name, rel in sorted(type_.relations.items())]
    lines += [f"  lacks {name}: {why}" for name, why in sorted(type_.lacks.items())]
    return "\n".join(lines)


def _what_it_is(type_: Type) -> str:
    return f"is {', '.join(type_.concepts)}" if type_.concepts else ""


def _property_lines(properties: Mapping[str, Property], indent: str) -> list[str]:
    lines = []
    for name, prop in sorted(properties.items()):
        source = (
            f"derived {prop.derived}" if prop.derived else ", ".join(prop.sources.get("api", ()))
        )
        source = source or ("always" if prop.is_constant else "")
        default = f", absent {_plain(prop.absent)}" if prop.has_default else ""
        fulfils = f", fulfils {', '.join(prop.fulfils)}" if prop.fulfils else ""
        about = f"  # {prop.about}" if prop.about else ""
        lines.append(f"{indent}{name}: {_kind(prop)}{default}{fulfils}  [{source}]{about}")
        lines += _property_lines(prop.items, indent + "    ")
    return lines


def _kind(prop: Property) -> str:
    return f"enum [{', '.join(prop.enum)}]" if prop.kind is Kind.ENUM else prop.kind.value


def _plain(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _way(relation: RelationKind) -> str:
    if relation.by:
        return f"{relation.to} by {relation.by} = {relation.match}"
    for word in ("reverse", "path", "derived"):
        if getattr(relation, word):
            return f"{relation.to} {word} {getattr(relation, word)}"
    return f"{relation.to} {'every one in the ' + relation.within if relation.every else ''}"
