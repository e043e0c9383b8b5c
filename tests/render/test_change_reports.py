"""What changed since the earlier scan, and what failed the gate, in text, markdown and SARIF."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import samples

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Status
from mlsec.engine.assessment.gate import with_gate
from mlsec.history.diff import mark_changes
from mlsec.render import FORMATS, RenderSettings
from mlsec.render.gate_words import gate_lines
from tests.sarif_checks import sarif_problems

PLAIN = RenderSettings()


def compared() -> Assessment:
    """The small scan, of which the baseline has the last failure, and one that passes by now."""
    small = samples.small()
    failures = [f for f in small.findings if f.status is Status.FAIL and f.waiver is None]
    last = failures[-1]
    mended = msgspec.structs.replace(
        last,
        fingerprint="f" * 32,
        resource=msgspec.structs.replace(last.resource, id="mended", name="mended"),
    )
    earlier = msgspec.structs.replace(small.scan, finished_at="2026-11-13T07:59:40Z")
    old = msgspec.structs.replace(small, findings=(last, mended), scan=earlier)
    now = {**small.passed, last.rule: (*small.passed.get(last.rule, ()), "mended")}
    new = msgspec.structs.replace(small, passed=now)
    return with_gate(mark_changes(old, new))


def rendered(name: str, assessment: Assessment) -> str:
    payload = FORMATS[name].render(assessment, PLAIN)
    return (payload if isinstance(payload, bytes) else b"".join(payload)).decode()


def results(name: str) -> list[dict[str, Any]]:
    document = json.loads(rendered(name, compared()))
    return [result for run in document["runs"] for result in run["results"]]


def test_text_lists_the_new_first_and_says_what_is_gone() -> None:
    lines = rendered("text", compared()).splitlines()
    heads = [line for line in lines if line.startswith("fail[")]
    assert ["(new)" in line for line in heads] == [True, True, False]
    assert "   = open since at least 2026-11-13 (7 days)" in lines
    assert any(line.startswith("fixed[sagemaker/notebook-direct-internet]") for line in lines)
    assert "changes: 2 new, 1 fixed since 2026-11-13" in lines


def test_markdown_says_what_changed_and_what_failed_the_gate() -> None:
    lines = rendered("markdown", compared()).splitlines()
    assert "**2 new, 1 fixed since 2026-11-13**" in lines
    assert any(line.startswith("failed (exit 10): 2 new findings of 2 causes") for line in lines)


def test_gate_names_the_worst_that_failed_it() -> None:
    head, *first = gate_lines(compared())
    assert head == (
        "failed (exit 10): 2 new findings of 2 causes at or above high, the worst critical, since"
        " the baseline of 2026-11-13; 1 more at that severity, known to the baseline"
    )
    assert [line.partition("]")[0] for line in first] == [
        "new critical[endpoint/model-writable-by-public-caller",
        "new high[sagemaker/notebook-direct-internet",
    ]


def test_upload_has_a_state_on_each_result_and_none_that_is_absent(tmp_path: Path) -> None:
    states = Counter(result["baselineState"] for result in results("sarif"))
    assert states == {"new": 2, "unchanged": 1}
    for name, payload in FORMATS["sarif"].files(compared(), PLAIN).items():
        (tmp_path / name).write_bytes(b"".join(payload))
    assert sarif_problems(tmp_path / "results.sarif", "--repo-root", tmp_path) == ""


def test_archive_has_what_is_gone_in_runs_that_have_states_alone() -> None:
    document = json.loads(rendered("sarif-full", compared()))
    found = Counter()
    for run in document["runs"]:
        states = {result.get("baselineState") for result in run["results"]}
        assert None not in states or states == {None}
        found.update(result["baselineState"] for result in run["results"] if None not in states)
    assert found == {"new": 3, "unchanged": 1, "absent": 1}


def test_result_of_a_first_scan_has_no_state() -> None:
    document = json.loads(rendered("sarif", samples.small()))
    assert not any("baselineState" in r for run in document["runs"] for r in run["results"])


def test_brief_text_names_the_worst_that_is_new() -> None:
    brief = RenderSettings(is_brief=True)
    lines = b"".join(FORMATS["text"].render(compared(), brief)).decode().splitlines()
    place = lines.index("changes: 2 new, 1 fixed since 2026-11-13")
    assert [line.partition("]")[0] for line in lines[place + 1 : place + 3]] == [
        "  new critical[endpoint/model-writable-by-public-caller",
        "  new high[sagemaker/notebook-direct-internet",
    ]
