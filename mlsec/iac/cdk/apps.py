"""Which files of a target may be of one CDK app: what one does to all constructs stays in it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping

from mlsec.collect.code.code_file import CodeFile
from mlsec.iac.cdk.syntax.tree import Source


class Apps:
    """The apps of a target by their folders; ``sources`` are the parsed files by their paths.

    A file that lies below no app may be of any, and so may all of an app that reaches out of its
    folder.
    """

    def __init__(self, apps: Iterable[CodeFile], sources: Mapping[str, Source]) -> None:
        folders = {file.path.removesuffix(posixpath.basename(file.path)) for file in apps}
        reaching = {
            folder
            for folder in folders
            for path, source in sources.items()
            if path.startswith(folder) and _reaches_out(folder, path, source)
        }
        self._of = {
            path: frozenset(folder for folder in folders if path.startswith(folder))
            for path in sources
        }
        self._anywhere = {
            path for path, within in self._of.items() if not within or within & reaching
        }
        self._sharing: dict[frozenset[str], tuple[str, ...]] = {}

    def sharing(self, path: str) -> tuple[str, ...]:
        """Give the files, by their paths, that may be of one app with a file, itself among them."""
        within = frozenset() if path in self._anywhere else self._of[path]
        known = self._sharing.get(within)
        if known is None:
            known = self._sharing[within] = tuple(
                other
                for other, folders in self._of.items()
                if not within or other in self._anywhere or folders & within
            )
        return known


def _reaches_out(folder: str, path: str, source: Source) -> bool:
    """Whether a file of a folder imports what does not lie below it."""
    for module in source.imports.values():
        if path.endswith(".py"):
            ups = len(module) - len(module.lstrip(".")) - 1
            target = posixpath.join(posixpath.dirname(path), *[".."] * max(ups, 0))
        elif module.startswith("."):
            target = posixpath.join(posixpath.dirname(path), module)
        else:
            continue
        if not f"{posixpath.normpath(target)}/".startswith(folder or ""):
            return True
    return False
