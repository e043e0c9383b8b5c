"""Who may assume a role, as the principals of the CDK's library say it."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.located.located import Node
from mlsec.iac.cdk.constructs.policies import given, policy, principal
from mlsec.iac.cdk.template import Building
from mlsec.iac.cdk.values import Made, unknown_at
from mlsec.iac.mapping.path_lookup import fold

# The method that gives a principal with conditions.
_NARROWS = "withconditions"


def trust(building: Building, node: Node | None) -> Node | None:
    """Give the document that says who may assume a role."""
    if node is None:
        return None
    made = node.value
    if isinstance(made, Made) and made.kind == "awsiam.compositeprincipal":
        if made.applied:
            return unknown_at(node, "who may assume it is added to later")
        listed = [_assume(building, part) for part in made.arguments]
    else:
        listed = [_assume(building, node)]
    return policy(listed, node.line, node.column)


def _assume(building: Building, node: Node) -> Node:
    node, narrowed = _bare(node)
    made = node.value
    action, condition = "sts:AssumeRole", None
    if isinstance(made, Made):
        name = made.path.removeprefix("aws_iam.")
        is_changed = any(fold(done.name) != _NARROWS for done in made.applied)
        if is_changed or name == "CompositePrincipal":
            return unknown_at(node, "who may assume it is worked out by the app")
        if name in ("WebIdentityPrincipal", "OpenIdConnectPrincipal"):
            action, condition = "sts:AssumeRoleWithWebIdentity", given(made, 1, "conditions")
        elif name == "FederatedPrincipal":
            asked = given(made, 2, "assume_role_action")
            condition = given(made, 1, "conditions")
            action = asked.value if asked is not None else action
            if not isinstance(action, str):
                return unknown_at(node, "who may assume it is worked out by the app")
        elif name == "PrincipalWithConditions":
            condition = given(made, 1, "conditions")
            node = given(made, 0, "principal") or node
        elif name == "ServicePrincipal":
            condition = made.get("conditions")
        elif name == "SessionTagsPrincipal":
            return unknown_at(node, "who may assume it is worked out by the app")
    body = {
        "Action": Node(action), "Effect": Node("Allow"), "Principal": principal(building, node),
    }  # fmt: skip
    lowered = _together([*narrowed, condition], building)
    if lowered is not None and lowered.value:
        body["Condition"] = lowered
    return Node(body, node.line, node.column)


def _bare(node: Node) -> tuple[Node, list[Node | None]]:
    """Give a principal without what narrows it, and the conditions that do, the last one first.

    ``withConditions`` leaves the principal as it is, and gives another one.
    """
    conditions: list[Node | None] = []
    made = node.value
    while isinstance(made, Made) and isinstance(made.of, Made) and made.kind == f".{_NARROWS}":
        conditions.append(given(made, 0, "conditions"))
        made = made.of
        node = Node(made, made.line, made.column)
    return node, conditions


def _together(conditions: list[Node | None], building: Building) -> Node | None:
    """Join conditions that all hold; of one operator and key the first is the one."""
    lowered = [node for item in conditions if (node := building.lower(item)) is not None]
    if len(lowered) < 2:
        return lowered[0] if lowered else None
    joined: dict[str, Node] = {}
    for item in reversed(lowered):
        if not isinstance(item.value, Mapping):
            return unknown_at(item, "conditions that are put together elsewhere")
        for operator, keys in item.value.items():
            before = joined.get(operator, Node({})).value
            if not isinstance(keys.value, Mapping) or not isinstance(before, Mapping):
                return unknown_at(item, "conditions that are put together elsewhere")
            joined[operator] = Node({**before, **keys.value}, keys.line, keys.column)
    return Node(joined, lowered[0].line, lowered[0].column)
