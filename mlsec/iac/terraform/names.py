"""What expressions are evaluated with: the names they may use."""

from __future__ import annotations

from mlsec.collect.code.code_file import CodeFile
from mlsec.collect.located.located import UnknownValue
from mlsec.iac.terraform.values import Value


class Names:
    """What the words of a scope stand for, and the files that its functions may read."""

    def lookup(self, name: str) -> Value:
        """Give a word's value or space; UnknownValue for a word that nothing declares."""
        raise NotImplementedError

    def read_file(self, path: str) -> str | UnknownValue:
        """Give the text of a file of the same target."""
        raise NotImplementedError

    def tell_limit(self, file: CodeFile | None, line: int, why: str) -> None:
        """Say that a limit of the scan hides what stands at a line."""
        raise NotImplementedError
