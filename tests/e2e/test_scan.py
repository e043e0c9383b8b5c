"""`mlsec scan aws`, as a user runs it: every planted fault is found and nothing else is flagged."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Status
from mlsec.snapshot.store import Snapshot
from mlsec.targets.reading import read_inventory
from tests.e2e import runs
from tests.e2e.report_checks import check_html, check_sarif
from tests.estate.model import MUST_FAIL, Carrier, Estate, Fault, build_estate
from tests.estate.serve import RunningAws, Settings
from tests.shipped import shipped_rules

_SIZE = int(os.environ.get("MLSEC_AWS_DEPLOYMENTS", "60"))


@pytest.fixture(scope="module")
def estate() -> Estate:
    return build_estate(_SIZE, is_hostile=True)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that one scan of deployments with hostile tags wrote."""
    out = tmp_path_factory.mktemp("scan") / "out"
    with RunningAws(Settings(deployments=_SIZE, is_hostile=True)) as aws:
        done = runs.mlsec(
            "scan",
            "aws",
            "--profile",
            "strict",
            "-o",
            out,
            "-f",
            "html,sarif,json,markdown",
            aws=aws,
        )
        assert done.returncode == 10, done.stderr[-3000:]
        assert aws.mistakes() == []
    return out


@pytest.fixture(scope="module")
def assessment(report: Path) -> Assessment:
    return runs.load_assessment(report)


@pytest.fixture(scope="module")
def names(report: Path) -> dict[str, str]:
    """The alias of each key, by the key's id: keys have no names of their own."""
    ruleset = shipped_rules()
    with Snapshot.open(report / "evidence.mlsnap") as snapshot:
        found = read_inventory(snapshot, ruleset.vocabulary).resources
    aliases = {
        r.properties.get("target_key_id"): r.name for r in found if r.type == "aws.kms.alias"
    }
    return {r.id: aliases[r.id.rpartition("/")[2]] for r in found if r.type == "aws.kms.key"}


@pytest.mark.parametrize(
    ("fault", "rule", "carrier"), MUST_FAIL, ids=lambda v: getattr(v, "name", v)
)
def test_planted_fault_is_found_and_nothing_else_is_flagged(
    fault: Fault,
    rule: str,
    carrier: Carrier,
    assessment: Assessment,
    estate: Estate,
    names: dict[str, str],
) -> None:
    found = {
        names.get(finding.resource.id, finding.resource.name)
        for finding in assessment.findings
        if finding.rule == rule and finding.status is Status.FAIL
    }
    assert found == estate.must_fail(fault, rule, carrier)
    assert found, "planted nowhere: the estate is too small for this fault"


def test_every_fault_class_has_a_rule() -> None:
    assert {fault for fault, _, _ in MUST_FAIL} == set(Fault)


def test_coverage_is_complete(assessment: Assessment) -> None:
    hidden = [row for row in assessment.coverage.rows if not row.is_complete or row.errored]
    unread = [f for f in assessment.findings if f.status is Status.NOT_ASSESSED]
    assert hidden == []
    assert [(f.rule, f.resource.id) for f in unread] == []
    assert all(
        row.enumerated == row.assessed + row.excluded + row.errored
        for row in assessment.coverage.rows
    )


def test_fingerprints_are_unique_over_all_rules(assessment: Assessment) -> None:
    prints = [finding.fingerprint for finding in assessment.findings]
    assert len(prints) == len(set(prints))


def test_no_planted_secret_reaches_any_file(report: Path) -> None:
    secret = "wJalrXUtnFEMI" + "/K7MDENG/"
    holders = [p.name for p in report.iterdir() if secret.encode() in p.read_bytes()]
    assert holders == []


def test_sarif_passes_the_strict_checker(report: Path) -> None:
    check_sarif(report)


@pytest.mark.browser
def test_report_passes_the_strict_checker(report: Path) -> None:
    check_html(report)


def test_files_are_for_their_owner_only(report: Path) -> None:
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in report.iterdir()}
    assert {name: mode for name, mode in modes.items() if mode != "0o600"} == {}


def test_hostile_names_are_reported_and_harmless(report: Path, assessment: Assessment) -> None:
    shown = {f.resource.name for f in assessment.findings if "guardrail/hostile" in f.resource.id}
    assert len(shown) >= 1
    for name in ("results.sarif", "summary.md", "report.html", "mlsec-inventory.txt"):
        text = (report / name).read_bytes()
        assert b"\x1b" not in text, name
        assert "\u202e".encode() not in text, name
    assert b"<img src=x" not in (report / "report.html").read_bytes()


def test_hostile_tags_reach_no_terminal_as_they_are(report: Path) -> None:
    text = (report / "assessment.json").read_text("utf-8")
    json.loads(text)
    assert "<script>alert(1)</script>" not in (report / "report.html").read_text("utf-8")
