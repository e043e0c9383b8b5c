"""XML reduced to what it does: element names, and of attributes the few that name a destination."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_ATTRIBUTE = re.compile(r"""(?<![\w:.-])([\w:.-]++)\s*+=\s*+("[^"]*"|'[^']*')""")
_TAG = re.compile(r"""<(/?)([A-Za-z][\w:.-]*+)((?:[^<>"']++|"[^"]*+"|'[^']*+'|(?!))*+)>""")
# An expression is computed when a request comes; what stands in it is code, not an address.
_COMPUTED = re.compile(r"@\(|@\{|\{\{")


def skeleton(text: str) -> str:
    """Give the tags of XML without comments, texts and attribute values.

    Of ``backend-id`` the value is kept, of ``base-url`` scheme and host: they say where requests go
    and are no secrets. Every other value, and every text, may be one.
    """
    tags = []
    for closing, name, inside in _TAG.findall(_COMMENT.sub("", text)):
        attributes = "".join(
            f' {key}="{_kept(key.lower(), value[1:-1])}"'
            for key, value in _ATTRIBUTE.findall(inside)
        )
        end = " /" if inside.rstrip().endswith("/") else ""
        tags.append(f"<{closing}{name}{attributes}{end}>")
    return "".join(tags)


def _kept(key: str, value: str) -> str:
    if _COMPUTED.search(value) or '"' in value:
        return ""
    if key == "backend-id":
        return value
    if key != "base-url":
        return ""
    try:
        scheme, host = urlsplit(value).scheme, urlsplit(value).hostname
    except ValueError:
        return ""
    return f"{scheme}://{host}" if host else ""
