"""findings.xlsx: the summary, the causes and every finding as a workbook; needs XlsxWriter."""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterable, Iterator
from typing import Any

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Severity
from mlsec.core.errors import MlsecError
from mlsec.core.installation import command_to_add
from mlsec.render import tally
from mlsec.render.causes import open_causes
from mlsec.render.display import shown
from mlsec.render.exports.clock import unix_seconds
from mlsec.render.exports.rows import HEAD, rows
from mlsec.render.settings import DEFAULT, RenderSettings

_CAUSES_HEAD = ("Severity", "Resource", "Resource type", "Where", "What is wrong", "Ends", "Fix")
_WIDTH_CHARS = 24
_NO_TIME = 315_532_800  # 1980, before which no workbook was made
# What one sheet and one cell of a workbook can hold. Source: Excel's specifications and limits.
_MOST_ROWS, _MOST_CHARS = 1_048_575, 32_767


def render_workbook(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    """Write the workbook. Every cell is text or a number, so nothing in it is a formula.

    Raises:
        MlsecError: XlsxWriter is not installed.
    """
    del settings
    try:
        import xlsxwriter  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MlsecError(
            "the format xlsx needs XlsxWriter, which is not installed", hint=command_to_add("xlsx")
        ) from error
    payload = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(payload, options) as book:
        book.set_properties({"created": _finished(assessment)})
        bold = book.add_format({"bold": True})
        _sheet(book, bold, "Summary", ("What", "How many"), _summary(assessment))
        _sheet(book, bold, "Causes", _CAUSES_HEAD, _causes(assessment))
        _sheet(book, bold, "Findings", HEAD, rows(assessment))
    return payload.getvalue()


def _sheet(
    book: Any, bold: Any, name: str, head: tuple[str, ...], lines: Iterable[tuple[str | int, ...]]
) -> None:
    sheet = book.add_worksheet(name)
    sheet.write_row(0, 0, head, bold)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(head) - 1, _WIDTH_CHARS)
    last = 0
    for last, line in enumerate(lines, start=1):
        if last > _MOST_ROWS:
            raise MlsecError(
                f"a workbook holds {_MOST_ROWS:,} rows, and there are more findings",
                hint="use findings-csv",
            )
        for column, cell in enumerate(line):
            if isinstance(cell, int):
                sheet.write_number(last, column, cell)
            else:
                sheet.write_string(last, column, cell[:_MOST_CHARS])
    sheet.autofilter(0, 0, last, len(head) - 1)


def _summary(assessment: Assessment) -> Iterator[tuple[str | int, ...]]:
    counts = tally.count(assessment)
    for severity in Severity:
        yield f"open, {severity.value}", counts.by_severity[severity]
    yield "waived", counts.waived
    yield "passed", counts.passed
    yield "not assessed", counts.not_assessed
    yield "percent of the checks assessed", counts.percent
    yield "scanned", ", ".join(shown(target, 200) for target in assessment.scan.targets)
    yield "finished", shown(assessment.scan.finished_at)
    for remark in assessment.remarks:
        yield "to know", shown(remark, 500)


def _causes(assessment: Assessment) -> Iterator[tuple[str | int, ...]]:
    for view in open_causes(assessment):
        yield (
            view.severity.value, shown(view.name, 300), shown(view.type), shown(view.where, 300),
            shown(view.title, 500), view.summary, shown(view.fix),
        )  # fmt: skip


def _finished(assessment: Assessment) -> datetime.datetime:
    seconds = int(unix_seconds(assessment.scan.finished_at)) or _NO_TIME
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).replace(tzinfo=None)
