"""Write the sources of the documentation site: ``python -m docs.site.build FOLDER``."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from docs.census import census
from docs.concepts import concepts_page
from docs.frameworks import frameworks_page
from docs.generate import ROOT
from docs.incidents import incidents_page
from docs.operations import POLICY_FILES, operations_page
from docs.severity import severity_page
from docs.site.cli_page import cli_page
from docs.site.iac_page import iac_page
from docs.site.rule_index import index_pages
from docs.site.rule_names import rule_path
from docs.site.rule_page import rule_page
from docs.site.vocabulary_page import type_page, type_path, vocabulary_index
from mlsec.cli.parser import build_parser
from mlsec.core.content_paths import content_folder
from mlsec.engine.model.rule import RuleSet
from mlsec.engine.rules.load import load_content

_DOCS = ROOT / "docs"
# What GitHub shows from the root of the repository is a page of the site as well.
_FROM_ROOT = {"CHANGELOG.md": "changelog.md", "SECURITY.md": "security.md"}


def generated_pages(ruleset: RuleSet) -> Iterator[tuple[str, str]]:
    """Yield every page that is made and not written by hand: path in the site, Markdown."""
    for rule in ruleset.rules:
        yield f"{rule_path(rule.id)}.md", rule_page(rule, ruleset)
    yield from index_pages(ruleset).items()
    vocabulary = ruleset.vocabulary
    for owner in vocabulary.types.values():
        yield f"{type_path(owner.name)}.md", type_page(vocabulary, owner)
    yield "vocabulary.md", vocabulary_index(vocabulary)
    yield "cli.md", cli_page(build_parser())
    yield "concepts.md", concepts_page(vocabulary)
    yield "infrastructure-code.md", iac_page(vocabulary)
    yield "operations.md", operations_page()
    yield "severity.md", severity_page(ruleset)
    yield "frameworks.md", frameworks_page(ruleset)
    yield "census.md", census(ruleset.rules)
    yield "incidents.md", incidents_page()


def write_sources(folder: Path) -> int:
    """Write all pages and the generator's settings into ``folder``; give the number of pages."""
    shutil.rmtree(folder, ignore_errors=True)
    pages = folder / "docs"
    pages.mkdir(parents=True)
    for path in sorted(_DOCS.glob("*.md")):
        shutil.copyfile(path, pages / path.name)
    for name, target in _FROM_ROOT.items():
        text = (ROOT / name).read_text("utf-8").replace("](docs/", "](")
        (pages / target).write_text(text, "utf-8")
    for name in (*POLICY_FILES.values(), "docs/assessment.schema.json", "docs/config.schema.json"):
        shutil.copyfile(ROOT / name, pages / Path(name).name)
    shutil.copytree(_DOCS / "ci", pages / "ci")
    shutil.copytree(_DOCS / "images", pages / "images")
    shutil.copytree(_DOCS / "site" / "assets", pages / "assets")
    for path, content in generated_pages(load_content(content_folder("rules"))):
        (pages / path).parent.mkdir(parents=True, exist_ok=True)
        (pages / path).write_text(content, "utf-8")
    settings = (_DOCS / "site" / "zensical.toml").read_text("utf-8")
    (folder / "zensical.toml").write_text(settings, "utf-8")
    return len([*pages.rglob("*.md")])


def main() -> int:
    """Write the sources into the folder named on the command line."""
    count = write_sources(Path(sys.argv[1]))
    sys.stdout.write(f"{count} pages in {sys.argv[1]}{os.sep}docs\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
