"""The indexes of rules: one page per provider or kind of input, and one for all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from docs.site.markup import code, link, table, text
from docs.site.rule_names import GROUPS, group_of, rule_path, severity_badge
from mlsec.core.enums import Severity
from mlsec.engine.model.rule import Rule, RuleSet

_ABOUT = (
    "Each has a page with the reason, an example before and after, the fix, the evidence it reads,"
    " the controls it supports and its equivalents in other tools. Search by id, by title, or by"
    " the id of another tool's check."
)


def index_pages(ruleset: RuleSet) -> Mapping[str, str]:
    """Give the index of each group and the one over all, by path in the site."""
    groups: dict[str, list[Rule]] = {group: [] for group in GROUPS}
    for rule in ruleset.rules:
        groups[group_of(rule)].append(rule)
    pages = {f"rules/{group}.md": _group_page(group, rules) for group, rules in groups.items()}
    pages["rules/index.md"] = _overview(groups)
    return pages


def _overview(groups: Mapping[str, Sequence[Rule]]) -> str:
    rows = []
    for group, rules in groups.items():
        counts = Counter(rule.severity for rule in rules)
        cells = [str(counts[severity] or "") for severity in Severity]
        rows.append((link(GROUPS[group], f"{group}.md"), str(len(rules)), *cells))
    total = sum(map(len, groups.values()))
    head = ("Rules for", "All", *(severity.value for severity in Severity))
    lines = [
        "# Rules",
        "",
        f"{total:,} rules. {_ABOUT}",
        "",
        *table(head, rows),
    ]
    return "\n".join(lines)


def _group_page(group: str, rules: Sequence[Rule]) -> str:
    lines = ["---", f'title: "Rules: {GROUPS[group]}"', "---", f"# {GROUPS[group]}", ""]
    lines += [f"{len(rules)} rules.", ""]
    by_service: dict[str, list[Rule]] = {}
    for rule in rules:
        by_service.setdefault(rule.id.partition("/")[0], []).append(rule)
    for service, own in sorted(by_service.items()):
        rows = [_row(rule) for rule in own]
        lines += [f"## {code(service)}", "", *table(("Rule", "What is wrong", "Severity"), rows)]
    return "\n".join(lines)


def _row(rule: Rule) -> tuple[str, ...]:
    page = rule_path(rule.id).removeprefix("rules/")
    return (link(code(rule.id), f"{page}.md"), text(rule.title), severity_badge(rule.severity))
