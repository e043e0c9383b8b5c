"""What roles, users and policies of the CDK synthesise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.cdk.constructs.grants import (
    ADDS,
    functions_of,
    granted_by,
    named_policy,
    named_statement,
    widened_by,
)
from mlsec.iac.cdk.constructs.policies import (
    document,
    listed_in,
    managed_arns,
    policy,
    statement,
)
from mlsec.iac.cdk.constructs.settings import opened_by_settings
from mlsec.iac.cdk.constructs.trust import trust
from mlsec.iac.cdk.template import Building, as_node
from mlsec.iac.cdk.values import Made, unknown_at

_BY_FUNCTION = "role.addmanagedpolicy"
# What adds to who may assume a role; ``grantAssumeRole`` adds to the one that may.
_TRUSTS = "assumerolepolicy.addstatements"
_PRINCIPALS = {"roles": "awsiam.role", "users": "awsiam.user", "groups": "awsiam.group"}


def role(building: Building, made: Made) -> None:
    """Add a role with what is attached to it."""
    _add(
        building,
        made,
        "AWS::IAM::Role",
        {
            "RoleName": building.lower(made.get("roleName")),
            "Path": building.lower(made.get("path")),
            "AssumeRolePolicyDocument": _trust(building, made),
            "PermissionsBoundary": _boundary(building, made),
        },
    )


def user(building: Building, made: Made) -> None:
    """Add a user."""
    _add(
        building,
        made,
        "AWS::IAM::User",
        {
            "UserName": building.lower(made.get("userName")),
            "Path": building.lower(made.get("path")),
            "PermissionsBoundary": _boundary(building, made),
            "Groups": _unknown(made.get("groups")),
        },
    )


def _add(building: Building, made: Made, kind: str, own: Mapping[str, Node | None]) -> None:
    added, managed = _added(building, made)
    added += granted_by(building, made)
    hidden = widened_by(building, made)
    inline = list(_inline(building, made.get("inlinePolicies")))
    if added:
        inline.append(_named("DefaultPolicy", policy(added, made.line, made.column)))
    listed = managed_arns(building, made.get("managedPolicies"))
    arns: Node | None = listed
    if managed or hidden is not None:
        before = listed.value if listed is not None and isinstance(listed.value, tuple) else ()
        if listed is not None and not isinstance(listed.value, tuple):
            before = (listed,)
        arns = Node((*before, *managed), made.line, made.column)
    if hidden is not None:
        inline.append(_named("more", Node(hidden)))
    body = {
        **own, "ManagedPolicyArns": arns if arns is not None and arns.value != () else None,
        "Policies": Node(tuple(inline), made.line, made.column) if inline else None,
    }  # fmt: skip
    building.add(made, kind, body, opened=opened_by_settings(made))


def _trust(building: Building, made: Made) -> Node | None:
    written = trust(building, made.get("assumedBy"))
    if made.get("externalIds") is not None or made.get("externalId") is not None:
        return Node(UnknownValue("who may assume it is put together by the construct"), made.line)
    listed = written.get("Statement") if written is not None else None
    added = [
        statement(building, named_statement(item))
        for done in made.applied
        if done.name == _TRUSTS
        for item in done.arguments
    ]
    if added and listed is not None and isinstance(listed.value, tuple):
        written = policy([*listed.value, *added], made.line, made.column)
    loose = building.may_be(made, _TRUSTS)
    return Node(loose, made.line) if loose is not None else written


def _boundary(building: Building, made: Made) -> Node | None:
    given = made.get("permissionsBoundary")
    loose = building.may_be_below(made, "permissionsboundary.of", "apply")
    if given is None:
        return Node(loose) if loose is not None else None
    return building.lower(given)


def _unknown(node: Node | None) -> Node | None:
    return unknown_at(node, "it is worked out by the construct") if node is not None else None


def _added(building: Building, made: Made) -> tuple[list[Node], list[Node]]:
    """Give the statements and the managed policies that calls add."""
    listed: list[Node] = []
    managed: list[Node] = []
    own = (done for function in functions_of(made) for done in function.applied)
    for done in (*made.applied, *(done for done in own if done.name == _BY_FUNCTION)):
        first = done.arguments[0] if done.arguments else None
        if done.name in ADDS and first is not None:
            listed.append(statement(building, named_statement(first)))
        elif done.name in ("addmanagedpolicy", _BY_FUNCTION) and first is not None:
            lowered = managed_arns(building, named_policy(first))
            if lowered is not None:
                managed.append(lowered)
    return listed, managed


def _inline(building: Building, node: Node | None) -> Iterator[Node]:
    if node is None:
        return
    if not isinstance(node.value, Mapping):
        yield _named("inline", unknown_at(node, "its policies are put together elsewhere"))
        return
    for name, item in node.value.items():
        written = document(building, item)
        if written is not None:
            yield Node(_named(name, written).value, item.line, item.column)


def _named(name: str, written: Node) -> Node:
    return Node({"PolicyName": Node(name), "PolicyDocument": written}, written.line, written.column)


def inline_policy(building: Building, made: Made) -> None:
    """Add a policy of its own that is a part of roles and users."""
    _policy(building, made, "AWS::IAM::Policy", "PolicyName", "policyName")


def managed_policy(building: Building, made: Made) -> None:
    """Add a policy that roles and users refer to."""
    _policy(building, made, "AWS::IAM::ManagedPolicy", "ManagedPolicyName", "managedPolicyName")


def _policy(building: Building, made: Made, kind: str, key: str, name: str) -> None:
    listed = listed_in(building, made)
    attached: dict[str, Node | None] = {}
    for prop, made_by in _PRINCIPALS.items():
        attached[prop.title()] = _attached(building, made, prop, made_by)
    own = building.lower(made.get(name))
    body: dict[str, Node | None] = {
        key: own,
        "PolicyDocument": policy(listed, made.line, made.column),
        **attached,
    }
    if kind == "AWS::IAM::Policy" and own is None:
        body[key] = as_node(building.name_of(made))
    building.add(made, kind, body, opened=opened_by_settings(made))


def _attached(building: Building, made: Made, prop: str, kind: str) -> Node | None:
    """Give whom a policy is attached to, by its settings or by a call on either side."""
    given = made.get(prop)
    nodes = list(given.value) if given is not None and isinstance(given.value, tuple) else []
    if given is not None and not isinstance(given.value, tuple):
        nodes.append(given)
    method = f"attachto{prop.rstrip('s')}"
    nodes += [done.arguments[0] for done in made.applied if done.name == method and done.arguments]
    for receiver in made.given_to:
        if isinstance(receiver, Made) and receiver.kind == ".attachinlinepolicy":
            of = receiver.of
            if isinstance(of, Made) and of.kind == kind:
                nodes.append(Node(of, receiver.line, receiver.column))
    listed = [building.lower(node) for node in nodes]
    kept = tuple(node for node in listed if node is not None)
    return Node(kept, made.line, made.column) if kept else None
