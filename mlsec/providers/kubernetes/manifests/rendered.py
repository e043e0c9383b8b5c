"""Reads what charts and kustomizations became: objects, each with the lines of its source."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

import msgspec

from mlsec.collect.code.code_file import CodeFile, CodeScope, Language, RenderedText, Scenario
from mlsec.collect.located.located import Node
from mlsec.collect.located.yaml import parse_documents
from mlsec.core.errors import MlsecError
from mlsec.providers.kubernetes.manifests.source_lines import (
    Written,
    documents_of,
    relocated,
    written_documents,
)
from mlsec.providers.kubernetes.objects.objects import KubeObject

ROOTS = (Language.HELM_CHART, Language.KUSTOMIZATION)
_OWN_VALUES = "values.yaml"
_HOOK = "helm.sh/hook"


class Sources:
    """The files that roots were rendered from, by path: their places, and what they say."""

    def __init__(self, scope: CodeScope) -> None:
        self._files = {file.path: file for file in scope.files}
        self._written: dict[str, list[Written]] = {}
        self._patches: dict[str, dict[tuple[str, str], list[Written]]] = {}

    def file(self, path: str, root: CodeFile) -> CodeFile:
        """Give a source; one that declares nothing by itself was not kept, but has its place."""
        known = self._files.get(path)
        if known is not None:
            return known
        base = root.in_repository.removesuffix(root.path)
        return CodeFile(
            id=f"{root.id.removesuffix(root.path)}{path}",
            path=path,
            language=Language.HELM_TEMPLATE,
            text="",
            in_repository=f"{base}{path}" if root.in_repository else "",
        )

    def written(self, node: Node, file: CodeFile, root: CodeFile) -> list[Written]:
        """Give what an object can have been rendered from: documents of its file, and patches."""
        own = documents_of(node, self._documents(file))
        if root.language is not Language.KUSTOMIZATION:
            return own
        if len(own) != 1:
            return []
        patches = self._patches_of(root).get(own[0].identity, ())
        return [*own, *(item for item in patches if item.file != file.shown)]

    def _documents(self, file: CodeFile) -> list[Written]:
        if file.path not in self._written:
            is_root = file.language in ROOTS
            self._written[file.path] = [] if is_root else written_documents(file.text, file.shown)
        return self._written[file.path]

    def _patches_of(self, root: CodeFile) -> dict[tuple[str, str], list[Written]]:
        """Give the documents of all files that a kustomization takes in, by kind and name."""
        if root.path not in self._patches:
            patches: dict[tuple[str, str], list[Written]] = {}
            for path in root.rendered.used:
                file = self._files.get(path)
                if file is not None and file.language is Language.KUBERNETES:
                    for document in self._documents(file):
                        patches.setdefault(document.identity, []).append(document)
            self._patches[root.path] = patches
        return self._patches[root.path]


def used_files(scope: CodeScope) -> Mapping[str, str]:
    """Give the paths of files that went into a root, each with the path of the root."""
    return {path: root.path for root in scope.written_in(*ROOTS) for path in root.rendered.used}


def chart_folders(scope: CodeScope) -> tuple[str, ...]:
    """Give the folders of all charts, the longest first; each ends with a slash, but for ""."""
    folders = {posixpath.dirname(file.path) for file in scope.written_in(Language.HELM_CHART)}
    return tuple(sorted((f"{item}/" if item else "" for item in folders), key=len, reverse=True))


def rendered_objects(
    root: CodeFile, text: RenderedText, sources: Sources, scope: CodeScope
) -> Iterator[tuple[CodeFile, Node, Written]]:
    """Give the objects of one rendered text, placed in their source, and what they are there.

    Overlays give one object several names; where it comes from it has one.
    """
    try:
        for node in parse_documents(text.text):
            file = sources.file(text.source, root)
            written = sources.written(node, file, root)
            is_known = root.language is Language.KUSTOMIZATION and bool(written)
            source = written[0] if is_known else Written()
            yield file, relocated(node, written, file.shown), source
    except MlsecError as error:
        said = f"{text.source} becomes what is no manifest: {error.message}"
        scope.refuse(root, said)


def is_of_tests(node: Node) -> bool:
    """Whether an object is made for ``helm test`` alone."""
    annotation = node.get("metadata", "annotations", _HOOK)
    hooks = str(annotation.value if annotation is not None else "").split(",")
    return bool(hooks) and all(hook.strip().startswith("test") for hook in hooks)


def in_scenario(
    thing: KubeObject, root: CodeFile, scenario: Scenario, owners: dict[str, str]
) -> KubeObject:
    """Give an object the id and the names of the scenario that it is made in.

    ``owners`` has the root that each id was met in first, and grows.
    """
    name = scenario.values
    is_first = thing.id not in owners
    is_own = owners.setdefault(thing.id, root.path) == root.path
    if root.language is Language.HELM_CHART:
        if not is_own:
            name = posixpath.join(posixpath.dirname(root.path), name)
        elif len(root.rendered.scenarios) < 2 and name == _OWN_VALUES:
            name = ""
    return msgspec.structs.replace(
        thing,
        id=thing.id if is_first else f"{thing.id}@{name}",
        stack=f"{root.path} {scenario.values}",
        scenario=name,
    )
