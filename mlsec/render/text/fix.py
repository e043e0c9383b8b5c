"""How to mend a finding, in the text report: by command what runs, by its own code what is code."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.core.assessment import RuleSummary
from mlsec.core.catalogue import Fix
from mlsec.core.finding import Finding, Subject
from mlsec.render.command import fill_command
from mlsec.render.display import shown
from mlsec.render.text.page import Page

_TERRAFORM = (".tf", ".tofu", ".tf.json", ".tofu.json")
_TEMPLATES = (".yaml", ".yml", ".json", ".template")


def fix_lines(
    finding: Finding, rule: RuleSummary, explained: set[str], page: Page
) -> Iterator[str]:
    """Explain a rule's fix at its first finding; a command is each resource's own.

    What code declares is mended in the code: a command would be undone by the next apply.
    """
    subject = finding.resource
    fix = rule.fix.on(subject.provider)
    is_first = f"{rule.id} {fix.text}" not in explained
    if is_first:
        explained.add(f"{rule.id} {fix.text}")
        yield from page.wrap(f"fix: {shown(fix.text)}", "   = ", "     ")
    if subject.is_in_code:
        if is_first:
            yield from _lines(in_its_language(subject, fix), "     ")
    elif fix.cli:
        if fix.replaces and fix.keep:
            yield from page.wrap(f"replaces: {shown(fix.replaces)}", "   = ", "     ")
            yield from _lines(fill_command(fix.keep, finding), "   $ ")
        yield from _lines(fill_command(fix.cli, finding), "   $ ")


def in_its_language(subject: Subject, fix: Fix) -> str:
    """Give what to write in the code, "" where the rule has nothing in its language."""
    name = subject.file.lower()
    if name.endswith(_TERRAFORM):
        return fix.terraform
    if name.endswith(_TEMPLATES) and subject.provider == "aws":
        return fix.cloudformation
    return fix.config or ""


def _lines(text: str, head: str) -> Iterator[str]:
    for number, line in enumerate(text.strip().splitlines()):
        yield f"{'     ' if number else head}{shown(line)}"
