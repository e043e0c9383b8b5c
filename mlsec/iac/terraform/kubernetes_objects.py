"""Resources of Terraform that are Kubernetes objects, or deploy a chart or template."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mlsec.collect.code.budget import OverLimitError
from mlsec.collect.code.code_file import CodeScope, DeclaredObject
from mlsec.collect.located.located import Node, UnknownValue, over_limit
from mlsec.iac.mapping.declaration import Declaration as ResolvedDeclaration
from mlsec.iac.terraform.declaration import Declaration
from mlsec.iac.terraform.evaluation.located_blocks import plain_node
from mlsec.iac.terraform.functions.yaml_text import documents_of
from mlsec.iac.terraform.values import Encoded

_NATIVE, _TEXT = "kubernetes_manifest", "kubectl_manifest"
_CHART = "helm_release"
# Where each says what it applies.
_BODIES = {_NATIVE: "manifest", _TEXT: "yaml_body"}
_LOCAL = (".", "/")
# Deploy a template in another language, with values of this code.
_TEMPLATES = {
    "aws_cloudformation_stack": "CloudFormation",
    "aws_cloudformation_stack_set": "CloudFormation",
    "azurerm_management_group_template_deployment": "ARM",
    "azurerm_resource_group_template_deployment": "ARM",
    "azurerm_subscription_template_deployment": "ARM",
    "azurerm_template_deployment": "ARM",
    "azurerm_tenant_template_deployment": "ARM",
}


def with_documents(declared: Declaration) -> Declaration:
    """Give a declaration whose YAML text is taken apart; any other as it is."""
    node = declared.body.get(_BODIES[_TEXT]) if declared.type == _TEXT else None
    if node is None:
        return declared
    place = (node.line, node.column)
    try:
        value = Encoded(_value(node)) if node.tag == "json" else node.value
        documents = documents_of(value)
    except OverLimitError as error:
        documents = over_limit(str(error))
    if not isinstance(documents, UnknownValue):
        made = Node(tuple(plain_node(item, place) for item in documents), *place)
    else:
        made = Node(documents, *place)
    body = Node({**declared.body.pairs(), _BODIES[_TEXT]: made}, *_place(declared.body))
    return msgspec.structs.replace(declared, body=body)


def taken_apart(
    declarations: Iterator[ResolvedDeclaration], scope: CodeScope
) -> Iterator[ResolvedDeclaration]:
    """Give what a cloud has; what a cluster has is noted as objects, or as not known."""
    for declared in declarations:
        if declared.type in _BODIES:
            objects = list(_objects_in(declared, scope.prefix))
            scope.objects += objects
            if not objects:
                _tell_unknown(declared, scope)
        elif declared.type == _CHART:
            _tell_chart(declared, scope)
        else:
            if declared.type in _TEMPLATES:
                _tell_template(declared, scope)
            yield declared


def _objects_in(declared: ResolvedDeclaration, prefix: str) -> Iterator[DeclaredObject]:
    node = declared.body.get(_BODIES[declared.type])
    several = node.items() if declared.type == _TEXT and node is not None else (node,)
    for item in several:
        if item is not None and item.text("apiVersion") and item.text("kind"):
            yield DeclaredObject(
                id=f"{prefix}{declared.id}",
                stack=declared.applied,
                scenario=declared.scenario,
                node=item,
                file=declared.file,
                line=declared.line,
            )


def _tell_unknown(declared: ResolvedDeclaration, scope: CodeScope) -> None:
    node = declared.body.get(_BODIES[declared.type])
    hidden = node.value if node is not None else None
    why = hidden.why if isinstance(hidden, UnknownValue) else "it has no apiVersion and kind"
    detail = f"what {declared.address} applies is not known ({why}): scan the cluster"
    scope.unread_part(declared.file, f"{detail}, kubernetes://CONTEXT", declared.line)


def _tell_chart(declared: ResolvedDeclaration, scope: CodeScope) -> None:
    """Note a chart that is installed: what it makes is not judged here."""
    chart, repository = (declared.body.text(name) for name in ("chart", "repository"))
    name = declared.body.text("name") or declared.address
    if chart.startswith(_LOCAL) and not repository:
        why = f"the chart {chart[:200]} is installed with values of this code"
        instead = f"helm template {name[:60]} {chart[:200]} --values VALUES"
    else:
        origin = f" of {repository[:200]}" if repository else ""
        why = f"the chart {chart[:200] or '‹chart›'}{origin} is not in this folder"
        instead = f"helm template {name[:60]} CHART --values VALUES"
    detail = f"{declared.address}: {why}; scan what it makes ({instead}), or the cluster"
    scope.unread_part(declared.file, f"{detail}, kubernetes://CONTEXT", declared.line)


def _tell_template(declared: ResolvedDeclaration, scope: CodeScope) -> None:
    """Note a template that is deployed: what it declares is not judged with these values."""
    kind = _TEMPLATES[declared.type]
    detail = (
        f"{declared.address} deploys a template of {kind}, which is not read with the values of"
        " this code; scan the account that it is deployed to"
    )
    scope.unread_part(declared.file, detail, declared.line)


def _value(node: Node) -> object:
    if isinstance(node.value, tuple):
        return [_value(item) for item in node.value]
    if isinstance(node.value, dict):
        return {key: _value(item) for key, item in node.value.items()}
    return node.value


def _place(node: Node) -> tuple[int, int]:
    return node.line, node.column
