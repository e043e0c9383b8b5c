"""The catalogue beside an assessment restores the rest; without it a report says so."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import msgspec
import pytest
import samples

from mlsec.cli.files import load_assessment
from mlsec.core.assessment import Assessment, StatusCounts
from mlsec.core.catalogue import CATALOGUE_FILE, catalogue_digest, read_catalogue
from mlsec.core.content_paths import content_folder
from mlsec.core.errors import MlsecError
from mlsec.engine.assessment.catalogue import catalogue_of
from mlsec.engine.rules.load import load_content
from mlsec.render import FORMATS, write_reports
from mlsec.render.digests import read_sums

SILENT = "endpoint/single-instance"


def scanned() -> Assessment:
    """Give a scan in which one rule has no finding."""
    whole = samples.rich()
    findings = tuple(one for one in whole.findings if one.rule != SILENT)
    rules = tuple(
        msgspec.structs.replace(rule, counts=StatusCounts(passed=3)) if rule.id == SILENT else rule
        for rule in whole.rules
    )
    return msgspec.structs.replace(whole, findings=findings, rules=rules)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    write_reports(scanned(), tmp_path, ["json"])
    return tmp_path


def page(assessment: Assessment, name: str) -> str:
    payload = FORMATS[name].render(assessment)
    return (payload if isinstance(payload, bytes) else b"".join(payload)).decode()


def test_assessment_names_the_digest_of_its_catalogue(written: Path) -> None:
    digest = hashlib.sha256((written / CATALOGUE_FILE).read_bytes()).hexdigest()
    document = json.loads((written / "assessment.json").read_bytes())
    assert document["tool"]["catalogue_digest"] == digest
    assert read_sums(written)[CATALOGUE_FILE] == digest


def test_only_rules_with_a_finding_stand_in_the_assessment(written: Path) -> None:
    document = json.loads((written / "assessment.json").read_bytes())
    assert {one["id"] for one in document["rules"]} == {one["rule"] for one in document["findings"]}
    assert document["silent_rules"] == {
        SILENT: {
            "severity": "medium",
            "category": "resilience",
            "concern": "infrastructure",
            "passed": 3,
        }
    }


def test_catalogue_beside_the_assessment_restores_every_rule(written: Path) -> None:
    again = load_assessment(written)
    assert again.unshown == ""
    assert again.catalogue == scanned().catalogue
    assert again.rules == scanned().rules
    for name in ("text", "markdown", "sarif-full", "json"):
        assert page(again, name) == page(scanned(), name)


def test_installed_rules_serve_where_they_are_the_ones_that_were_asked(tmp_path: Path) -> None:
    catalogue = catalogue_of(load_content(content_folder("rules")), {"s3/bucket-public-read"})
    rule = msgspec.to_builtins(catalogue.rules[0])
    silent = {name: rule[name] for name in ("severity", "category", "concern")}
    write_reports(samples.empty(), tmp_path, ["json"])
    document = json.loads((tmp_path / "assessment.json").read_bytes())
    document["silent_rules"] = {rule["id"]: {**silent, "passed": 2}}
    document["tool"]["catalogue_digest"] = catalogue_digest(catalogue)
    (tmp_path / "assessment.json").write_text(json.dumps(document))
    again = load_assessment(tmp_path)
    assert again.unshown == ""
    assert again.rules[0].title == rule["title"]
    assert again.rules[0].counts == StatusCounts(passed=2)


@pytest.mark.parametrize("loss", ["gone", "another"])
@pytest.mark.parametrize("name", ["html", "text", "markdown", "sarif", "gitlab-sast"])
def test_report_says_what_it_cannot_show_without_its_catalogue(
    loss: str, name: str, written: Path
) -> None:
    catalogue = written / CATALOGUE_FILE
    if loss == "gone":
        catalogue.unlink()
    else:
        catalogue.write_bytes(catalogue.read_bytes().replace(b"Endpoint runs", b"Endpoint walks"))
    again = load_assessment(written)
    assert "1 rule without a finding" in again.unshown
    assert "is not beside" in " ".join(page(again, name).split())
    assert {one.fingerprint for one in again.findings} == {
        one.fingerprint for one in scanned().findings
    }


def test_without_its_catalogue_an_assessment_is_written_again_to_the_same_bytes(
    written: Path, tmp_path: Path
) -> None:
    before = (written / "assessment.json").read_bytes()
    shutil.copytree(written, alone := tmp_path / "alone")
    (alone / CATALOGUE_FILE).unlink()
    write_reports(load_assessment(alone), out := tmp_path / "out", ["json"])
    assert (out / "assessment.json").read_bytes() == before
    assert not (out / CATALOGUE_FILE).exists()


def test_assessment_of_another_schema_is_refused(tmp_path: Path) -> None:
    write_reports(samples.small(), tmp_path, ["json"])
    file = tmp_path / "assessment.json"
    file.write_text(file.read_text().replace("mlsec/assessment/2", "mlsec/assessment/1"))
    with pytest.raises(MlsecError, match='schema "mlsec/assessment/1"; this mlsec reads'):
        load_assessment(tmp_path)


def test_damaged_catalogue_is_refused_in_one_sentence() -> None:
    with pytest.raises(MlsecError, match=r"not a complete catalogue\.json"):
        read_catalogue(b'{"schema": "mlsec/catal')
    with pytest.raises(MlsecError, match="mlsec/catalogue/9"):
        read_catalogue(b'{"schema": "mlsec/catalogue/9"}')
