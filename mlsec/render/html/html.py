"""report.html: one self-contained page under a strict content security policy."""

from __future__ import annotations

import base64
import functools
import hashlib
from typing import Any

import jinja2
from markupsafe import Markup

from mlsec.core.assessment import Assessment
from mlsec.core.content_paths import content_folder
from mlsec.core.enums import Status
from mlsec.render.display import (
    actual_text,
    expected_text,
    plural,
    shown,
    shown_id,
    telling,
    value_text,
)
from mlsec.render.html.data import findings_island
from mlsec.render.html.path_layout import BOX_WIDTH
from mlsec.render.html.view import build_view
from mlsec.render.links import is_link
from mlsec.render.settings import DEFAULT, RenderSettings

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
        a=assessment,
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        style_hash=_hash(style),
        script_hash=_hash(script),
        island=findings_island(assessment, view.findings),
    )
    return text.encode("utf-8", "backslashreplace")


@functools.cache
def _environment() -> jinja2.Environment:
    """Made once a process, so that several pages compile the templates once."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(content_folder("reports")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_safe,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        box_width=BOX_WIDTH,
        plural=plural,
        is_link=is_link,
        expected_text=expected_text,
        actual_text=actual_text,
        telling=telling,
        shown_id=shown_id,
        FAIL=Status.FAIL,
    )
    environment.filters.update(
        {
            "snippet": _snippet,
            "named": _named,
            "value": value_text,
            "cut": shown,
            "n": lambda item: f"{item:,}",
        }
    )
    return environment


def _safe(value: Any) -> Any:
    """Pass every text that a template puts out through the escapes; markup is ours already."""
    return shown(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _named(text: str, limit_chars: int = 0) -> str:
    """Cut a name; one of nothing but blanks is said to be empty."""
    cut = shown(text, limit_chars)
    return cut if any(sign.isprintable() and not sign.isspace() for sign in cut) else "(empty)"


def _snippet(text: str) -> Markup:
    """Give lines to show as they are."""
    return Markup("\n").join(shown(line) for line in text.strip("\n").split("\n"))


def _joined(folder: str, names: tuple[str, ...], suffix: str) -> str:
    place = content_folder("reports") / folder
    return "\n".join((place / f"{name}.{suffix}").read_text("utf-8") for name in names)


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
