"""The sheet as CSV, for a spreadsheet program; no cell of it is a formula there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from mlsec.core.assessment import Assessment
from mlsec.render.display import masked, shown
from mlsec.render.settings import DEFAULT, RenderSettings
from mlsec.render.sheet.sheet import SheetControl, sheets_of

_HEAD = (
    "Framework", "Control", "Title", "Result", "Tested part", "Rule", "Relation", "Resource",
    "Observed value", "Status", "Not tested", "Needed too",
)  # fmt: skip
# A cell that begins so is a formula in one spreadsheet program or another; the last four are the
# full-width forms, which some of them read alike.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def render_sheet_csv(assessment: Assessment, settings: RenderSettings = DEFAULT) -> Iterator[bytes]:
    """Write one row per control, rule and resource, in UTF-8, control by control.

    Raises:
        MlsecError: the catalogue does not have the framework.
    """
    sheets = sheets_of(assessment, settings)
    yield _written([_HEAD])
    for sheet in sheets:
        for control in sheet.controls:
            yield _written((sheet.id, *row) for row in _rows(control))


def _written(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([plain_cell(cell) for cell in row] for row in rows)
    return masked(text.getvalue().encode("utf-8", "backslashreplace"))


def plain_cell(text: str) -> str:
    """Give a cell as text that no spreadsheet program runs."""
    cell = shown(text)
    # A leading blank is skipped by some programs before they look for a formula.
    return f"'{cell}" if cell.lstrip(" ").startswith(FORMULA_SIGNS) else cell


def _rows(control: SheetControl) -> Iterator[tuple[str, ...]]:
    head = (control.id, control.title, control.label)
    tail = (control.does_not_test, ", ".join(control.missing))
    if not control.rows:
        yield (*head, control.tests, "", "", "", "", "", *tail)
    for row in control.rows:
        tested = control.tests or row.because
        yield (*head, tested, row.rule, row.relation, row.resource, row.observed, row.status, *tail)
