"""Who else sets what a script has only a default for: what starts the script may say otherwise."""

from __future__ import annotations

import posixpath
import re

from mlsec.collect.code.code_file import CodeFile, CodeScope, Language
from mlsec.collect.located.located import UnknownValue

_STARTING = frozenset({
    Language.DOCKERFILE, Language.COMPOSE, Language.KUBERNETES, Language.SHELL, Language.UNIT,
    Language.PROCFILE,
})  # fmt: skip


class ExternalEnvironment:
    """The variables that other files of the target set for a script that they name."""

    def __init__(self, scope: CodeScope, file: CodeFile) -> None:
        self._name = posixpath.basename(file.path)
        named = re.compile(rf"(?<![\w.-]){re.escape(self._name)}(?![\w.-])")
        self._callers = [
            item
            for item in scope.files
            if item.id != file.id and item.language in _STARTING and named.search(item.text)
        ]

    def lookup(self, name: str) -> UnknownValue | None:
        """Give None where nothing sets a variable, so that its default holds."""
        sets = re.compile(
            rf"(?<![\w$-]){re.escape(name)}[\"']?\s*[=:]|name:\s*[\"']?{re.escape(name)}\b|ENV\s+{re.escape(name)}\s"
        )
        for caller in self._callers:
            if sets.search(caller.text):
                return UnknownValue(f"{caller.shown} names {self._name} and sets {name}")
        return None
