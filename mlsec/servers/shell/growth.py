"""How far the variables of one file may grow when each stands for several of another."""

from __future__ import annotations

from collections.abc import Callable

from mlsec.collect.code.code_file import CodeFile, CodeScope
from mlsec.collect.located.located import UnknownValue, over_limit
from mlsec.servers.shell.expand import Lookup

# Of one variable, and of all that are filled in in one file. A short one always is: what stands
# beside one that grows is read as if it were not there.
MAX_VALUE_CHARS = 64 * 1024
MAX_FILE_CHARS = 2 * 1024 * 1024
SHORT_CHARS = 32
_WHY = f"variables that grow to more than {MAX_VALUE_CHARS // 1024} KiB"
Tell = Callable[[str, int], None]


def tell_in(scope: CodeScope, file: CodeFile) -> Tell:
    """Give what notes a limit at a line of a file."""
    return lambda why, line: scope.over_limit(file, why, line)


class Growth:
    """What is left to the variables of one file; ``line`` is where they are being filled in."""

    def __init__(self, tell: Tell | None = None, line: int = 0) -> None:
        self._tell, self.line = tell, line
        self._left = MAX_FILE_CHARS

    def take(self, chars: int) -> UnknownValue | None:
        """Count a value that is filled in; say why it is not known when it is too much."""
        self._left -= chars
        if chars <= SHORT_CHARS or (chars <= MAX_VALUE_CHARS and self._left >= 0):
            return None
        self.note(_WHY)
        return over_limit(_WHY)

    def note(self, why: str) -> None:
        """Say that a limit was met at this line."""
        if self._tell is not None:
            self._tell(why, self.line)

    def bound(self, lookup: Lookup) -> Lookup:
        """Give a lookup whose values are counted."""

        def find(name: str) -> str | UnknownValue | None:
            value = lookup(name)
            hidden = self.take(len(value)) if isinstance(value, str) else None
            return value if hidden is None else hidden

        return find
