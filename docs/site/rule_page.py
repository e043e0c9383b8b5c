"""The page of one rule: why, before and after, fix, evidence, frameworks, equivalents."""

from __future__ import annotations

from collections.abc import Iterator

from docs.site.evidence import Evidence, evidence_of, types_judged
from docs.site.markup import code, fence, link, table, tabs, text
from docs.site.rule_examples import before_and_after
from docs.site.rule_names import GROUPS, group_of, severity_badge
from docs.site.sources import sources_of
from docs.site.vocabulary_page import shown_absent, type_link
from mlsec.core.catalogue import ControlLink, Fix
from mlsec.engine.model.rule import Rule, RuleSet
from mlsec.engine.testing.mutate import describe
from mlsec.render.command import generic_command
from mlsec.render.links import is_link

_TOP = "../../"
_CLOUDS = {
    "aws": "AWS",
    "azure": "Azure",
    "gcp": "Google Cloud",
    "kubernetes": "Kubernetes",
    "serving": "Model servers",
}
_COMMANDS = ("cli", "keep")
_SNIPPETS = {
    "keep": ("Keep what is there", "sh"),
    "cli": ("Command line", "sh"),
    "terraform": ("Terraform", "hcl"),
    "cloudformation": ("CloudFormation", "yaml"),
    "config": ("Configuration", "yaml"),
}


def rule_page(rule: Rule, ruleset: RuleSet) -> str:
    """Give the page as Markdown."""
    evidence = evidence_of(rule, ruleset.vocabulary)
    group = group_of(rule)
    lines = [
        f"{link('Rules', '../index.md')} / {link(GROUPS[group], f'../{group}.md')}",
        "",
        f"# {text(rule.title)}",
        "",
        *_facts(rule, ruleset),
        "## Why it matters",
        "",
        text(rule.why),
        "",
        "## Before and after",
        "",
        *before_and_after(rule),
        "## How to fix it",
        "",
        *_fix(rule.fix),
        "## What is checked { data-search-exclude }",
        "",
        *_check(rule),
        "## Evidence { data-search-exclude }",
        "",
        *_evidence(evidence, ruleset),
        "## When it is not assessed { data-search-exclude }",
        "",
        *_not_assessed(evidence, ruleset),
        *_known_exceptions(rule),
        *_frameworks(ruleset.frameworks.links(rule.objective, rule.controls), ruleset),
        *_equivalents(rule),
        *_references(rule),
    ]
    return "\n".join(lines) + "\n"


def _facts(rule: Rule, ruleset: RuleSet) -> list[str]:
    severity = severity_badge(rule.severity)
    if rule.graded_by:
        severity += " at most; a finding has the severity of its worst item"
    judged = types_judged(rule, ruleset.vocabulary)
    rows = [
        ("Rule", code(rule.id)),
        ("Severity", severity),
        ("Category", rule.category.value),
        ("Concern", rule.concern.value),
        ("Applies to", ", ".join(type_link(owner.name, _TOP) for owner in judged)),
        ("Status", f"{rule.status.value}, since {rule.since}"),
    ]
    if rule.aliases:
        rows.append(("Earlier ids", ", ".join(code(name) for name in rule.aliases)))
    return table((" ", " "), rows)


def _fix(fix: Fix) -> list[str]:
    lines = [text(fix.text), "", *_snippets(fix)]
    for provider, part in sorted(fix.parts.items()):
        lines += [f"### {_CLOUDS.get(provider, provider)}", ""]
        lines += [text(part.text), ""] if part.text else []
        lines += _snippets(part)
    return lines


def _snippets(fix: Fix) -> list[str]:
    blocks = [
        (title, fence(generic_command(str(words)) if name in _COMMANDS else str(words), language))
        for name, (title, language) in _SNIPPETS.items()
        if (words := getattr(fix, name))
    ]
    lines = tabs(blocks)
    if fix.replaces:
        lines = [f"The command replaces: {text(fix.replaces)}", "", *lines]
    return [*lines, f"Console: {text(fix.console)}", ""] if fix.console else lines


def _check(rule: Rule) -> list[str]:
    lines = []
    if rule.when is not None:
        lines += ["The rule applies when:", "", fence(describe(rule.when), "text"), ""]
    lines += ["It passes when:", "", fence(describe(rule.must), "text"), ""]
    rows = []
    for name, param in sorted(rule.params.items()):
        bounds = f"{param.min} to {param.max}" if param.min is not None else ""
        rows.append((code(name), param.type, code(str(param.default)), bounds, text(param.about)))
    if rows:
        lines += ["Parameters, set with `--params`:", ""]
        lines += table(("Name", "Type", "Default", "Range", "Meaning"), rows)
    return lines


def _evidence(evidence: tuple[Evidence, ...], ruleset: RuleSet) -> list[str]:
    rows = []
    for item in evidence:
        property_name = f"{code(item.wanted.name)} of {type_link(item.owner.name, _TOP)}"
        for source in sources_of(ruleset.vocabulary, item.owner, item.wanted):
            rows.append((property_name, source.title, source.place))
            property_name = ""
        rows.append(("", "If absent", shown_absent(item.wanted)))
    lines = table(("Property", "Source", "Read from"), rows)
    return lines or ["The rule asks whether related resources exist, and reads no property.", ""]


def _not_assessed(evidence: tuple[Evidence, ...], ruleset: RuleSet) -> list[str]:
    state = link("not assessed", f"{_TOP}troubleshooting.md#not-assessed")
    lines = [
        f"When one of these values could not be read and the others do not decide, it is {state}",
        "for that resource, with the reason. It is neither passed nor failed.",
        "",
    ]
    rights = dict.fromkeys(
        source.right
        for item in evidence
        for source in sources_of(ruleset.vocabulary, item.owner, item.wanted)
        if source.right
    )
    if rights:
        lines += ["A scan of an account needs these rights for it:", ""]
        lines += [f"- {code(right)}" for joined in rights for right in joined.split(",")]
        lines.append("")
    return lines


def _known_exceptions(rule: Rule) -> list[str]:
    if not rule.known_exceptions:
        return []
    listed = [f"- {text(words)}" for words in rule.known_exceptions]
    waivers = link("waiver", f"{_TOP}waivers.md")
    return ["## Known exceptions", "", *listed, "", f"Accept such a case with a {waivers}.", ""]


def _frameworks(controls: tuple[ControlLink, ...], ruleset: RuleSet) -> list[str]:
    rows = []
    for control in controls:
        name, _, control_id = control.id.partition("/")
        framework = ruleset.frameworks.frameworks[name]
        title = text(framework.controls[control_id].title)
        relation, because = control.relation.value, text(control.because)
        rows.append((text(framework.title), code(control_id), title, relation, because))
    if not rows:
        return []
    intro = (
        "What this rule tests is the same as what the control asks for (equal), a part of it"
        " (subset), or overlaps with it (intersects). It does not show that a control is met."
    )
    return [
        "## Frameworks { data-search-exclude }",
        "",
        intro,
        "",
        *table(("Framework", "Control", "Title", "Relation", "Because"), rows),
    ]


def _equivalents(rule: Rule) -> list[str]:
    rows = [
        (text(name.partition(":")[0]), code(name.partition(":")[2])) for name in rule.equivalents
    ]
    if not rows:
        return []
    return ["## Equivalents in other tools", "", *table(("Tool", "Check"), rows)]


def _references(rule: Rule) -> Iterator[str]:
    listed = [f"- <{address}>" for address in rule.references if is_link(address)]
    if listed:
        yield from ("## References { data-search-exclude }", "", *listed, "")
