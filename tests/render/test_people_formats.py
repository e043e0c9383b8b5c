"""Text, Markdown and HTML: honest about coverage, harmless with hostile names, bounded in size."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import hostile
import msgspec
import pytest
import samples
from test_machine_formats import ROOT, checker, rendered

from mlsec.core.assessment import Assessment
from mlsec.core.catalogue import Fix
from mlsec.core.coverage import LeftOut, TypeCoverage, coverage_of
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason, Severity, Status
from mlsec.core.finding import Evidence
from mlsec.core.resource import Gap
from mlsec.core.sanitize import visible
from mlsec.render import RenderSettings, tally
from mlsec.render.attack_story import story_of
from mlsec.render.causes import open_causes
from mlsec.render.display import actual_text, telling
from mlsec.render.html.path_layout import draw
from mlsec.render.text.text import render_text
from mlsec.render.wording import Wording
from tests.browser_checks import command_and_environment

PAGES: dict[str, Callable[[], Assessment]] = {
    "rich": samples.rich,
    "empty": samples.empty,
    "clean": samples.clean,
    "unread": samples.unread,
    "hostile": hostile.hostile,
    "100,000 findings": lambda: samples.huge(100_000, scopes=4),
}
BANNER = re.compile(r'<div class="banner (\w+)">')


def test_last_line_counts_everything_the_unread_too() -> None:
    last = rendered("text", samples.rich()).decode().splitlines()[-1]
    assert last == (
        "9 fail, 8 pass, 2 not assessed (1 denied, 1 timed out), 1 waived; "
        "90% of 20 checks assessed"
    )


def test_check_that_several_refusals_hide_is_counted_once() -> None:
    whole = samples.rich()
    denied = next(gap for gap in whole.gaps if gap.missing_right)
    twin = msgspec.structs.replace(denied, id=f"{denied.id}-twin", subject="elsewhere")
    findings = tuple(
        msgspec.structs.replace(one, gaps=(*one.gaps, twin.id)) if denied.id in one.gaps else one
        for one in whole.findings
    )
    doubled = msgspec.structs.replace(whole, findings=findings, gaps=(*whole.gaps, twin))

    def counted(assessment: Assessment) -> int:
        return next(g.checks for g in tally.gap_groups(assessment) if denied in g.gaps)

    assert counted(doubled) == counted(whole) > 0


def in_code(wanted: str, detail: str) -> Gap:
    return make_gap(
        scope="code/infra",
        subject=wanted,
        wanted=wanted,
        reason=GapReason.UNRESOLVED,
        detail=detail,
    )


def test_values_in_code_are_one_group_that_says_why() -> None:
    whole = samples.rich()
    gaps = (
        in_code("image", "var.image has no default"),
        in_code("user", "known after apply"),
        in_code("key", "known after apply"),
    )
    coverage = (
        TypeCoverage(type="code.file", scope="code/infra", region="", enumerated=3, assessed=3),
    )
    told = msgspec.structs.replace(whole, gaps=gaps, coverage=coverage_of(coverage))
    text = " ".join(rendered("text", told).decode().split())
    assert text.count("not assessed[") == 1
    assert "= known after apply (2) = var.image has no default (1)" in text
    assert "3 code files = 3 read + 0 not wholly read" in text
    assert "known after apply (2); var.image has no default (1)" in rendered("html", told).decode()


def test_what_code_declares_is_mended_in_the_code_and_not_by_a_command() -> None:
    whole = samples.small()
    live = next(one for one in whole.findings if one.rule == "sagemaker/notebook-direct-internet")
    subject = msgspec.structs.replace(live.resource, file="infra/main.tf", line=7)
    code = msgspec.structs.replace(live, resource=subject)
    rules = tuple(
        msgspec.structs.replace(one, fix=Fix(text="Mend it.", cli="aws mend", terraform="x = 1"))
        for one in whole.rules
    )
    told = {
        where: rendered("text", msgspec.structs.replace(whole, rules=rules, findings=(one,)))
        for where, one in (("live", live), ("code", code))
    }
    assert (b"$ aws mend" in told["live"], b"x = 1" in told["live"]) == (True, False)
    assert (b"$ aws mend" in told["code"], b"x = 1" in told["code"]) == (False, True)


def on_two_clouds() -> Assessment:
    """One failure of one rule on each of two clouds, which mend it differently."""
    whole = samples.small()
    first = next(one for one in whole.findings if one.rule == "sagemaker/notebook-direct-internet")
    rule = next(one for one in whole.rules if one.id == first.rule)
    parts = {"azure": Fix(text="Mend it there.", cli="az mend --name {name}")}
    found = [
        msgspec.structs.replace(
            first,
            resource=msgspec.structs.replace(
                first.resource, provider=cloud, scope=f"{cloud}/1", id=f"{cloud}-id", name=cloud
            ),
        )
        for cloud in ("aws", "azure")
    ]
    return msgspec.structs.replace(
        whole,
        findings=tuple(found),
        rules=(
            msgspec.structs.replace(rule, fix=msgspec.structs.replace(rule.fix, by_provider=parts)),
        ),
    )


def test_each_finding_is_mended_as_its_own_cloud_wants_it() -> None:
    text = rendered("text", on_two_clouds()).decode()
    here, there = text[text.index("aws-id") :].split("azure-id")
    assert "Put it in a subnet" in here
    assert "aws sagemaker stop-notebook-instance --notebook-instance-name aws" in here
    assert "Mend it there." in there
    assert "az mend --name azure" in there
    assert "stop-notebook" not in there


def test_sarif_run_of_a_cloud_describes_its_own_fix() -> None:
    runs = json.loads(rendered("sarif", on_two_clouds()))["runs"]
    helps = {
        run["automationDetails"]["id"].split("/")[1]: run["tool"]["driver"]["rules"][0]["help"]
        for run in runs
        if run["results"]
    }
    assert "az mend" in helps["azure"]["markdown"]
    assert "az mend" not in helps["aws"]["markdown"]
    assert "stop-notebook-instance" in helps["aws"]["markdown"]


def test_item_that_should_not_be_there_is_told_in_its_own_words() -> None:
    item = {"kind": ("ne", "call"), "danger": ("not_in", ["high"]), "what": ("exists", False)}
    evidence = [
        Evidence(path=f"facts[1].{name}", operator=operator, expected=expected, actual=f"a {name}")
        for name, (operator, expected) in item.items()
    ]
    assert [actual_text(one) for one in telling(evidence)] == ["a what"]


def test_minor_failures_of_one_rule_are_told_together() -> None:
    assessment = samples.rich()
    (first, *_) = (one for one in assessment.findings if one.status is Status.FAIL)
    many = tuple(
        msgspec.structs.replace(
            first,
            severity=Severity.INFO,
            waiver=None,
            fingerprint=f"{n:032x}",
            resource=msgspec.structs.replace(first.resource, id=f"model-{n}"),
        )
        for n in range(9)
    )
    text = rendered("text", msgspec.structs.replace(assessment, findings=many)).decode()
    assert text.count(f"fail[{first.rule}]") == 1
    assert "the same fix for model-1, model-2, model-3 and 5 more" in " ".join(text.split())


def test_what_to_do_first_leads_to_the_findings_that_it_counts() -> None:
    whole = samples.rich()
    page = rendered("html", whole).decode()
    for view in open_causes(whole)[:3]:
        assert f'href="#cause={view.cause.id}&amp;status=0"' in page


def test_text_is_plain_unless_colour_is_asked_for() -> None:
    assert b"\x1b" not in rendered("text", samples.rich())
    assert b"\x1b[" in rendered("text", samples.rich(), RenderSettings(has_colour=True))


@pytest.mark.parametrize("name", ["text", "markdown", "html"])
def test_hostile_names_are_shown_as_escapes(name: str) -> None:
    text = rendered(name, hostile.hostile()).decode()
    lines = [line for line in text.split("\n") if not line.startswith("<script")]
    outside_script = "\n".join(lines) if name != "html" else text.split("<script>")[0]
    for line in outside_script.split("\n"):
        assert visible(line) == line


def test_markdown_of_hostile_names_stays_short_and_without_html() -> None:
    text = rendered("markdown", hostile.hostile()).decode()
    outside_code = re.sub(r"(?s)(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    assert len(text) < 60_000
    assert re.findall(r"<(?!!-- -->|/?sub>)", outside_code) == []
    assert not re.search(r"(?<!\\)\]\(", outside_code)


def test_command_is_filled_and_quoted_for_the_shell() -> None:
    text = rendered("text", hostile.hostile()).decode()
    assert """--notebook-instance-name 'it'"'"'s "quoted" \\ back'""" in text
    assert """--role-name '=HYPERLINK("https://evil.example","x")'""" in text
    assert "--bucket %zz%00%" in text


@pytest.mark.parametrize(
    ("sample", "state"),
    [
        (samples.empty, "nothing"),
        (samples.unread, "nothing"),
        (samples.rich, "partial"),
        (samples.clean, "complete"),
    ],
)
def test_page_calls_itself_complete_only_when_all_was_assessed(
    sample: Callable[[], Assessment], state: str
) -> None:
    assert BANNER.findall(rendered("html", sample()).decode()) == [state]


def test_shell_of_the_page_is_small() -> None:
    folders = (ROOT / "reports" / "style", ROOT / "reports" / "script")
    assert sum(file.stat().st_size for folder in folders for file in folder.iterdir()) <= 120_000


def test_page_with_100_000_findings_is_at_most_8_mb() -> None:
    assert len(rendered("html", samples.huge(100_000, scopes=4))) <= 8_000_000


def test_page_never_says_compliant() -> None:
    page = rendered("html", samples.rich()).decode().lower()
    assert "compliant" not in page
    assert "supported" not in page.replace("not supported", "")
    assert "evidence against" in page
    assert "evidence for the tested part" in page


def test_page_counts_every_control_of_a_framework_and_lists_those_with_something_to_tell() -> None:
    page = rendered("html", samples.rich()).decode()
    section = page.partition('<section id="controls"')[2].partition("</section>")[0]
    assert "4 of 1,007 have evidence" in section
    assert "906 manual" in section
    assert "s3/training-bucket-public (1 of 6 failed, 1 of 6 not assessed)" in section
    assert "Needed too, and not tested here: activity-alarm" in section


def test_path_in_a_circle_is_drawn_from_the_attacker_to_the_harm() -> None:
    whole = samples.rich()
    finding = next(one for one in whole.findings if one.path)
    story = story_of(finding, None, whole.catalogue, Wording(whole.catalogue))
    drawing = draw(story)
    assert [story.nodes[0].part, story.nodes[-1].part] == ["attacker", "harm"]
    tops = [box.y for box in drawing.boxes]
    assert tops == sorted(tops)
    assert len(drawing.arrows) == len(story.edges)
    assert all(box.y + box.height <= drawing.height for box in drawing.boxes)


@pytest.mark.browser
@pytest.mark.parametrize("name", PAGES)
def test_page_passes_the_strict_browser_check(name: str, tmp_path: Path) -> None:
    check = checker("MLSEC_CHECK_HTML", "check_report_html.mjs")
    command, environment = command_and_environment(check)
    page = tmp_path / "report.html"
    page.write_bytes(rendered("html", PAGES[name]()))
    done = subprocess.run(  # noqa: S603 - our own checker
        [*command, page, "--strict", "--max-nodes", "3000"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_brief_text_says_what_to_do_first_and_still_counts_what_was_not_read() -> None:
    whole = rendered("text", samples.rich()).decode()
    brief = b"".join(render_text(samples.rich(), RenderSettings(is_brief=True))).decode()
    assert "\ndo first (of 9 causes, 4 critical or high)\n  1. critical" in brief
    assert "-->" in whole
    assert brief.splitlines()[-1] == whole.splitlines()[-1]
    assert len(brief.splitlines()) < len(whole.splitlines())


def test_page_does_not_claim_everything_where_something_was_left_out() -> None:
    clean = samples.clean()
    (row, *rest) = clean.coverage.rows
    left_out = msgspec.structs.replace(row, enumerated=row.enumerated + 3, excluded=3)
    page = rendered(
        "html", msgspec.structs.replace(clean, coverage=coverage_of((left_out, *rest)))
    ).decode()
    assert "3 excluded, no sampling" in page
    assert "All resources were assessed" not in page


def test_files_that_were_left_out_are_named_and_the_rest_counted() -> None:
    clean = samples.clean()
    (row, *rest) = clean.coverage.rows
    files = tuple(f"src/{number}.js" for number in range(5))
    left_out = msgspec.structs.replace(row, left_out=(LeftOut(because="text", names=files),))
    assessment = msgspec.structs.replace(clean, coverage=coverage_of((left_out, *rest)))
    said = "src/0.js, src/1.js, src/2.js and 2 more, all in assessment.json"
    for name in ("text", "html"):
        assert said in " ".join(rendered(name, assessment).decode().split())
