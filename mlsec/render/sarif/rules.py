"""SARIF rule descriptors and the taxonomies that they relate to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from mlsec.core.assessment import RuleSummary
from mlsec.core.enums import Category, Relation, RuleStatus, Severity
from mlsec.render.command import generic_command
from mlsec.render.display import shown
from mlsec.render.help_links import rule_address
from mlsec.render.links import is_link
from mlsec.render.markup import fenced, markdown_text

# Numbers of the code-scanning convention: above 9.0 critical, 7 high, 4 medium, else low.
SECURITY_SEVERITY = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.INFO: "0.5",
}
LEVEL = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
_PRECISION = {
    RuleStatus.STABLE: "very-high",
    RuleStatus.EXPERIMENTAL: "medium",
    RuleStatus.DEPRECATED: "low",
}
# The weakness that holds every rule of the category; a rule's own cwe/ control says more.
_WEAKNESS = {
    Category.ENCRYPTION: "CWE-311",
    Category.EXPOSURE: "CWE-668",
    Category.ACCESS: "CWE-284",
    Category.LOGGING: "CWE-778",
    Category.SUPPLY_CHAIN: "CWE-829",
}
_OWN = "mlsec"


def alert_id(rule_id: str, severity: Severity, usual: Mapping[str, Severity]) -> str:
    """Name the rule of a result; ``usual`` is the severity of each rule.

    Code hosts take the severity of an alert from its rule, never from the result: a finding of
    another severity than its rule's has a rule of its own there.
    """
    own = usual.get(rule_id, severity)
    return shown(rule_id if own is severity else f"{rule_id}/{severity.value}")


def rule_descriptor(
    rule: RuleSummary, severity: Severity, provider: str, help_base: str
) -> dict[str, Any]:
    """Describe a rule as code-scanning services show it, with its fix on the run's provider.

    ``severity`` is that of the results; see ``alert_id`` where it is not the rule's own.
    ``help_base`` is the address that the documentation is published below, or "".
    """
    ident = alert_id(rule.id, severity, {rule.id: rule.severity})
    rule = msgspec.structs.replace(rule, fix=rule.fix.on(provider))
    title = _line(rule.title, 1000) or rule.id
    address = rule_address(help_base, rule.id, rule.references)
    return {
        "id": ident,
        "name": _pascal(ident),
        "shortDescription": {"text": title},
        "fullDescription": {"text": shown(rule.why, 1000) or title},
        "help": {"text": _help_text(rule), "markdown": _help_markdown(rule, address)},
        **({"helpUri": address} if address else {}),
        "defaultConfiguration": {"level": LEVEL[severity]},
        "properties": {
            "tags": _tags(rule),
            "security-severity": SECURITY_SEVERITY[severity],
            "precision": _PRECISION[rule.status],
            "mlsec/rule": shown(rule.id),
            "mlsec/severity": severity.value,
            "mlsec/resourceType": shown(rule.resource),
        },
        "relationships": [
            {"target": {"id": taxon, "toolComponent": {"name": taxonomy}}, "kinds": [kind]}
            for taxonomy, taxon, kind in _related(rule)
        ],
    }


def taxonomies(rules: Sequence[RuleSummary]) -> list[dict[str, Any]]:
    """List each taxonomy with the taxa that these rules relate to, sorted."""
    taxa: dict[str, set[str]] = {}
    for rule in rules:
        for taxonomy, taxon, _ in _related(rule):
            taxa.setdefault(taxonomy, set()).add(taxon)
    return [
        {
            "name": taxonomy,
            "version": "1",
            "organization": _OWN if taxonomy == _OWN else taxonomy,
            "shortDescription": {"text": f"Entries of {taxonomy} that the rules relate to."},
            "isComprehensive": False,
            "taxa": [{"id": taxon, "name": taxon} for taxon in sorted(ids)],
        }
        for taxonomy, ids in sorted(taxa.items())
    ]


# From our rule to the control: what a rule tests lies within what the control asks for.
_KINDS = {
    Relation.EQUAL: "equal",
    Relation.SUBSET: "superset",
    Relation.INTERSECTS: "relevant",
}


def _related(rule: RuleSummary) -> list[tuple[str, str, str]]:
    """Give (taxonomy, taxon, kind): our category, a weakness, each control."""
    related = {(_OWN, rule.category.value, "superset")}
    for link in rule.controls:
        taxonomy, _, taxon = link.id.partition("/")
        if taxonomy and taxon:
            name = "CWE" if taxonomy.lower() == "cwe" else shown(taxonomy)
            related.add((name, shown(taxon), _KINDS[link.relation]))
    weakness = _WEAKNESS.get(rule.category)
    if weakness and not any(taxonomy == "CWE" for taxonomy, _, _ in related):
        related.add(("CWE", weakness, "superset"))
    return sorted(related)


def _tags(rule: RuleSummary) -> list[str]:
    cwe = sorted(taxon for taxonomy, taxon, _ in _related(rule) if taxonomy == "CWE")
    tags = [f"external/cwe/{item.lower()}" for item in cwe[:3]]
    return [
        "security",
        "machine-learning",
        rule.category.value,
        f"concern/{rule.concern.value}",
        *tags,
    ]


def _help_text(rule: RuleSummary) -> str:
    parts = [
        shown(rule.why),
        f"Fix: {shown(rule.fix.text)}",
        f"Details: mlsec rules show {rule.id}",
    ]
    return "\n\n".join(part for part in parts if part.strip())


def _help_markdown(rule: RuleSummary, address: str) -> str:
    parts = [markdown_text(rule.why), f"**Fix.** {markdown_text(rule.fix.text)}"]
    if rule.fix.replaces and rule.fix.keep:
        parts.append(f"The command replaces: {markdown_text(rule.fix.replaces)}")
        parts.append(fenced(generic_command(rule.fix.keep), "sh"))
    if rule.fix.cli:
        parts.append(fenced(generic_command(rule.fix.cli), "sh"))
    if rule.fix.config:
        parts.append(fenced(rule.fix.config, "yaml"))
    if rule.fix.terraform:
        parts.append(fenced(rule.fix.terraform, "hcl"))
    parts.append("More about this rule:\n\n" + fenced(f"mlsec rules show {rule.id}", "sh"))
    links = dict.fromkeys(link for link in (address, *rule.references) if is_link(link))
    if links:
        parts.append("\n".join(f"- <{link}>" for link in links))
    return "\n\n".join(part for part in parts if part.strip())


def _pascal(rule_id: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", rule_id))[
        :255
    ]


def _line(text: str, limit_chars: int) -> str:
    return " ".join(shown(text.strip(), limit_chars).split())
