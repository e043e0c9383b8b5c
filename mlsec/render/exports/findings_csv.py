"""findings.csv: one row per finding, for a spreadsheet program; no cell of it is a formula."""

from __future__ import annotations

import csv
import io

from mlsec.core.assessment import Assessment
from mlsec.render.display import masked
from mlsec.render.exports.rows import HEAD, rows
from mlsec.render.settings import DEFAULT, RenderSettings
from mlsec.render.sheet.csv import plain_cell


def render_findings_csv(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    """Write the failures, the waived ones, and what was not assessed or not read, in UTF-8."""
    del settings
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    writer.writerows([plain_cell(cell) for cell in row] for row in rows(assessment))
    return masked(text.getvalue().encode("utf-8", "backslashreplace"))
