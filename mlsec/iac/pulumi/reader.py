"""Stacks and programs of Pulumi in a target, as the resources that they are bridged from."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator

from mlsec.collect.code.code_file import CodeFile, CodeScope, Declared, DeclaredObject, Language
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.walk.plan import Referred
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.iac.mapping.declaration import Declaration as ResolvedDeclaration
from mlsec.iac.mapping.resources import ReferredOf, ShapesOf, declare
from mlsec.iac.pulumi.bodies import (
    NOT_YET_KNOWN,
    SIGNATURE,
    PulumiResource,
    TextOf,
    declaration,
)
from mlsec.iac.pulumi.output import StackOutput, reference
from mlsec.iac.pulumi.program import Program
from mlsec.iac.pulumi.project import is_program
from mlsec.iac.pulumi.tokens import address_of, package_of, terraform_type
from mlsec.iac.terraform.declaration import Declaration
from mlsec.iac.terraform.resolve import Resolver
from mlsec.iac.terraform.values import Joined, Symbol
from mlsec.vocabulary.iac_mapping import Tables
from mlsec.vocabulary.types import Vocabulary

# Packages that declare nothing in a cloud or cluster.
_HARMLESS = ("command", "docker", "local", "pulumi", "random", "std", "time", "tls")
_BRIDGED = ("aws", "aws-native", "azure", "gcp", "kubernetes")
_INSTEAD = "scan the account that they are deployed to"
_CLUSTER = "scan the cluster, kubernetes://"


def read(
    scope: CodeScope,
    vocabulary: Vocabulary,
    shapes_of: ShapesOf,
    referred_of: ReferredOf = lambda _: Referred(),
) -> Declared:
    """Give what the stacks and programs of a target declare."""
    tables = vocabulary.declared
    resolved: list[ResolvedDeclaration] = []
    for file in scope.written_in(Language.PULUMI_OUTPUT, Language.PULUMI):
        if file.language is Language.PULUMI and not _is_judged(file, scope):
            continue
        scope.take(file)
        try:
            made = list(_declared(file, scope, tables))
        except MlsecError as error:
            scope.refuse_error(file, error, "no output of Pulumi: ")
            continue
        resolved += Resolver(made, tables).resolved()
    return declare(scope, vocabulary, resolved, shapes_of, referred_of, {})


def _is_judged(file: CodeFile, scope: CodeScope) -> bool:
    """Whether a project is a program in YAML, and no output that was made of it is here."""
    folder = posixpath.join(posixpath.dirname(file.path), "")
    outputs = scope.written_in(Language.PULUMI_OUTPUT)
    is_made = any(item.path.startswith(folder) and not item.is_committed for item in outputs)
    return is_program(file.text) and not is_made


def _declared(file: CodeFile, scope: CodeScope, tables: Tables) -> Iterator[Declaration]:
    if file.language is Language.PULUMI:
        for resource in _of_cloud(Program(file, tables).resources(), file, scope):
            yield from _bridged(resource, lambda _, text: text, file, tables)
        return
    stack = StackOutput(file)
    resources = list(stack.resources())
    addresses = {item.urn: address_of(item.token, item.key, tables) for item in resources}
    named, depends = stack.named(addresses), stack.depends(addresses)
    for resource in _of_cloud(resources, file, scope):

        def text_of(name: str, text: str, urn: str = resource.urn) -> object:
            if text == NOT_YET_KNOWN:
                on = depends.get((urn, name.replace("_", "")))
                return text if on is None else reference(name, on)
            symbol = named.get(text)
            return text if symbol is None or symbol.address == addresses[urn] else symbol

        yield from _bridged(resource, text_of, file, tables)


def _bridged(
    resource: PulumiResource, text_of: TextOf, file: CodeFile, tables: Tables
) -> Iterator[Declaration]:
    declared_type = terraform_type(resource.token, tables)
    if declared_type:
        yield declaration(resource, declared_type, tables, text_of, file)


def _of_cloud(
    resources: Iterable[PulumiResource], file: CodeFile, scope: CodeScope
) -> Iterator[PulumiResource]:
    """Yield what is bridged; objects of a cluster are noted, and packages that are not read."""
    unread: Counter[str] = Counter()
    for resource in resources:
        package = package_of(resource.token)
        if package == "kubernetes":
            _note_object(resource, file, scope)
        elif package in _BRIDGED:
            yield resource
        elif package not in _HARMLESS:
            unread[package] += 1
    if unread:
        names = ", ".join(f"{name[:40]} ({count})" for name, count in sorted(unread.items())[:10])
        detail = f"resources of these packages of Pulumi are not read: {names}: {_INSTEAD}"
        scope.refuse(file, detail, reason=GapReason.UNSUPPORTED)


def _note_object(resource: PulumiResource, file: CodeFile, scope: CodeScope) -> None:
    inputs = resource.inputs
    if not (inputs.text("apiVersion") and inputs.text("kind")):
        # In a program the type says what the object is of.
        group, _, kind = resource.token.removeprefix("kubernetes:").rpartition(":")
        version = Node(group.removeprefix("core/"), resource.line, resource.column)
        kinds = {"apiVersion": version, "kind": Node(kind, resource.line, resource.column)}
        inputs = Node({**inputs.pairs(), **kinds}, resource.line, resource.column)
    if inputs.text("apiVersion").startswith(("helm.sh/", "yaml/", "kustomize/")):
        detail = f"{resource.key[:100]} deploys a chart or files of others, which are not read here"
        scope.unread_part(file, f"{detail}: {_CLUSTER}", resource.line)
        return
    scope.objects.append(
        DeclaredObject(
            id=f"{file.id}#{resource.token}.{resource.key}",
            stack=file.shown,
            node=_plain(inputs),
            file=file,
            line=resource.line,
        )
    )


def _plain(node: Node) -> Node:
    """Give a node in which what only an update knows is not known."""
    value = node.value
    if isinstance(value, tuple):
        value = tuple(_plain(item) for item in value)
    elif isinstance(value, dict):
        if SIGNATURE in value:
            value = UnknownValue("is a secret, which Pulumi keeps encrypted", is_given=True)
        else:
            value = {key: _plain(item) for key, item in value.items()}
    elif value == NOT_YET_KNOWN or isinstance(value, (Symbol, Joined)):
        value = UnknownValue("is only known after the update", is_given=True)
    return Node(value, node.line, node.column)
