"""Reports for other programs, read by those programs or held against their schemas."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import boto3
import hostile
import junitparser
import msgspec
import openpyxl
import pytest
import samples
from botocore.validate import ParamValidator
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

from mlsec.core.assessment import Assessment
from mlsec.core.cause import own_cause
from mlsec.core.enums import Severity, Status
from mlsec.render import FORMATS, tally
from mlsec.render.causes import open_causes
from mlsec.render.sheet.csv import FORMULA_SIGNS

SAMPLES: dict[str, Callable[[], Assessment]] = {
    "small": samples.small,
    "rich": samples.rich,
    "empty": samples.empty,
    "clean": samples.clean,
    "unread": samples.unread,
    "hostile": hostile.hostile,
    "many scopes": lambda: samples.huge(63, scopes=21),
}
each_sample = pytest.mark.parametrize("make", SAMPLES.values(), ids=SAMPLES)
OCSF = json.loads((Path(__file__).parent / "ocsf_compliance_finding.json").read_text())


def rendered(name: str, assessment: Assessment) -> bytes:
    payload = FORMATS[name].render(assessment)
    return payload if isinstance(payload, bytes) else b"".join(payload)


def words(assessment: Assessment) -> Counter[str]:
    """How many findings have failed, are waived, or could not be assessed."""
    return Counter(
        "not assessed"
        if finding.status is Status.NOT_ASSESSED
        else "waived"
        if finding.waiver
        else "fail"
        for finding in assessment.findings
    )


@each_sample
def test_every_export_is_the_same_bytes_again(make: Callable[[], Assessment]) -> None:
    for name in ("findings-csv", "xlsx", "junit", "ocsf", "asff", "openmetrics", "issues"):
        assert rendered(name, make()) == rendered(name, make()), name


@each_sample
def test_csv_has_a_row_per_finding_and_per_unread_thing_and_no_formula(
    make: Callable[[], Assessment],
) -> None:
    assessment = make()
    lines = list(csv.DictReader(io.StringIO(rendered("findings-csv", assessment).decode())))
    counted = Counter(line["Status"] for line in lines)
    expected = words(assessment)
    assert {word: counted[word] for word in expected} == expected
    hidden = {gap for finding in assessment.findings for gap in finding.gaps}
    assert counted["not read"] == sum(gap.id not in hidden for gap in assessment.gaps)
    cells = [cell for line in lines for cell in line.values()]
    assert not any(cell.lstrip(" ").startswith(FORMULA_SIGNS) for cell in cells)


@each_sample
def test_workbook_holds_the_rows_of_the_csv_as_text(make: Callable[[], Assessment]) -> None:
    assessment = make()
    book = openpyxl.load_workbook(io.BytesIO(rendered("xlsx", assessment)))
    assert book.sheetnames == ["Summary", "Causes", "Findings"]
    kinds = {cell.data_type for sheet in book for row in sheet for cell in row}
    assert "f" not in kinds
    csv_rows = list(csv.reader(io.StringIO(rendered("findings-csv", assessment).decode())))
    assert book["Findings"].max_row == len(csv_rows)
    assert book["Causes"].max_row == 1 + len(open_causes(assessment))


@each_sample
def test_junit_never_shows_as_passed_what_was_not_assessed(
    make: Callable[[], Assessment], tmp_path: Path
) -> None:
    assessment = make()
    file = tmp_path / "results.junit.xml"
    file.write_bytes(rendered("junit", assessment))
    suites = junitparser.JUnitXml.fromfile(str(file))
    cases = [case for suite in suites for case in suite]
    results = Counter(type(result).__name__ for case in cases for result in case.result)
    expected, counts = words(assessment), tally.count(assessment)
    assert results["Failure"] == expected["fail"]
    assert results["Skipped"] == expected["waived"]
    is_incomplete = not tally.is_complete(assessment, counts)
    assert results["Error"] == expected["not assessed"] + is_incomplete
    passed = sum(1 for case in cases if not case.result)
    assert passed == sum(map(len, assessment.passed.values())) + (not is_incomplete)
    for suite in suites:
        states = Counter(type(result).__name__ for case in suite for result in case.result)
        assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (
            len(list(suite)), states["Failure"], states["Error"], states["Skipped"],
        )  # fmt: skip


@each_sample
def test_ocsf_events_fit_the_published_schema(make: Callable[[], Assessment]) -> None:
    import jsonschema  # noqa: PLC0415 - a second to import

    assessment = make()
    events = json.loads(rendered("ocsf", assessment))
    validator = jsonschema.Draft202012Validator(OCSF)
    assert [error.message for event in events for error in validator.iter_errors(event)] == []
    states = Counter((event["compliance"]["status"], event["status"]) for event in events)
    expected = words(assessment)
    assert states == Counter(
        {
            ("Fail", "New"): expected["fail"],
            ("Fail", "Suppressed"): expected["waived"],
            ("Warning", "New"): expected["not assessed"],
        }
    ) + Counter()  # fmt: skip


def test_the_ocsf_schema_refuses_what_does_not_fit() -> None:
    import jsonschema  # noqa: PLC0415 - a second to import

    [event, *_] = json.loads(rendered("ocsf", samples.rich()))
    validator = jsonschema.Draft202012Validator(OCSF)
    for field in ("finding_info", "metadata", "time", "severity_id", "compliance"):
        without = {name: value for name, value in event.items() if name != field}
        assert not validator.is_valid(without), field
    assert not validator.is_valid(event | {"severity_id": 7})
    assert not validator.is_valid(event | {"made_up": 1})


@each_sample
def test_security_hub_takes_the_findings_of_aws_accounts(make: Callable[[], Assessment]) -> None:
    assessment = make()
    findings = json.loads(rendered("asff", assessment))
    client = boto3.client("securityhub", region_name="eu-west-1", aws_access_key_id="x",
                          aws_secret_access_key="x")  # fmt: skip
    shape = client.meta.service_model.operation_model("BatchImportFindings").input_shape
    report = ParamValidator().validate({"Findings": findings}, shape)
    assert report.generate_report() == "" or not findings
    accounts = [
        finding for finding in assessment.findings
        if finding.resource.scope.removeprefix("aws/").isdigit()
    ]  # fmt: skip
    assert len(findings) == len(accounts)
    for finding in findings:
        assert len(finding["Title"]) <= 256
        assert len(finding["Description"]) <= 1024
        assert len(json.dumps(finding)) < 240_000
    statuses = {finding["Compliance"]["Status"] for finding in findings}
    assert statuses <= {"FAILED", "NOT_AVAILABLE"}


@each_sample
def test_both_parsers_of_prometheus_read_the_same_counts(make: Callable[[], Assessment]) -> None:
    assessment = make()
    text = rendered("openmetrics", assessment).decode()
    found = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in openmetrics(text)
        for sample in family.samples
    }
    older = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in prometheus(text)
        for sample in family.samples
    }
    assert found == older
    opened = [value for (name, *_), value in found.items() if name == "mlsec_findings_open"]
    assert sum(opened) == tally.count(assessment).failed
    names = {name for name, *_ in found}
    assert ("mlsec_findings_new" in names) == any(
        finding.change for finding in assessment.findings if tally.is_open(finding)
    )


def test_metrics_have_no_series_per_finding() -> None:
    few, many = (
        len(rendered("openmetrics", samples.huge(number)).splitlines()) for number in (50, 2_000)
    )
    assert few == many


@each_sample
def test_there_is_one_issue_per_open_cause_with_its_key_in_the_body(
    make: Callable[[], Assessment],
) -> None:
    assessment = make()
    failures = [item for item in assessment.findings if item.status is Status.FAIL]
    causes = assessment.causes if open_causes(assessment) else tuple(map(own_cause, failures))
    assessment = msgspec.structs.replace(assessment, causes=causes)
    entries = json.loads(rendered("issues", assessment))
    assert [entry["key"] for entry in entries] == [
        view.cause.id for view in open_causes(assessment)
    ]
    assert len({entry["key"] for entry in entries}) == len(entries)
    for entry in entries:
        assert f"mlsec-cause: {entry['key']}" in entry["body"].splitlines()
        assert "<script" not in re.sub(r"(`+).*?\1", "", entry["body"], flags=re.S)
    covered = Counter(print_ for entry in entries for print_ in entry["findings"])
    assert set(covered.values()) <= {1}
    assert len(covered) == tally.count(assessment).failed


def test_severities_have_the_same_words_in_every_export() -> None:
    assessment = samples.rich()
    by_print = {finding.fingerprint: finding.severity for finding in assessment.findings}
    for event in json.loads(rendered("ocsf", assessment)):
        severity = by_print[event["finding_info"]["uid"]]
        word = "informational" if severity is Severity.INFO else severity.value
        assert event["severity"].lower() == word
    for finding in json.loads(rendered("asff", assessment)):
        severity = by_print[finding["ProductFields"]["mlsec/fingerprint"]]
        word = "informational" if severity is Severity.INFO else severity.value
        assert finding["Severity"]["Label"].lower() == word
