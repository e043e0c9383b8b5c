"""What Google's predefined roles allow, as of the day of the file: code cannot ask the service.

Only for code: of an account, roles are asked. A role that is not in the file is not known.
"""

from __future__ import annotations

import functools
from pathlib import Path

PLACE = Path(__file__).with_name("predefined_roles.txt")


@functools.lru_cache(maxsize=256)
def predefined_permissions(role: str) -> frozenset[str] | None:
    """Give all that a predefined role allows; None when it is not known."""
    text = _text()
    start = text.find(f"\n{role} ")
    if start < 0 or not role.startswith("roles/"):
        return None
    start = text.index("\n", start + 1) + 1
    permissions = set()
    while text.startswith(" ", start):
        end = text.index("\n", start)
        kind, *verbs = text[start + 1 : end].split(" ")
        permissions |= {f"{kind}.{verb}" for verb in verbs}
        start = end + 1
    return frozenset(permissions)


@functools.cache
def _text() -> str:
    return PLACE.read_text("utf-8")
