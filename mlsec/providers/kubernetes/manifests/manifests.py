"""Read the manifests of a folder; documents that cannot be read are reported."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.collect.code.code_file import CodeFile, CodeScope, Declared, Language
from mlsec.collect.located.json import parse
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.located.yaml import parse_documents
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.providers.kubernetes.manifests.kustomizations import patches_of
from mlsec.providers.kubernetes.objects.objects import KubeObject, group_of, is_object, unfold
from mlsec.providers.kubernetes.workloads.kinds import BY_KIND
from mlsec.providers.kubernetes.workloads.reading import read_objects
from mlsec.providers.kubernetes.workloads.resource_builder import ResourceBuilder
from mlsec.vocabulary.types import Vocabulary

_SAYS = ("apiVersion", "kind")
_RENDER = {
    Language.HELM_TEMPLATE: "a template: scan what it makes, helm template RELEASE {folder}",
    Language.KUSTOMIZATION: "not built: scan what it makes, kustomize build {folder}",
}


def read(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    """Give the resources that the manifests of a target declare, as one cluster."""
    things: list[KubeObject] = []
    patches = patches_of(scope)
    for file in scope.written_in(Language.KUBERNETES):
        scope.take(file)
        if file.path in patches:
            scope.doubt(file, f"a patch, which {patches[file.path]} applies when it is built")
        else:
            things += _objects_of(file, scope)
    for language, words in _RENDER.items():
        for file in scope.written_in(language):
            folder = (
                _chart_of(file.path) if language is Language.HELM_TEMPLATE else _above(file.path)
            )
            scope.refuse(file, words.format(folder=folder), reason=GapReason.UNSUPPORTED)
    builder = ResourceBuilder(scope.name, vocabulary, scope.tally)
    launches = read_objects(things, builder)
    return Declared(resources=tuple(builder.resources), launches=launches)


def _objects_of(file: CodeFile, scope: CodeScope) -> Iterator[KubeObject]:
    taken: dict[str, int] = {}
    for node in _documents(file, scope):
        for item in unfold(node):
            if any(isinstance(n.value, UnknownValue) for n in map(item.get, _SAYS) if n):
                scope.refuse(file, "it says twice what it is", line=item.line)
                continue
            if not is_object(item):
                scope.doubt(file, "a document without apiVersion and kind", line=item.line)
                continue
            if item.text("$patch") == "delete":
                scope.refuse(file, "a patch that takes an object away", line=item.line)
                continue
            thing = _object(file, scope.name, item, taken)
            if (thing.group, thing.kind) not in BY_KIND:
                detail = f"nothing reads {thing.label}, but for pods that it holds"
                scope.doubt(file, detail, reason=GapReason.UNSUPPORTED, line=item.line)
            yield thing


def _documents(file: CodeFile, scope: CodeScope) -> Iterator[Node]:
    try:
        if file.path.lower().endswith(".json"):
            yield parse(file.text)
        else:
            yield from parse_documents(file.text)
    except MlsecError as error:
        scope.refuse_error(file, error)


def _object(file: CodeFile, scope: str, node: Node, taken: dict[str, int]) -> KubeObject:
    kind, namespace = node.text("kind"), node.text("metadata", "namespace")
    name = node.text("metadata", "name") or node.text("metadata", "generateName")
    group = group_of(node.text("apiVersion"))
    label = f"{kind}.{group}" if group else kind
    key = f"{scope}#{file.path}#{label}/{namespace or '-'}/{name or '-'}"
    taken[key] = taken.get(key, 0) + 1
    return KubeObject(
        id=f"{key}~{taken[key]}" if taken[key] > 1 else key,
        scope=scope,
        group=group,
        kind=kind,
        namespace=namespace,
        name=name or f"unnamed {kind}",
        node=node,
        file=file,
    )


def _above(path: str) -> str:
    return path.rpartition("/")[0] or "."


def _chart_of(path: str) -> str:
    return path.partition("/templates/")[0] if "/templates/" in path else "."
