"""Shows the configuration as YAML that could be an mlsec.yaml, each value with its source."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlsec.cli.config.merge import COMMAND_LINE, DEFAULT, Configuration
from mlsec.cli.config.read import SECRET, Setting
from mlsec.core.sanitize import visible

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9/_.-]*\Z")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off"})


def config_text(configuration: Configuration) -> str:
    """Give every option: what was set first, then the defaults as comments."""
    settings = configuration.settings
    chosen = {
        name: at
        for name, at in settings.items()
        if not at.source.startswith(DEFAULT) and name != "config"
    }
    rows = [*_rows(chosen, ""), *_rows({n: settings[n] for n in settings if n not in chosen}, "# ")]
    width = min(max((len(text) for text, _ in rows), default=0), 60)
    return "\n".join(f"{text.ljust(width)}  # {source}" for text, source in rows)


def _rows(settings: dict[str, Setting] | Any, mark: str) -> Iterator[tuple[str, str]]:
    for name, setting in settings.items():
        yield f"{mark}{name}: {_shown(name, setting)}", visible(setting.source, 300)


def _shown(name: str, setting: Setting) -> str:
    if name in SECRET and setting.value:
        written = setting.shown if setting.source not in (COMMAND_LINE,) else None
        return '"(not shown)"' if written is None else _yaml(written)
    return _yaml(setting.value)


def _yaml(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case list() | tuple():
            return f"[{', '.join(map(_yaml, value))}]"
        case float() if value.is_integer():
            return str(int(value))
        case int() | float():
            return str(value)
        case Path() | str():
            text = str(value)
            is_plain = _PLAIN.match(text) and text.lower() not in _WORDS
            return text if is_plain else json.dumps(visible(text, 2000), ensure_ascii=False)
    return json.dumps(visible(str(value), 2000), ensure_ascii=False)
