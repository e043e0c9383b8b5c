"""CDK apps of a target, where nothing that they synthesise lies there: read, and never run."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from mlsec.collect.code.code_file import CodeFile, CodeScope, Declared, Language
from mlsec.collect.located.located import Node
from mlsec.core.enums import GapReason
from mlsec.core.regex import regex
from mlsec.iac.cdk.apps import Apps
from mlsec.iac.cdk.aspects import looking
from mlsec.iac.cdk.imports import imports_cdk
from mlsec.iac.cdk.modules import AppModules
from mlsec.iac.cdk.source import Names, Worked, synthesised, work_out
from mlsec.iac.cdk.syntax import python, typescript
from mlsec.iac.cdk.syntax.tree import Source
from mlsec.iac.cdk.template import Item
from mlsec.iac.cloudformation.template import Template
from mlsec.iac.mapping.declaration import Declaration, given_name
from mlsec.iac.mapping.path_lookup import fold
from mlsec.iac.mapping.resources import ReferredOf, ShapesOf, declare
from mlsec.vocabulary.types import Vocabulary

KIND = "cloudformation"
_BUDGET = "cdk"
_MISSING = "the parser of TypeScript is not installed: mlsec doctor names the command"
_TEST = regex(r"(?:^|/)(?:tests?|__tests__)/|\.test\.ts\Z|(?:^|/)test_[^/]*\.py\Z")
_OLD = ("@aws-cdk/core", "import core", "aws_cdk.core")


def read(
    scope: CodeScope, vocabulary: Vocabulary, shapes_of: ShapesOf, referred_of: ReferredOf
) -> Declared:
    """Give what the constructs of a target's apps declare."""
    worked = {file.id: (file, item) for file, item in _worked(scope)}
    if not worked:
        return Declared()
    declared = _declarations(scope, vocabulary, list(worked.values()))
    return declare(scope, vocabulary, declared, shapes_of, referred_of)


def _worked(scope: CodeScope) -> Iterator[tuple[CodeFile, Worked]]:
    made = _synthesised_apps(scope)
    budget = scope.budget(_BUDGET)
    written = scope.written_in(Language.CDK_CODE, Language.PYTHON)
    modules = AppModules(written, budget)
    files = [file for file in written if imports_cdk(file.path.lower(), file.text)]
    for file in files:
        scope.take(file)
        if any(file.path.startswith(folder) for folder in made):
            continue  # what it synthesises is judged instead
        source = _parsed(scope, file, files)
        if source is None:
            continue
        is_old = any(word in file.text for word in _OLD)
        yield file, work_out(source, budget, modules.constants_of(file), is_old=is_old)


def _synthesised_apps(scope: CodeScope) -> tuple[str, ...]:
    """Give the folders of apps that are synthesised there; what is committed may be old."""
    folders = []
    for app in scope.written_in(Language.CDK):
        base = posixpath.dirname(app.path)
        base = f"{base}/" if base else ""
        if any(
            item.path.startswith(f"{base}cdk.out/") and not item.is_committed
            for item in scope.written_in(Language.CLOUDFORMATION)
        ):
            folders.append(base)
    return tuple(folders)


def _parsed(scope: CodeScope, file: CodeFile, files: list[CodeFile]) -> Source | None:
    def is_used(name: str) -> bool:
        return any(name in other.text for other in files if other is not file)

    if file.path.endswith(".py"):
        source = python.parse(file.text, is_used)
    elif typescript.can_parse():
        source = typescript.parse(file.text, is_used)
    else:
        scope.refuse(file, _MISSING, reason=GapReason.UNSUPPORTED)
        return None
    for line, what in source.mistakes:
        if source.is_over_limit:
            scope.over_limit(file, what, line)
        else:
            scope.refuse(file, what, line=line)
    return source


def _declarations(
    scope: CodeScope, vocabulary: Vocabulary, worked: list[tuple[CodeFile, Worked]]
) -> Iterator[Declaration]:
    names = _names(vocabulary)
    # What a test does to an app is not done to the app that is deployed.
    parts = [(file.path, item) for file, item in worked if not _TEST.search(file.path)]
    only_look = looking(item.evaluation.source for _, item in parts)
    loose = {path: item.loose for path, item in parts}
    rewritten = {path: why for path, item in parts if (why := item.rewritten(only_look))}
    tagged = {path: why for path, item in parts if (why := item.tagged)}
    sources = {file.path: item.evaluation.source for file, item in worked}
    apps = Apps(scope.written_in(Language.CDK), sources)
    for file, item in worked:
        near = apps.sharing(file.path)
        everywhere = (
            next((rewritten[path] for path in near if path in rewritten), None),
            next((tagged[path] for path in near if path in tagged), None),
        )
        far = frozenset[str]().union(*(loose[path] for path in near if path in loose))
        items = synthesised(
            item, names, far, everywhere, scope.budget(_BUDGET),
            lambda why, line, file=file: scope.over_limit(file, why, line),  # type: ignore[misc]
        )  # fmt: skip
        yield from _of_file(scope, vocabulary, file, items)


def _of_file(
    scope: CodeScope, vocabulary: Vocabulary, file: CodeFile, items: dict[str, Item]
) -> Iterator[Declaration]:
    root = Node({"Resources": Node({name: item.node for name, item in items.items()})})
    template = Template(
        root,
        vocabulary.declared.get(KIND, {}),
        budget=scope.budget(_BUDGET),
        tell=lambda why, line: scope.over_limit(file, why, line),
    )
    for member in template.members.values():
        yield Declaration(
            kind=KIND,
            type=member.type,
            address=member.logical,
            body=template.body_of(member),
            file=file,
            stack=file.in_repository or file.id,
            line=member.node.line,
            column=member.node.column,
            given=given_name(member.logical),
            why_open=items[member.logical].opened,
        )


def _names(vocabulary: Vocabulary) -> Names:
    types, attributes = {}, {}
    for kind, entries in vocabulary.declared.get(KIND, {}).items():
        parts = kind.split("::")
        if len(parts) != 3:
            continue
        module = "sam" if parts[1] == "Serverless" else parts[1]
        types[f"aws{fold(module)}.cfn{fold(parts[2])}"] = kind
        attributes[kind] = {fold(name): name for entry in entries for name in entry.attributes}
    return Names(types=types, attributes=attributes)
