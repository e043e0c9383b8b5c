"""The sheet as a page to print: A4, numbered, with the digest of the evidence on every page."""

from __future__ import annotations

import re

from markupsafe import Markup

from mlsec.core.assessment import Assessment
from mlsec.core.content_paths import content_folder
from mlsec.render.display import masked
from mlsec.render.document import document_digest
from mlsec.render.page_environment import page_environment, source_hash
from mlsec.render.settings import DEFAULT, RenderSettings
from mlsec.render.sheet.sheet import sheets_of

_NOT_OF_A_DIGEST = re.compile("[^0-9a-z:]")


def render_sheet(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    """Write the page; it has no script, so that every row is there at once.

    Raises:
        MlsecError: the catalogue does not have the framework.
    """
    sheets = tuple(sheets_of(assessment, settings))
    style = (content_folder("reports") / "style" / "sheet.css").read_text("utf-8")
    evidence = _NOT_OF_A_DIGEST.sub("", assessment.scan.snapshot_digest)
    style = style.replace("EVIDENCE_DIGEST", evidence[:80] or "none")
    text = (
        page_environment()
        .get_template("sheet.html.j2")
        .render(
            a=assessment,
            sheets=sheets,
            digest=document_digest(assessment),
            style=Markup(style),  # noqa: S704 - our own file, and a digest
            style_hash=source_hash(style),
        )
    )
    return masked(text.encode("utf-8", "backslashreplace"))
