"""Constants that a CDK app imports from other files of its folder."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mlsec.collect.code.budget import Budget
from mlsec.collect.code.code_file import CodeFile
from mlsec.collect.located.located import Node
from mlsec.iac.cdk.calls import Evaluation
from mlsec.iac.cdk.syntax import python, typescript
from mlsec.iac.cdk.syntax.tree import Source
from mlsec.iac.mapping.api_answers import stamped

_MOST_PARTS = 8
_MOST_OPEN = 6


class AppModules:
    """The files of a target that others may import constants from."""

    def __init__(self, files: Iterable[CodeFile], budget: Budget) -> None:
        self._files = {file.path: file for file in files}
        self._budget = budget
        self._read: dict[str, Evaluation] = {}
        self._open: set[tuple[str, str]] = set()

    def constants_of(self, file: CodeFile) -> Callable[[str], Any]:
        """Give what looks up a name that a file imports: ``config.Settings.REGION``."""
        return lambda path: self._constant(file.path, path)

    def _constant(self, importer: str, path: str) -> Any:
        """Give a plain constant; None for everything else."""
        key = (importer, path)
        if key in self._open or len(self._open) >= _MOST_OPEN:
            return None
        self._open.add(key)
        try:
            for file, names in self._meant(importer, path):
                value = self._evaluation(file).exported(names)
                if not _is_plain(value):
                    return None
                return stamped(Node(value), file.shown).value
        finally:
            self._open.discard(key)
        return None

    def _meant(self, importer: str, path: str) -> Iterator[tuple[CodeFile, tuple[str, ...]]]:
        """Give the one file that a path may name, and the names in it; none where several may."""
        if importer.endswith(".ts"):
            yield from self._of_typescript(importer, path)
            return
        dots = len(path) - len(path.lstrip("."))
        parts = path.lstrip(".").split(".")
        if len(parts) > _MOST_PARTS:
            return
        folder = posixpath.dirname(importer)
        for _ in range(dots - 1):
            folder = posixpath.dirname(folder)
        folders = [folder] if dots else list(_above(folder))
        named = [
            (self._files[name], tuple(parts[at:]))
            for base in folders
            for at in range(1, len(parts))
            if (name := posixpath.join(base, *parts[:at]) + ".py") in self._files
        ]
        if len(named) == 1:
            yield named[0]

    def _of_typescript(
        self, importer: str, path: str
    ) -> Iterator[tuple[CodeFile, tuple[str, ...]]]:
        head, slash, tail = path.rpartition("/")
        if not head.startswith("."):
            return
        name, _, rest = tail.partition(".")
        base = posixpath.normpath(posixpath.join(posixpath.dirname(importer), head, name))
        for file in (f"{base}.ts", f"{base}/index.ts"):
            if slash and rest and file in self._files:
                yield self._files[file], tuple(rest.split("."))
                return

    def _evaluation(self, file: CodeFile) -> Evaluation:
        known = self._read.get(file.path)
        if known is None:
            source = _parsed(file)
            known = Evaluation(source, self._budget, self.constants_of(file))
            known.note_changes()
            self._read[file.path] = known
        return known


def _parsed(file: CodeFile) -> Source:
    if file.path.endswith(".py"):
        return python.parse(file.text)
    return typescript.parse(file.text) if typescript.can_parse() else Source()


def _above(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


def _is_plain(value: Any) -> bool:
    """Whether it is a text, number or truth, or a list or mapping of such."""
    if isinstance(value, tuple):
        return all(_is_plain(item.value) for item in value)
    if isinstance(value, Mapping):
        return all(_is_plain(item.value) for item in value.values())
    return isinstance(value, str | int | float)
