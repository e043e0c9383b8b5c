"""Find the patches of a folder: partial objects that a kustomization applies to others."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from mlsec.collect.code.code_file import CodeScope, Language
from mlsec.collect.located.located import Node
from mlsec.collect.located.yaml import parse_documents
from mlsec.core.errors import MlsecError


def patches_of(scope: CodeScope) -> dict[str, str]:
    """Give the paths of patches, each with the kustomization that names it."""
    patches: dict[str, str] = {}
    for file in scope.written_in(Language.KUSTOMIZATION):
        try:
            nodes = list(parse_documents(file.text))
        except MlsecError:
            continue  # the file itself is reported as not understood
        for node in nodes:
            for name in _named(node):
                path = posixpath.normpath(posixpath.join(posixpath.dirname(file.path), name))
                patches[path] = file.path
    return patches


def _named(node: Node) -> Iterator[str]:
    for item in node.items("patchesStrategicMerge"):
        # A patch may be inline text.
        if isinstance(item.value, str) and "\n" not in item.value:
            yield item.value
    for key in ("patches", "patchesJson6902"):
        for item in node.items(key):
            if item.text("path"):
                yield item.text("path")
