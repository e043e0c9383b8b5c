"""Read the manifests of a folder; documents that cannot be read are reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from mlsec.collect.code.code_file import CodeFile, CodeScope, Declared, Language
from mlsec.collect.located.json import parse
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.located.yaml import parse_documents
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.providers.kubernetes.manifests.in_code import declared_objects
from mlsec.providers.kubernetes.manifests.kustomizations import patches_of
from mlsec.providers.kubernetes.manifests.rendered import (
    ROOTS,
    Sources,
    chart_folders,
    in_scenario,
    is_of_tests,
    rendered_objects,
    used_files,
)
from mlsec.providers.kubernetes.manifests.source_lines import Written
from mlsec.providers.kubernetes.objects.objects import KubeObject, group_of, is_object, unfold
from mlsec.providers.kubernetes.workloads.kinds import BY_KIND
from mlsec.providers.kubernetes.workloads.reading import read_objects
from mlsec.providers.kubernetes.workloads.resource_builder import ResourceBuilder
from mlsec.vocabulary.types import Vocabulary

_SAYS = ("apiVersion", "kind")
_NOT_BUILT = "not built: scan what it makes, kustomize build {folder}"
_TEMPLATE = "a template: scan what it makes, helm template RELEASE {folder}"


def read(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    """Give the resources that the manifests of a target declare, as one cluster."""
    things: list[KubeObject] = []
    patches, used = patches_of(scope), used_files(scope)
    for file in scope.written_in(Language.KUBERNETES):
        scope.take(file)
        if file.path in used:
            continue
        if file.path in patches:
            scope.doubt(file, f"a patch, which {patches[file.path]} applies when it is built")
        else:
            things += _objects_of(file, scope)
    charts = chart_folders(scope)
    for file in scope.written_in(Language.HELM_TEMPLATE):
        # What is not known of a chart is said once, of the chart.
        if file.path in used or any(file.path.startswith(folder) for folder in charts):
            scope.take(file)
        else:
            folder = file.path.partition("/templates/")[0] if "/templates/" in file.path else "."
            scope.refuse(file, _TEMPLATE.format(folder=folder), reason=GapReason.UNSUPPORTED)
    sources = Sources(scope)
    owners: dict[str, str] = {}
    for root in scope.written_in(*ROOTS):
        things += _of_root(root, sources, scope, owners)
    things += declared_objects(scope)
    builder = ResourceBuilder(scope.name, vocabulary, scope.tally)
    launches = read_objects(things, builder)
    return Declared(resources=tuple(builder.resources), launches=launches)


def _of_root(
    root: CodeFile, sources: Sources, scope: CodeScope, owners: dict[str, str]
) -> Iterator[KubeObject]:
    """Give the objects of a chart or kustomization, once for each scenario that it has."""
    scope.take(root)
    if root.rendering is msgspec.UNSET and root.language is Language.KUSTOMIZATION:
        folder = root.path.rpartition("/")[0] or "."
        scope.refuse(root, _NOT_BUILT.format(folder=folder), reason=GapReason.UNSUPPORTED)
    for problem in root.rendered.problems:
        scope.refuse(root, problem.detail, reason=problem.reason)
    for scenario in root.rendered.scenarios:
        taken: dict[str, int] = {}
        for text in scenario.texts:
            for file, node, source in rendered_objects(root, text, sources, scope):
                for item in unfold(node):
                    if is_object(item) and not is_of_tests(item):
                        thing = _object(file, scope.name, item, taken, source)
                        yield in_scenario(thing, root, scenario, owners)


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
            name = item.get("metadata", "name")
            if name is not None and isinstance(name.value, Mapping):
                scope.refuse(file, "its name is a mark that a program fills in", line=item.line)
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


def _object(
    file: CodeFile,
    scope: str,
    node: Node,
    taken: dict[str, int],
    source: Written | None = None,
) -> KubeObject:
    """Give an object; its id says what it is called in its ``source``, where that is known."""
    kind, namespace = node.text("kind"), node.text("metadata", "namespace")
    name = node.text("metadata", "name") or node.text("metadata", "generateName")
    group = group_of(node.text("apiVersion"))
    label = f"{kind}.{group}" if group else kind
    called = (namespace, name)
    if source is not None and source.name:
        called = (source.namespace, source.name)
    key = f"{scope}#{file.path}#{label}/{called[0] or '-'}/{called[1] or '-'}"
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
