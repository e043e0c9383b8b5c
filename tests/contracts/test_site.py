"""The documentation site: its pages say what the rules, the vocabulary and the parser say."""

from __future__ import annotations

import argparse
import functools
import re
from pathlib import Path

import msgspec
import pytest

from docs.site.build import generated_pages
from docs.site.check import problems
from docs.site.cli_page import cli_page
from docs.site.code_paths import code_paths
from docs.site.evidence import evidence_of
from docs.site.markup import code, fence, table, text
from docs.site.rule_names import rule_path
from docs.site.rule_page import rule_page
from docs.site.sources import sources_of
from mlsec.cli.parser import build_parser, walk
from mlsec.engine.model.rule import Rule
from tests.shipped import shipped_rules, shipped_vocabulary

HOSTILE = "<script>alert(1)</script> [x](javascript:alert(1)) `a` | b *c* {: .d } # e\n## f"


@functools.cache
def pages() -> dict[str, str]:
    return dict(generated_pages(shipped_rules()))


def rule(rule_id: str) -> Rule:
    shipped = shipped_rules().by_id(rule_id)
    assert shipped is not None
    return shipped


def test_every_rule_and_type_has_a_page() -> None:
    assert {f"{rule_path(rule.id)}.md" for rule in shipped_rules().rules} <= pages().keys()
    assert {f"vocabulary/{name}.md" for name in shipped_vocabulary().types} <= pages().keys()


@pytest.mark.parametrize(
    "heading",
    ["Why it matters", "Before and after", "How to fix it", "What is checked", "Evidence",
     "When it is not assessed", "References"],
)  # fmt: skip
def test_every_page_of_a_rule_has_the_section(heading: str) -> None:
    lacking = [
        rule.id
        for rule in shipped_rules().rules
        if f"\n## {heading}" not in pages()[f"rules/{rule.id}.md"]
    ]
    assert lacking == []


def test_every_page_of_a_rule_has_an_example_before_and_after() -> None:
    for rule in shipped_rules().rules:
        page = pages()[f"rules/{rule.id}.md"]
        assert 'title="Before: the rule fails"' in page, rule.id
        assert 'title="After: the rule passes"' in page, rule.id


def test_every_equivalent_can_be_found_by_its_id() -> None:
    for rule in shipped_rules().rules:
        page = pages()[f"rules/{rule.id}.md"]
        for name in rule.equivalents:
            assert code(name.partition(":")[2]) in page, (rule.id, name)


def test_indexes_list_every_rule_once() -> None:
    listed = [
        target
        for path, page in pages().items()
        if re.fullmatch(r"rules/\w+\.md", path) and path != "rules/index.md"
        for target in re.findall(r"\]\(([^)]+)\.md\) \|", page)
    ]
    assert sorted(listed) == sorted(rule.id for rule in shipped_rules().rules)


def test_every_property_that_a_rule_reads_has_a_source() -> None:
    for rule in shipped_rules().rules:
        for item in evidence_of(rule, shipped_vocabulary()):
            assert [*sources_of(shipped_vocabulary(), item.owner, item.wanted)], (
                rule.id,
                item.path,
            )


def test_evidence_names_the_call_its_right_and_the_arguments_in_code() -> None:
    (item,) = evidence_of(rule("sagemaker/notebook-direct-internet"), shipped_vocabulary())
    sources = [*sources_of(shipped_vocabulary(), item.owner, item.wanted)]
    assert [source.title for source in sources] == ["AWS API", "Terraform", "CloudFormation"]
    assert sources[0].right == "sagemaker:DescribeNotebookInstance"
    assert [
        (path.declared, path.argument)
        for path in code_paths(shipped_vocabulary(), item.owner, item.wanted)
    ] == [
        ("aws_sagemaker_notebook_instance", "direct_internet_access"),
        ("AWS::SageMaker::NotebookInstance", "DirectInternetAccess"),
    ]


def test_evidence_of_a_derived_property_has_its_inputs() -> None:
    names = [
        item.wanted.name
        for item in evidence_of(rule("s3/bucket-public-read"), shipped_vocabulary())
    ]
    assert names[0] == "is_public_read"
    assert {"policy", "acl"} <= set(names)


def test_evidence_of_a_path_is_read_on_every_type_along_it() -> None:
    evidence = evidence_of(
        rule("paths/public-endpoint-weights-externally-writable"), shipped_vocabulary()
    )
    owners = {item.owner.name for item in evidence}
    assert {"aws.s3.bucket", "azure.storage.container", "gcp.storage.bucket"} <= owners


@pytest.mark.parametrize("writes", [text, code])
def test_foreign_text_is_no_markup(writes) -> None:
    shown = writes(HOSTILE)
    inner = re.sub(r"^<code>|</code>$", "", shown)
    assert not re.search(r"[<>`|*{}\[\]\n]|^#|^-", inner)


def test_foreign_text_in_a_rule_changes_nothing_of_its_page() -> None:
    plain = rule("sagemaker/notebook-direct-internet")
    hostile = msgspec.structs.replace(
        plain, title=HOSTILE, why=HOSTILE, known_exceptions=(HOSTILE,), equivalents=(HOSTILE,)
    )
    headings = [
        re.findall(r"^#+ .*$", rule_page(page, shipped_rules()), re.M) for page in (plain, hostile)
    ]
    assert len(headings[0]) == len(headings[1])
    assert "<script" not in rule_page(hostile, shipped_rules())


def test_fence_is_longer_than_any_in_it() -> None:
    assert fence("a\n````\nb", "sh").startswith("`````sh\n")


def test_table_without_rows_is_nothing() -> None:
    assert table(("a", "b"), []) == []


def test_every_option_of_every_command_is_in_the_reference() -> None:
    page = cli_page(build_parser())
    for parser in walk(build_parser()):
        assert parser.prog == "mlsec" or f" {code(parser.prog)}\n" in page
        for action in parser._actions:
            if not isinstance(action, argparse._HelpAction) and action.help != argparse.SUPPRESS:
                for name in action.option_strings:
                    assert code(name) in page, (parser.prog, name)


def site(folder: Path, **pages: str) -> Path:
    for name, content in pages.items():
        (folder / f"{name}.html").write_text(content, "utf-8")
    return folder


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ('<script src="https://cdn.example/x.js"></script>', "loads https://cdn.example/x.js"),
        ('<script src="//cdn.example/x.js"></script>', "loads //cdn.example/x.js"),
        ('<link rel="stylesheet" href="http://fonts.example/a.css">', "loads http://fonts.example"),
        ('<img src="no.png">', "loads no.png, which is not there"),
        ('<img srcset="https://cdn.example/x.png 2x">', "loads https://cdn.example/x.png"),
        ('<a href="no.html">x</a>', "link to no.html, which is not there"),
        ('<a href="two.html#no">x</a>', "has no such anchor"),
        ('<a href="#no">x</a>', "has no such anchor"),
        ('<a href="/two.html">x</a>', "link to /two.html, which is not there"),
    ],
)
def test_check_reports_what_is_loaded_from_elsewhere_and_what_leads_nowhere(
    page: str, problem: str, tmp_path: Path
) -> None:
    lines = [*problems(site(tmp_path, one=page, two='<h1 id="top">Two</h1>'))]
    assert len(lines) == 1
    assert problem in lines[0]


def test_check_is_content_with_links_inside_and_plain_links_outside(tmp_path: Path) -> None:
    page = '<a href="two.html#top">x</a> <a href="https://docs.example/">y</a> <img src="data:,">'
    (tmp_path / "a.css").write_text("@font-face { src: url(data:font/woff2;base64,) }", "utf-8")
    assert [*problems(site(tmp_path, one=page, two='<h1 id="top">Two</h1>'))] == []


def test_check_reports_a_style_that_loads_a_font(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("@font-face { src: url(https://fonts.example/a) }", "utf-8")
    assert len([*problems(site(tmp_path, one="<p>x</p>"))]) == 1


def test_check_of_an_empty_folder_is_a_problem(tmp_path: Path) -> None:
    assert [*problems(tmp_path)]
