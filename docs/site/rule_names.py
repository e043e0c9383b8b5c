"""What a rule is called in the site: its page, its group, and how its severity is shown."""

from __future__ import annotations

from mlsec.core.enums import Severity
from mlsec.engine.model.rule import Rule

# The folders below rules/: what each is about.
GROUPS = {
    "aws": "AWS",
    "azure": "Azure",
    "gcp": "Google Cloud",
    "kubernetes": "Kubernetes",
    "any": "Every provider",
    "serving": "Settings of model servers",
    "probe": "Running servers",
    "files": "Model files",
    "code": "Repository files",
}


def rule_path(rule_id: str) -> str:
    """Give the page's path in the site, without its ending."""
    return f"rules/{rule_id}"


def group_of(rule: Rule) -> str:
    """Give the folder below rules/ that the rule's file lies in."""
    return rule.place.rpartition("/rules/")[2].partition("/")[0]


def severity_badge(severity: Severity) -> str:
    """Give a severity as HTML; the word says it, the colour repeats it."""
    return f'<span class="severity severity-{severity.value}">{severity.value}</span>'
