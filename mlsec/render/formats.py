"""The report formats; each loads only when it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.render.settings import DEFAULT, RenderSettings


class Renderer(Protocol):
    """Turns an assessment into the bytes of one file, whole or in pieces."""

    def __call__(
        self, assessment: Assessment, settings: RenderSettings = DEFAULT
    ) -> bytes | Iterator[bytes]:
        """Give the file's bytes; same input, same bytes."""
        ...


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """One way to show an assessment.

    ``file_name`` is its main file in the output folder; ``files`` gives all of them by name, for
    a format that may need more than one.
    """

    name: str
    file_name: str
    render: Renderer
    files: Callable[[Assessment, RenderSettings], Mapping[str, Iterable[bytes]]] | None = None


def _html(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    from mlsec.render.html.html import render_html  # noqa: PLC0415 - loads only when used

    return render_html(assessment, settings)


def _sarif(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    from mlsec.render.sarif.sarif import render_sarif  # noqa: PLC0415 - loads only when used

    return render_sarif(assessment, settings)


def _sarif_files(assessment: Assessment, settings: RenderSettings) -> Mapping[str, Iterable[bytes]]:
    from mlsec.render.sarif.sarif import sarif_files  # noqa: PLC0415 - loads only when used

    return sarif_files(assessment, settings)


def _sarif_full(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    from mlsec.render.sarif.sarif import render_sarif_full  # noqa: PLC0415 - loads only when used

    return render_sarif_full(assessment, settings)


def _sarif_full_files(
    assessment: Assessment, settings: RenderSettings
) -> Mapping[str, Iterable[bytes]]:
    from mlsec.render.sarif.sarif import sarif_full_files  # noqa: PLC0415 - loads only when used

    return sarif_full_files(assessment, settings)


def _json(assessment: Assessment, settings: RenderSettings = DEFAULT) -> Iterator[bytes]:
    from mlsec.render.assessment_json import render_json  # noqa: PLC0415 - loads only when used

    return render_json(assessment, settings)


def _json_files(assessment: Assessment, settings: RenderSettings) -> Mapping[str, Iterable[bytes]]:
    from mlsec.render.assessment_json import json_files  # noqa: PLC0415 - loads only when used

    return json_files(assessment, settings)


def _text(assessment: Assessment, settings: RenderSettings = DEFAULT) -> Iterator[bytes]:
    from mlsec.render.text.text import render_text  # noqa: PLC0415 - loads only when used

    return render_text(assessment, settings)


def _markdown(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    from mlsec.render.markdown import render_markdown  # noqa: PLC0415 - loads only when used

    return render_markdown(assessment, settings)


def _quality(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    from mlsec.render.gitlab.quality import render_quality  # noqa: PLC0415 - loads only when used

    return render_quality(assessment, settings)


def _quality_files(
    assessment: Assessment, settings: RenderSettings
) -> Mapping[str, Iterable[bytes]]:
    from mlsec.render.gitlab.quality import quality_files  # noqa: PLC0415 - loads only when used

    return quality_files(assessment, settings)


def _sast(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    from mlsec.render.gitlab.sast import render_sast  # noqa: PLC0415 - loads only when used

    return render_sast(assessment, settings)


def _sast_files(assessment: Assessment, settings: RenderSettings) -> Mapping[str, Iterable[bytes]]:
    from mlsec.render.gitlab.sast import sast_files  # noqa: PLC0415 - loads only when used

    return sast_files(assessment, settings)


def _cyclonedx(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    from mlsec.render.cyclonedx import render_cyclonedx  # noqa: PLC0415 - loads only when used

    return render_cyclonedx(assessment, settings)


def _oscal(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    from mlsec.render.oscal.oscal import render_oscal  # noqa: PLC0415 - loads only when used

    return render_oscal(assessment, settings)


def _sheet(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    from mlsec.render.sheet.page import render_sheet  # noqa: PLC0415 - loads only when used

    return render_sheet(assessment, settings)


def _sheet_csv(assessment: Assessment, settings: RenderSettings = DEFAULT) -> Iterator[bytes]:
    from mlsec.render.sheet.csv import render_sheet_csv  # noqa: PLC0415 - loads only when used

    return render_sheet_csv(assessment, settings)


def _findings_csv(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    from mlsec.render.exports.findings_csv import render_findings_csv  # noqa: PLC0415 - loads only when used

    return render_findings_csv(assessment, settings)


def _workbook(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    from mlsec.render.exports.workbook import render_workbook  # noqa: PLC0415 - loads only when used

    return render_workbook(assessment, settings)


def _junit(assessment: Assessment, settings: RenderSettings = DEFAULT) -> Iterator[bytes]:
    from mlsec.render.exports.junit import render_junit  # noqa: PLC0415 - loads only when used

    return render_junit(assessment, settings)


def _ocsf(assessment: Assessment, settings: RenderSettings = DEFAULT) -> Iterator[bytes]:
    from mlsec.render.exports.ocsf import render_ocsf  # noqa: PLC0415 - loads only when used

    return render_ocsf(assessment, settings)


def _asff(assessment: Assessment, settings: RenderSettings = DEFAULT) -> Iterator[bytes]:
    from mlsec.render.exports.asff import render_asff  # noqa: PLC0415 - loads only when used

    return render_asff(assessment, settings)


def _openmetrics(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    from mlsec.render.exports.openmetrics import render_openmetrics  # noqa: PLC0415 - loads only when used

    return render_openmetrics(assessment, settings)


def _issues(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    from mlsec.render.exports.issues import render_issues  # noqa: PLC0415 - loads only when used

    return render_issues(assessment, settings)


FORMATS: Mapping[str, Format] = {
    item.name: item
    for item in (
        Format(name="html", file_name="report.html", render=_html),
        Format(name="sarif", file_name="results.sarif", render=_sarif, files=_sarif_files),
        Format(
            name="sarif-full",
            file_name="results-full.sarif",
            render=_sarif_full,
            files=_sarif_full_files,
        ),
        Format(name="json", file_name="assessment.json", render=_json, files=_json_files),
        Format(name="text", file_name="report.txt", render=_text),
        Format(name="markdown", file_name="summary.md", render=_markdown),
        Format(name="sheet", file_name="controls.html", render=_sheet),
        Format(name="csv", file_name="controls.csv", render=_sheet_csv),
        Format(name="cyclonedx", file_name="bom.cdx.json", render=_cyclonedx),
        Format(name="oscal", file_name="results.oscal.json", render=_oscal),
        Format(
            name="gitlab",
            file_name="gl-code-quality-report.json",
            render=_quality,
            files=_quality_files,
        ),
        Format(
            name="gitlab-sast",
            file_name="gl-sast-report.json",
            render=_sast,
            files=_sast_files,
        ),
        Format(name="findings-csv", file_name="findings.csv", render=_findings_csv),
        Format(name="xlsx", file_name="findings.xlsx", render=_workbook),
        Format(name="junit", file_name="results.junit.xml", render=_junit),
        Format(name="ocsf", file_name="results.ocsf.json", render=_ocsf),
        Format(name="asff", file_name="results.asff.json", render=_asff),
        Format(name="openmetrics", file_name="metrics.prom", render=_openmetrics),
        Format(name="issues", file_name="issues.json", render=_issues),
    )
}
