"""Through the command line: as grave as a fact is, so grave it is in every report and the gate."""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind, Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.cli.main import main
from mlsec.core.assessment import Assessment
from mlsec.core.enums import Severity, Status
from mlsec.core.finding import Finding
from mlsec.model_files.shaping import inspected
from tests.artifacts.builders import HOSTILE
from tests.artifacts.builders import pickles as make
from tests.contracts.fact_places import TOLD, given
from tests.e2e.runs import load_assessment
from tests.shipped import kinds_of, rules_of_facts

FORMATS = "json,sarif,html,text,gitlab-sast"
# Numbers that code hosts read as these words.
WORDS = {"9.5": "critical", "8.0": "high", "5.5": "medium", "2.0": "low", "0.5": "info"}
# Dangers that no sample of the builders shows.
MORE: Mapping[str, bytes] = {
    "script-class.pkl": make.stream(make.stacked("__main__", "Net"), make.text("gpu"), b"\x85R"),
    "inner-tag.yaml": b"x: !apply:keras.utils.subprocess.run [echo inert]\n",
}
# Only a reader that fails altogether says so, and no file is known that makes one fail.
NO_SCENE = {(FactKind.NOT_FULLY_READ, Severity.HIGH)}


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One scan of one file for each kind of fact and each danger of it, in every format."""

    inspections: Mapping[str, Inspection]
    assessment: Assessment
    folder: Path
    texts: Mapping[str, str]


def scenes() -> Mapping[str, bytes]:
    """A file for each kind of fact and each danger that the readers give it."""
    wanted = {(kind, danger) for kind in FactKind for danger in given(kind) & TOLD} - NO_SCENE
    found: dict[str, bytes] = {}
    for name, build in HOSTILE.items():
        data = build()
        shown = {(fact.kind, fact.danger) for fact in inspect(Window.of(data)).facts}
        if shown & wanted:
            found[f"{name.replace('/', '-')}-model.bin"] = data
            wanted -= shown
    return {**MORE, **found}


def run(*words: str | Path) -> int:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return main([*map(str, words), "--offline", "--select", "artifact/*"])


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder, out = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("out")
    files = scenes()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    assert run("scan", folder, "-o", out, "-f", FORMATS) == 10
    return Told(
        inspections={name: inspect(Window.of(data, name)) for name, data in files.items()},
        assessment=load_assessment(out),
        folder=folder,
        texts={path.name: path.read_text("utf-8", "replace") for path in out.iterdir()},
    )


def open_findings(told: Told) -> dict[str, Finding]:
    found = (one for one in told.assessment.findings if one.status is Status.FAIL)
    return {one.fingerprint: one for one in found}


def test_a_finding_is_as_grave_as_the_gravest_fact_of_its_kind(told: Told) -> None:
    got = {(Path(f.resource.id).name, f.rule): f.severity for f in open_findings(told).values()}
    asked = [one for one in rules_of_facts() if one.graded_by and one.severity in TOLD]
    wrong = []
    for name, inspection in told.inspections.items():
        facts = [one for one in inspected(inspection)["detections"] if "kind" in one]
        for rule in (one for one in asked if one.resource == "files.artifact"):
            kinds = {kind.value for kind in kinds_of(rule)}
            dangers = [Severity(one["severity"]) for one in facts if one["kind"] in kinds]
            worst = min(dangers, key=lambda one: one.rank, default=None)
            found = got.get((name, rule.id))
            is_silent = found is None and worst not in TOLD
            if found is not worst and not is_silent:
                wrong.append((name, rule.id, worst, found))
    assert not wrong


def test_sarif_says_the_same_severity_where_a_code_host_looks_for_it(told: Told) -> None:
    (sarif,) = json.loads(told.texts["results.sarif"])["runs"]
    wanted = {key: one.severity.value for key, one in open_findings(told).items()}
    rules = sarif["tool"]["driver"]["rules"]
    assert len({one["id"] for one in rules}) == len(rules)
    levels = {"critical": "error", "high": "error", "medium": "warning"}
    got = {}
    for result in sarif["results"]:
        rule = rules[result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        severity = WORDS[rule["properties"]["security-severity"]]
        level = levels.get(severity, "note")
        assert (rule["defaultConfiguration"]["level"], result["level"]) == (level, level)
        assert result["properties"]["severity"] == severity
        got[result["partialFingerprints"]["mlsec/v1"]] = severity
    assert got == wanted


def test_the_page_says_the_same_severity(told: Told) -> None:
    packed = re.search(r'id="findings-data">([^<]+)<', told.texts["report.html"])
    assert packed is not None
    columns: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed.group(1))))
    got = {
        columns["fingerprint"][32 * n : 32 * n + 32]: columns["severities"][rank]
        for n, rank in enumerate(columns["severity"])
        if columns["statuses"][columns["status"][n]] == "open failure"
    }
    assert got == {key: one.severity.value for key, one in open_findings(told).items()}


def test_the_text_report_says_the_same_severity(told: Told) -> None:
    line = re.compile(r"^fail\[([^]]+)\] (\w+): .*\n  --> (\S+)$", re.MULTILINE)
    got = {(rule, where): word for rule, word, where in line.findall(told.texts["report.txt"])}
    wanted = {(f.rule, f.resource.id): f.severity.value for f in open_findings(told).values()}
    # Of many minor ones the first is told in full.
    assert got.items() <= wanted.items()
    assert {key for key, word in wanted.items() if word not in {"low", "info"}} <= got.keys()


def test_gitlab_is_told_the_same_severity(told: Told) -> None:
    listed = json.loads(told.texts["gl-sast-report.json"])["vulnerabilities"]
    got = sorted((one["identifiers"][0]["value"], one["severity"].lower()) for one in listed)
    wanted = sorted((one.rule, one.severity.value) for one in open_findings(told).values())
    assert [one for one in got if one[0] != "mlsec/incomplete"] == wanted


@pytest.mark.parametrize("worst", sorted(TOLD, key=lambda one: one.rank), ids=lambda one: one.value)
def test_the_gate_counts_a_finding_with_the_severity_that_is_reported(
    told: Told, worst: Severity, tmp_path: Path
) -> None:
    by_file: dict[str, Severity] = {}
    for one in sorted(open_findings(told).values(), key=lambda one: -one.severity.rank):
        by_file[one.resource.id] = one.severity
    # One whose rule has worse findings elsewhere.
    path = min(name for name, severity in by_file.items() if severity is worst)
    assert run("scan", path, "-o", tmp_path / "a", "--fail-on", worst.value) == 10
    graver = [one for one in Severity if one.rank < worst.rank]
    if graver:
        assert run("scan", path, "-o", tmp_path / "b", "--fail-on", graver[-1].value) != 10
