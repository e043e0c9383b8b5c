"""How templates are filled in: every text escaped, an unknown name an error."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import jinja2
from markupsafe import Markup

from mlsec.core.content_paths import content_folder
from mlsec.render.display import shown, value_text


def page_environment() -> jinja2.Environment:
    """Make what fills in the templates of ``reports/``, with the filters that all pages use."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(content_folder("reports")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_safe,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        {
            "snippet": _snippet,
            "named": _named,
            "sentence": _sentence,
            "value": value_text,
            "cut": shown,
            "n": lambda item: f"{item:,}",
        }
    )
    return environment


def source_hash(text: str) -> str:
    """Give the SHA-256 by which a content security policy allows a style or a script."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _safe(value: Any) -> Any:
    """Pass every text that a template puts out through the escapes; markup is ours already."""
    return shown(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _named(text: str, limit_chars: int = 0) -> str:
    """Cut a name; one of nothing but blanks is said to be empty."""
    cut = shown(text, limit_chars)
    return cut if any(sign.isprintable() and not sign.isspace() for sign in cut) else "(empty)"


def _sentence(text: str, limit_chars: int = 0) -> str:
    """Begin with a capital letter what begins with a plain word; a name stays as it is."""
    first = text.partition(" ")[0].rstrip(",;:")
    is_word = first.isascii() and first.isalpha() and first.islower()
    return _named(text[:1].upper() + text[1:] if is_word else text, limit_chars)


def _snippet(text: str) -> Markup:
    """Give lines to show as they are."""
    return Markup("\n").join(shown(line) for line in text.strip("\n").split("\n"))
