"""Documents for people name what there is: formats, rules, commands, reasons and files."""

from __future__ import annotations

import ast
import functools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from docs.site.build import generated_pages
from mlsec.artifacts.facts import Format
from mlsec.cli import exits
from mlsec.cli.parser import build_parser
from mlsec.core.enums import GapReason
from tests.loops import for_each
from tests.shipped import shipped_rules

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
AT_ROOT = tuple(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))
PAGES = (*sorted(DOCS.glob("*.md")), *AT_ROOT, ROOT / "CHANGELOG.md")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
_LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]+)?\)")


@for_each("format_", [f for f in Format if f is not Format.UNKNOWN])
def test_every_format_is_in_the_page_about_model_files(format_: Format) -> None:
    table = (DOCS / "model-files.md").read_text("utf-8").partition("## Formats")[2]
    assert format_.value in table


def commands() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for language, block in _FENCE.findall(page.read_text("utf-8")):
            for line in block.splitlines() if language == "sh" else ():
                command = line.removeprefix(".venv/bin/").strip()
                if re.match(r"mlsec \S", command):
                    yield page.name, command


@for_each(("page", "command"), sorted(set(commands())))
def test_every_command_in_a_document_is_one_that_the_parser_takes(page: str, command: str) -> None:
    words = shlex.split(command, comments=True)
    until = next((n for n, word in enumerate(words) if word in (">", "|", ">>")), len(words))
    assert build_parser().parse_args(words[1:until])


def test_every_rule_that_a_document_names_exists() -> None:
    ruleset = shipped_rules()
    known = {rule.id for rule in ruleset.rules}
    services = {rule.partition("/")[0] for rule in known}
    named = {
        (page.name, name)
        for page in PAGES
        if page.name != "CONTRIBUTING.md"  # its examples are rules to be written
        for name in re.findall(r"\b([a-z0-9-]+/[a-z0-9-]+)\b", page.read_text("utf-8"))
        if name.partition("/")[0] in services
    }
    severities = ("critical", "high", "medium", "low", "info")
    unknown = {
        (page, name)
        for page, name in named
        if name not in known and name.rpartition("/")[2] not in severities
    }
    assert named
    assert unknown == set()


def test_every_link_between_files_of_the_repository_leads_to_one() -> None:
    generated = {f"{DOCS}/{path}" for path, _ in generated_pages(shipped_rules())}
    generated |= {f"{DOCS}/changelog.md", f"{DOCS}/security.md"}
    broken = [
        (page.name, target)
        for page in PAGES
        for target, _ in _LINK.findall(page.read_text("utf-8"))
        if "://" not in target
        and not (page.parent / target).exists()
        and not (page.parent == DOCS and f"{DOCS}/{target}" in generated)
    ]
    assert broken == []


@functools.cache
def sentences() -> str:
    """All texts of the product, formatted values left out."""
    texts = []
    for path in sorted((ROOT / "mlsec").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (part.value for part in node.values if isinstance(part, ast.Constant))
                texts.append("...".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
    return "\n".join(texts)


@pytest.mark.parametrize("page", ["azure.md", "gcp.md"])
def test_every_message_that_a_page_explains_is_one_that_mlsec_gives(page: str) -> None:
    section = (DOCS / page).read_text("utf-8").partition("\n## Messages\n")[2].partition("\n## ")[0]
    messages = re.findall(r"^\| (?!The report says|---)(.+?) \|", section, re.M)
    assert messages
    for message in messages:
        for part in filter(None, (part.strip() for part in message.split("..."))):
            assert part in sentences(), message


def test_troubleshooting_has_every_reason_and_every_exit_code() -> None:
    text = (DOCS / "troubleshooting.md").read_text("utf-8")
    headings = set(re.findall(r"^### (\w+)$", text, re.M))
    assert {reason.value for reason in GapReason} <= headings
    codes = {
        value for name, value in vars(exits).items() if name.isupper() and isinstance(value, int)
    }
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.M)}
    assert codes - listed == {exits.BROKEN_PIPE}


def test_changelog_is_short_and_says_what_the_product_does() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    entries = re.findall(r"^- (.+)$", text, re.M)
    assert 10 <= len(entries) <= 40
    for entry in entries:
        assert len(re.findall(r"[.!?](?=\s|$)", entry)) <= 2, entry
        assert len(entry) <= 320, entry
    assert re.search(r"^## \[Unreleased\]$", text, re.M)


def test_readme_is_short_and_shows_the_report() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(text.splitlines()) <= 120
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert pictures == ["docs/images/report.webp"]
    assert (ROOT / pictures[0]).stat().st_size < 200_000


def test_readme_shows_a_rule_that_ships() -> None:
    block = next(
        block
        for language, block in _FENCE.findall((ROOT / "README.md").read_text("utf-8"))
        if language == "yaml"
    )
    shown = yaml.safe_load(block)
    shipped = [
        yaml.safe_load(Path(rule.place.rpartition(":")[0]).read_text("utf-8"))
        for rule in shipped_rules().rules
        if rule.id.startswith("paths/")
    ]
    assert shown in [{key: rule[key] for key in shown} for rule in shipped]


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md"])
def test_number_of_rules_is_the_real_one(page: str) -> None:
    numbers = re.findall(r"([\d,]+) rules (?:in|written in) YAML", (ROOT / page).read_text("utf-8"))
    assert numbers == [f"{len(shipped_rules().rules):,}"]
