"""report.html: one self-contained page under a strict content security policy."""

from __future__ import annotations

import functools

import jinja2
from markupsafe import Markup

from mlsec.core.assessment import Assessment
from mlsec.core.content_paths import content_folder
from mlsec.core.enums import Status
from mlsec.render.display import (
    plural,
    shown_id,
)
from mlsec.render.html.data import findings_island
from mlsec.render.html.path_layout import BOX_WIDTH
from mlsec.render.html.view import build_view
from mlsec.render.links import is_link
from mlsec.render.page_environment import page_environment, source_hash
from mlsec.render.settings import DEFAULT, RenderSettings
from mlsec.render.trend.plot import HEIGHT, WIDTH
from mlsec.render.wording import Wording

_STYLES = ("base", "overview", "findings", "sections", "print")
_SCRIPTS = ("page", "data", "search", "facets", "table", "details", "start")


def render_html(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    """Write the page; style and script are allowed by their digests, everything else is refused."""
    del settings
    view = build_view(assessment)
    style, script = _joined("style", _STYLES, "css"), _joined("script", _SCRIPTS, "js")
    page = _environment().get_template("report.html.j2")
    text = page.render(
        view=view,
        sentences=Wording(assessment.catalogue).sentences,
        a=assessment,
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        style_hash=source_hash(style),
        script_hash=source_hash(script),
        island=findings_island(assessment, view.findings),
    )
    return text.encode("utf-8", "backslashreplace")


@functools.cache
def _environment() -> jinja2.Environment:
    """Made once a process, so that several pages compile the templates once."""
    environment = page_environment()
    environment.globals.update(
        box_width=BOX_WIDTH,
        plot_width=WIDTH,
        plot_height=HEIGHT,
        plural=plural,
        is_link=is_link,
        shown_id=shown_id,
        FAIL=Status.FAIL,
    )
    return environment


def _joined(folder: str, names: tuple[str, ...], suffix: str) -> str:
    place = content_folder("reports") / folder
    return "\n".join((place / f"{name}.{suffix}").read_text("utf-8") for name in names)
