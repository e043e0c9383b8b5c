"""Environment files: NAME=value lines, with quotes, comments and ``export``."""

# Why not python-dotenv: it fills variables in from the scanner's own environment, and gives lines
# but no columns.

from __future__ import annotations

import re
from collections.abc import Mapping

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.servers.shell.expand import expand
from mlsec.servers.shell.growth import Growth, Tell

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=\s*(.*)\Z")


def parse_environment(text: str, file: str = "", tell: Tell | None = None) -> Mapping[str, Node]:
    """Give the variables of an environment file; the last of several with one name holds.

    ``file`` is kept as the tag of each node, so that its place is known. ``tell`` gets what a
    limit of the scan hides, and at which line.
    """
    nodes: dict[str, Node] = {}
    growth = Growth(tell)
    for number, line in enumerate(text.splitlines(), start=1):
        matched = _LINE.match(line)
        if matched is None or line.lstrip().startswith("#"):
            continue
        name, raw = matched[1], matched[2].strip()
        column = matched.start(1) + 1
        growth.line = number
        nodes[name] = Node(_value(raw, nodes, growth), number, column, file)
    return nodes


def _value(raw: str, before: Mapping[str, Node], growth: Growth) -> str | UnknownValue:
    if raw[:1] == "'":
        end = raw.find("'", 1)
        return raw[1:end] if end > 0 else raw[1:]
    if raw[:1] == '"':
        end = raw.find('"', 1)
        text = raw[1:end] if end > 0 else raw[1:]
    else:
        text = re.sub(r"(?<!\s)\s++#.*\Z", "", raw)

    def lookup(name: str) -> str | UnknownValue | None:
        result = before.get(name)
        return result.value if result is not None else None

    return expand(text, growth.bound(lookup))
