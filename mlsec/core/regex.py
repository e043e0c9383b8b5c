"""Regular expressions that are compiled when they are first used: most scans use few of them."""

from __future__ import annotations

import re
from typing import Any, overload


@overload
def regex(text: str, flags: int = 0) -> re.Pattern[str]: ...
@overload
def regex(text: bytes, flags: int = 0) -> re.Pattern[bytes]: ...
def regex(text: str | bytes, flags: int = 0) -> Any:
    """As ``re.compile``, but later: to compile the hundreds that modules hold takes long.

    A mistake in ``text`` shows at the first use; a test compiles them all. Before Python 3.11.5 a
    possessive repeat of a group ends where its last, failed round stopped (gh-106052), not where
    that round began. A last alternative that never matches puts it back: ``(?:a|bc|(?!))*+``.
    """
    return _Later(text, flags)


class _Later:
    """Stands for a compiled pattern, and becomes as fast as one by taking over its methods."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._arguments: tuple[Any, int] = (text, flags)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        compiled: Any = re.compile(*self._arguments)
        attribute = getattr(compiled, name)
        setattr(self, name, attribute)
        return attribute
