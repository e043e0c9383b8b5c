"""Whoever can write to the folder of a report forges it: the assessment, the reports, the evidence.

They rewrite SHA256SUMS and every digest that needs no key. What they gain, when it works: an
auditor who checks the report is shown a better deployment, or evidence of another time.
"""

from __future__ import annotations

import contextlib
import hashlib
import html
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlsec.cli import exits
from mlsec.cli.main import main
from mlsec.core.content_paths import content_folder
from tests.attacks.hostile_snapshots import reseal
from tests.e2e.key_files import Keys

DEMO = content_folder("fixtures") / "demo"
WAIVERS = DEMO / "waivers.yaml"
Forge = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys"), "ours")


@pytest.fixture(scope="module")
def written(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a scan with its evidence, both signed."""
    out = tmp_path_factory.mktemp("written") / "out"
    out.mkdir()
    evidence = out / "evidence.mlsnap"
    (out.parent / "max.yaml").write_text("sagemaker/notebook-long-running: {max_days: 60}\n")
    assert main(["snapshot", "import", str(DEMO), "-o", str(evidence)]) == 0
    words = ["scan", str(evidence), "-o", str(out), "--waivers", str(WAIVERS), "--fail-on", "none",
             "--params", str(out.parent / "max.yaml"), "--min-coverage", "0"]  # fmt: skip
    assert main(words) == 0
    assert main(["snapshot", "sign", str(evidence), "--key", str(keys.private)]) == 0
    assert main(["report", "sign", str(out), "--key", str(keys.private)]) == 0
    return out


@pytest.fixture
def out(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "out"))


def verify(out: Path, *more: object) -> int:
    return main(["report", "verify", str(out), "--waivers", str(WAIVERS), *map(str, more)])


def list_again(out: Path) -> None:
    """Write SHA256SUMS anew over what lies there."""
    lines = (out / "SHA256SUMS").read_text().splitlines()
    names = [line.partition("  ")[2] for line in lines]
    digests = {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in names}
    text = "".join(f"{digests[name]}  {name}\n" for name in sorted(digests))
    (out / "SHA256SUMS").write_text(text)


def forge(out: Path, change: Forge) -> None:
    """Change the assessment, and write what follows from it as the tool does."""
    path = out / "assessment.json"
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document), "utf-8")
    list_again(out)


def without_failures(document: dict[str, Any]) -> None:
    kept = [
        finding for finding in document["findings"]
        if finding["status"] != "fail" or finding["severity"] not in ("critical", "high")
    ]  # fmt: skip
    assert len(kept) < len(document["findings"])
    document["findings"] = kept


def set_scan(**values: object) -> Forge:
    return lambda document: document["scan"].update(values)


FORGED: dict[str, tuple[Forge, str]] = {
    "critical and high failures deleted": (without_failures, "findings: "),
    "began later": (set_scan(started_at="2027-03-02T08:00:00Z"), "scan.started_at"),
    "ended later": (set_scan(finished_at="2027-03-02T08:03:20Z"), "scan.finished_at"),
    "another host": (set_scan(host="build-7"), "scan.host"),
    "another principal": (set_scan(principal="arn:aws:iam::1:role/auditor"), "scan.principal"),
    "more calls": (set_scan(calls=9_999), "scan.calls"),
    "a failure that is waived": (
        lambda document: next(
            finding for finding in document["findings"] if finding["status"] == "fail"
        ).update(waiver=document["findings"][0]["waiver"], severity="low"),
        "severity is",
    ),
    "other totals": (
        lambda document: document["coverage"]["totals"].update(not_assessed=0),
        "not_assessed is 0",
    ),
    "gaps deleted": (lambda document: document.update(gaps=[]), "gaps: "),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_an_assessment_that_its_evidence_does_not_give_is_refused(
    name: str, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change, words = FORGED[name]
    forge(out, change)
    assert verify(out) == exits.BAD_INPUT
    shown = capsys.readouterr()
    assert not shown.out
    assert "the assessment is not what its evidence gives" in shown.err
    assert words in shown.err


def test_a_parameter_that_hides_a_failure_is_shown_and_decides(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(out) == 0
    assert "max_days is 60, not 30" in capsys.readouterr().out
    name = "sagemaker/notebook-long-running.max_days"
    forge(out, lambda document: document["scan"]["parameters"].update({name: 61}))
    assert verify(out) in (exits.CLEAN, exits.BAD_INPUT)
    for value in ("many", {}, 10**9):
        forge(out, set_parameter(name, value))
        assert verify(out) == exits.BAD_INPUT
        assert "max_days" in capsys.readouterr().err


def set_parameter(name: str, value: object) -> Forge:
    return lambda document: document["scan"]["parameters"].update({name: value})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda scan: scan["judged_by"].update(profile="paranoid"), 'profile "paranoid"'),
        (lambda scan: scan["judged_by"].update(now="yesterday"), 'now "yesterday"'),
        (lambda scan: scan["judged_by"].update(now="9999-12-31T23:59:59-23:59"), "now"),
        (lambda scan: scan.update(fail_on="zzz"), 'fail_on "zzz"'),
        (lambda scan: scan.update(min_coverage_percent=-5), "min_coverage_percent"),
    ],
)
def test_settings_that_no_scan_has_are_refused(
    change: Forge, words: str, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forge(out, lambda document: change(document["scan"]))
    assert verify(out) == exits.BAD_INPUT
    assert words in capsys.readouterr().err


def test_every_choice_that_hides_a_finding_is_in_every_report(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    params = tmp_path / "params.yaml"
    params.write_text("sagemaker/notebook-long-running: {max_days: 365}\n")
    harmless = [f"!artifact/{name}*" for name in ("malformed", "polyglot", "member", "partly")]
    words = ["scan", str(out / "evidence.mlsnap"), "-o", str(tmp_path / "chosen")]
    for glob in (*harmless, "!paths/*"):
        words += ["--select", glob]
    words += ["--params", str(params), "--fail-on", "none", "--min-coverage", "0"]
    assert main([*words, "-f", "html,sarif,json,markdown,text,gitlab"]) == 0
    capsys.readouterr()
    for path in sorted((tmp_path / "chosen").iterdir()):
        if path.suffix not in (".html", ".sarif", ".md", ".txt") or "inventory" in path.name:
            continue
        text = html.unescape(path.read_text("utf-8")).replace("\\", "")
        assert "!paths/*" in text, path.name
        assert "max_days is 365, not 30" in text, path.name
    words = ["report", "verify", str(tmp_path / "chosen")]
    assert main([*words, "--evidence", str(out / "evidence.mlsnap")]) == exits.CLEAN
    assert "selected by !paths/*" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["report.html", "results.sarif", "summary.md"])
def test_a_report_that_the_assessment_does_not_render_to_is_refused(
    name: str, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = out / name
    path.write_bytes(path.read_bytes().replace(b"critical", b"info"))
    list_again(out)
    assert verify(out) == exits.BAD_INPUT
    assert f"{name}: not what the assessment renders to" in capsys.readouterr().err


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE clock SET value = '2025-07-02T08:03:20Z' WHERE key = 'finished_at'",
        "UPDATE clock SET value = 'another' WHERE key = 'host'",
        "UPDATE clock SET value = 'another' WHERE key = 'user'",
        "UPDATE timing SET started_at = '2025-07-02T08:00:00Z'",
        "UPDATE timing SET took_ms = 1, attempts = 1",
    ],
)
def test_evidence_of_another_time_is_refused(
    statement: str, out: Path, keys: Keys, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence = out / "evidence.mlsnap"
    with contextlib.closing(sqlite3.connect(evidence)) as database:
        if database.execute(statement).rowcount == 0:
            database.execute("INSERT INTO timing SELECT id, '2025-07-02T08:00:00Z', 1, 1 FROM call")
        database.commit()
    assert main(["snapshot", "verify", str(evidence)]) == exits.BAD_INPUT
    assert "the seal does not hold" in capsys.readouterr().err
    reseal(evidence)
    assert verify(out) == exits.BAD_INPUT
    assert "the assessment was made from" in capsys.readouterr().err
    words = ["snapshot", "verify", str(evidence), "--key", str(keys.public)]
    assert main(words) == exits.BAD_INPUT
    assert "the signature is of the seal" in capsys.readouterr().err


def test_everything_made_again_from_other_evidence_fails_the_signature_alone(
    out: Path, keys: Keys, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence = out / "evidence.mlsnap"
    with contextlib.closing(sqlite3.connect(evidence)) as database:
        database.execute(
            "UPDATE clock SET value = '2026-11-09T08:00:00Z' WHERE key = 'finished_at'"
        )
        database.commit()
    reseal(evidence)
    words = ["scan", str(evidence), "-o", str(out), "--waivers", str(WAIVERS), "--fail-on", "none"]
    assert main([*words, "--min-coverage", "0"]) == 0
    assert verify(out) == 0, "no key was asked for, and all of it fits together"
    capsys.readouterr()
    assert verify(out, "--key", keys.public) == exits.BAD_INPUT
    assert "the signature is of" in capsys.readouterr().err


def test_an_assessment_signed_with_another_report_is_refused(
    out: Path, keys: Keys, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(out, "--key", keys.public) == 0
    assert "assessment: signed by the key sha256:" in capsys.readouterr().out
    words = ["scan", str(out / "evidence.mlsnap"), "-o", str(out), "--waivers", str(WAIVERS)]
    assert main([*words, "--fail-on", "none", "--min-coverage", "0", "--select", "iam/*"]) == 0
    assert verify(out, "--key", keys.public) == exits.BAD_INPUT
    assert "the signature is of another" in capsys.readouterr().err


def test_a_choice_of_rules_is_said(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["scan", str(out / "evidence.mlsnap"), "-o", str(out), "--waivers", str(WAIVERS)]
    assert main([*words, "--fail-on", "none", "--min-coverage", "0", "--select", "iam/*"]) == 0
    capsys.readouterr()
    assert verify(out) == 0
    assert "selected by iam/*" in capsys.readouterr().out


def test_waivers_that_were_not_used_are_refused(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    others = tmp_path / "waivers.yaml"
    others.write_text(WAIVERS.read_text("utf-8") + "\n# another\n", "utf-8")
    assert main(["report", "verify", str(out), "--waivers", str(others)]) == exits.BAD_INPUT
    assert "the waivers are others than those it was made with" in capsys.readouterr().err
    assert main(["report", "verify", str(out)]) == exits.INCOMPLETE
    assert "give --waivers FILE" in capsys.readouterr().err


def test_without_its_evidence_nothing_that_an_assessment_says_is_vouched_for(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (out / "evidence.mlsnap").unlink()
    (out / "evidence.mlsnap.sig").unlink()
    assert verify(out) == exits.INCOMPLETE
    shown = capsys.readouterr()
    assert "not checked: what the assessment says, as its evidence" in shown.err
    assert "assessment:" not in shown.out
