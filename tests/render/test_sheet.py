"""The sheet of a framework: every control, what was seen of it, and no cell that is a formula."""

from __future__ import annotations

import csv
import io
import subprocess
from pathlib import Path

import msgspec
import pytest
import samples

from mlsec.core.assessment import Assessment, ChangeLimit
from mlsec.core.errors import MlsecError
from mlsec.render.formats import FORMATS
from mlsec.render.settings import RenderSettings
from mlsec.render.sheet.csv import FORMULA_SIGNS, plain_cell

NIST = RenderSettings(framework="nist-800-53")
CHROMIUM = Path("/usr/bin/chromium")
# Payloads of the published lists of CSV injection, and the ways around a careless filter.
FORMULAS = (
    "=1+1", "+1+1", "-1+1", "@SUM(1,1)", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x.invalid")',
    "\t=1+1", "\r=1+1", "\n=1+1", "  =1+1", "＝1+1", "＋1", "－1", "＠SUM(1)",
    "-2+3+cmd|' /C calc'!A0",
    "%0A-3+3", '=DDE("cmd";"/C calc";"x")',
)  # fmt: skip


def rows(assessment: Assessment, settings: RenderSettings = NIST) -> list[dict[str, str]]:
    rendered = FORMATS["csv"].render(assessment, settings)
    payload = rendered if isinstance(rendered, bytes) else b"".join(rendered)
    return list(csv.DictReader(io.StringIO(payload.decode(), newline="")))


def page(assessment: Assessment, settings: RenderSettings = NIST) -> str:
    payload = FORMATS["sheet"].render(assessment, settings)
    return payload.decode()


def test_every_control_of_the_framework_stands_in_the_sheet() -> None:
    found = rows(samples.rich())
    assert list(dict.fromkeys(row["Control"] for row in found)) == [
        "AC-3", "AC-6", "PE-3", "SC-7", "SI-10",
    ]  # fmt: skip
    assert [row["Result"] for row in found if row["Control"] == "PE-3"] == ["manual"]


def test_a_row_goes_from_the_control_to_the_value_that_was_seen() -> None:
    found = rows(samples.rich())
    failed = next(row for row in found if row["Status"] == "failed" and row["Control"] == "AC-3")
    assert failed["Tested part"] == "Buckets of training data admit nobody without credentials."
    assert failed["Not tested"] == "Access decisions inside applications."
    assert (failed["Rule"], failed["Resource"]) == (
        "s3/training-bucket-public", "arn:aws:s3:::rank-training",
    )  # fmt: skip
    assert "expected" in failed["Observed value"]
    assert failed["Result"] == "evidence against"


def test_a_pass_shows_the_value_it_passed_on_or_that_it_was_not_kept() -> None:
    seen = {
        row["Resource"]: row["Observed value"]
        for row in rows(samples.rich())
        if row["Status"] == "passed" and row["Control"] == "AC-3"
    }
    assert seen["arn:aws:s3:::rank-data-0"] == "policy.is_public = false"
    assert seen["arn:aws:s3:::rank-data-2"] == "passed; the value was not kept"


def test_what_was_not_assessed_names_what_was_missing() -> None:
    unread = [row for row in rows(samples.rich()) if row["Status"] == "not assessed"]
    assert unread
    assert all(row["Observed value"] for row in unread)


def test_a_profile_has_its_own_controls_only() -> None:
    found = rows(samples.rich(), RenderSettings(framework="nist-800-53:low"))
    assert {row["Control"] for row in found} == {"AC-3", "PE-3"}


@pytest.mark.parametrize("name", ["nist-800-5", "nist-800-53:lo"])
def test_an_unknown_framework_or_profile_is_refused_with_a_suggestion(name: str) -> None:
    with pytest.raises(MlsecError, match="did you mean"):
        rows(samples.rich(), RenderSettings(framework=name))


def test_a_report_of_a_change_says_nothing_of_a_control() -> None:
    limit = ChangeLimit(revision="main", commit="abc", is_read=True)
    limited = msgspec.structs.replace(samples.rich(), limit=limit)
    assert rows(limited) == []
    assert "limited to what a change touches" in page(limited)


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula_in_a_spreadsheet_program(text: str) -> None:
    cell = plain_cell(text)
    assert not cell.lstrip(" ").startswith(FORMULA_SIGNS)


def test_hostile_names_stay_one_plain_cell() -> None:
    whole = samples.rich()
    hostile = tuple(
        msgspec.structs.replace(
            one, resource=msgspec.structs.replace(one.resource, id=FORMULAS[n % len(FORMULAS)])
        )
        for n, one in enumerate(whole.findings)
    )
    found = rows(msgspec.structs.replace(whole, findings=hostile))
    assert {len(row) for row in found} == {12}
    assert not [
        cell for row in found for cell in row.values() if cell.lstrip().startswith(FORMULA_SIGNS)
    ]


def test_page_has_its_rows_without_a_script_and_its_digest_on_every_sheet_of_paper() -> None:
    text = page(samples.rich())
    assert "<script" not in text
    assert "arn:aws:s3:::rank-training" in text
    assert "size: A4" in text
    assert 'content: "page " counter(page) " of " counter(pages)' in text
    assert f'content: "Evidence {samples.rich().scan.snapshot_digest}"' in text


def test_a_digest_from_a_file_cannot_leave_its_place_in_the_style() -> None:
    whole = samples.rich()
    scan = msgspec.structs.replace(whole.scan, snapshot_digest='"} body { display: none } </style>')
    text = page(msgspec.structs.replace(whole, scan=scan))
    assert 'content: "Evidence bodydisplay:nonestyle"' in text


@pytest.mark.skipif(not CHROMIUM.exists(), reason="prints with Chromium")
def test_sheet_prints_on_numbered_a4_pages(tmp_path: Path) -> None:
    (tmp_path / "controls.html").write_text(page(samples.rich()), "utf-8")
    printed = tmp_path / "controls.pdf"
    subprocess.run(  # noqa: S603 - a browser at a fixed place
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
            f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={printed}",
            (tmp_path / "controls.html").as_uri(),
        ],
        capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    content = printed.read_bytes()
    assert content.startswith(b"%PDF-")
    # 210 x 297 mm in points.
    assert b"[0 0 594.95996 841.91998]" in content
