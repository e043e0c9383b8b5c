"""Statements, principals and documents of policies as the CDK's classes write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.cdk.template import Building, as_node, symbol_of
from mlsec.iac.cdk.values import OPEN, Made, unknown_at
from mlsec.iac.mapping.path_lookup import fold

_VERSION = "2012-10-17"
_KEYS = {
    "actions": "Action", "notActions": "NotAction", "resources": "Resource",
    "notResources": "NotResource", "principals": "Principal", "notPrincipals": "NotPrincipal",
    "conditions": "Condition", "sid": "Sid",
}  # fmt: skip

# Methods that add to a statement after it is written.
_ADDED = {"addactions": "Action", "addresources": "Resource"}


def plain_of(building: Building, made: Made) -> Node | None:
    """Give what a class or function of the library stands for; None for a thing of its own."""
    of = made.of
    if made.kind == ".formatarn" and isinstance(of, Made) and of.kind == "core.stack.of":
        return _formatted(building, made)
    if made.kind == ".arnforobjects" and isinstance(of, Made) and of.kind == "awss3.bucket":
        key = building.lower(made.argument(0))
        return _joined(building.ref(of, "Arn"), "/", key) if key is not None else None
    if made.kind == ".tojson" and isinstance(of, Made) and of.kind == "awsiam.policydocument":
        return document(building, Node(of, made.line, made.column))
    maker = _PLAIN.get(made.kind)
    return maker(building, made) if maker is not None and of is None else None


def statement(building: Building, node: Node) -> Node:
    """Give one statement of a policy; unknown where it is not written out."""
    made = node.value
    if not isinstance(made, Made) or made.kind != "awsiam.policystatement":
        if isinstance(made, Made) and made.kind == "awsiam.policystatement.fromjson":
            return building.lower(made.argument(0)) or unknown_at(node, "a statement")
        return unknown_at(node, "a statement of a policy that is put together elsewhere")
    changed = next((done for done in made.applied if done.doubt or done.name not in _ADDED), None)
    if changed is not None or OPEN in made.props:
        return unknown_at(node, "a statement of a policy that is changed after it is written")
    body: dict[str, Node] = {}
    effect = made.get("effect")
    word = {"ALLOW": "Allow", "DENY": "Deny"}.get(symbol_of(effect))
    if effect is None:
        body["Effect"] = Node("Allow")
    else:
        body["Effect"] = Node(word, effect.line) if word else unknown_at(effect, "its effect")
    for name, key in _KEYS.items():
        given = made.get(name)
        if given is None:
            continue
        if name in ("principals", "notPrincipals"):
            body[key] = principals(building, given)
        else:
            lowered = building.lower(given)
            if lowered is not None:
                body[key] = _single(lowered)
    for done in made.applied:
        key = _ADDED[done.name]
        before = body.get(key, Node(()))
        listed = before.value if isinstance(before.value, tuple) else (before,)
        added = (building.lower(item) for item in done.arguments)
        several = (*listed, *(item for item in added if item is not None))
        body[key] = _single(Node(several, made.line, made.column))
    return Node(body, made.line, made.column)


def statements(building: Building, node: Node | None) -> Node | None:
    """Give a list of statements."""
    if node is None:
        return None
    if not isinstance(node.value, tuple):
        return unknown_at(node, "statements that are put together elsewhere")
    return Node(tuple(statement(building, item) for item in node.value), node.line, node.column)


def document(building: Building, node: Node | None) -> Node | None:
    """Give a policy's document."""
    if node is None:
        return None
    made = node.value
    if isinstance(made, Made) and made.kind == "awsiam.policydocument.fromjson":
        return building.lower(made.argument(0))
    if not isinstance(made, Made) or made.kind != "awsiam.policydocument":
        is_written = isinstance(made, Mapping) or (isinstance(made, Made) and made.of is None)
        lowered = building.lower(node) if is_written else None
        return lowered or unknown_at(node, "a policy that is put together elsewhere")
    listed = statements(building, made.get("statements"))
    several = listed.value if listed is not None and isinstance(listed.value, tuple) else ()
    if listed is not None and isinstance(listed.value, UnknownValue):
        several = (listed,)
    for done in made.applied:
        if done.name == "addstatements":
            several = (*several, *(statement(building, item) for item in done.arguments))
        elif done.name != "tojson":
            several = (*several, Node(UnknownValue(f"line {done.line} adds to the policy")))
    return policy(list(several), made.line, made.column)


def policy(listed: list[Node], line: int = 0, column: int = 0) -> Node:
    """Give a document that holds statements."""
    body = {"Version": Node(_VERSION), "Statement": Node(tuple(listed), line, column)}
    return Node(body, line, column)


def listed_in(building: Building, made: Made) -> list[Node]:
    """Give the statements of a policy that is a construct of its own."""
    listed: list[Node] = []
    given = made.get("document")
    if given is not None:
        written = document(building, given)
        inner = written.get("Statement") if written is not None else None
        is_list = inner is not None and isinstance(inner.value, tuple)
        listed += (
            inner.value if inner is not None and is_list else [unknown_at(given, "its document")]
        )
    several = statements(building, made.get("statements"))
    if several is not None:
        listed += several.value if isinstance(several.value, tuple) else [several]
    for done in made.applied:
        if done.name in ("addstatements", "document.addstatements"):
            listed += [statement(building, item) for item in done.arguments]
        elif done.name.startswith("document."):
            listed.append(Node(UnknownValue(f"line {done.line} changes the policy")))
    return listed


def principals(building: Building, node: Node) -> Node:
    """Give the principals of a statement."""
    if not isinstance(node.value, tuple):
        return unknown_at(node, "principals that are put together elsewhere")
    made = [principal(building, item) for item in node.value]
    if len(made) == 1:
        return made[0]
    together: dict[str, list[Node]] = {}
    for item in made:
        if not isinstance(item.value, Mapping):
            return unknown_at(node, "principals that are put together elsewhere")
        for key, value in item.value.items():
            together.setdefault(key, []).append(value)
    return as_node(together)


def principal(building: Building, node: Node) -> Node:
    """Give one principal."""
    made = node.value
    if isinstance(made, Made) and made.of is None:
        maker = _PRINCIPALS.get(made.path.removeprefix("aws_iam."))
        if maker is not None:
            result = maker(building, made)
            if result is not None:
                return Node(as_node(result).value, node.line, node.column)
        if made.kind in ("awsiam.role", "awsiam.user"):
            return as_node({"AWS": building.ref(made, "Arn")})
    return unknown_at(node, "who it is is known to the app alone")


def given(made: Made, place: int, *names: str) -> Node | None:
    """Give an argument by its place, or by one of its names as Python may write it."""
    by_place = made.argument(place)
    if by_place is not None:
        return by_place
    return next((made.props[name] for name in names if name in made.props), None)


def _service(building: Building, made: Made) -> Any:
    name = given(made, 0, "service")
    if name is None or made.get("region") is not None:
        return None
    return {"Service": building.lower(name)}


def _account(building: Building, made: Made) -> Any:
    account = building.lower(given(made, 0, "account_id"))
    return {"AWS": _joined("arn:", {"Ref": "AWS::Partition"}, ":iam::", account, ":root")}


def _root(building: Building, made: Made) -> Any:
    del building, made
    own = {"Ref": "AWS::AccountId"}
    return {"AWS": _joined("arn:", {"Ref": "AWS::Partition"}, ":iam::", own, ":root")}


def _arn(building: Building, made: Made) -> Any:
    return {"AWS": building.lower(given(made, 0, "arn"))}


def _federated(building: Building, made: Made) -> Any:
    provider = given(made, 0, "federated", "identity_provider", "open_id_connect_provider")
    if provider is None:
        return None
    lowered = building.lower(provider)
    unknown = unknown_at(provider, "which provider of identities it is")
    return {"Federated": unknown if lowered is None else lowered}


_PRINCIPALS: Mapping[str, Callable[[Building, Made], Any]] = {
    "ServicePrincipal": _service,
    "AccountPrincipal": _account,
    "AccountRootPrincipal": _root,
    "AnyPrincipal": lambda _, __: {"AWS": "*"},
    "Anyone": lambda _, __: {"AWS": "*"},
    "StarPrincipal": lambda _, __: "*",
    "ArnPrincipal": _arn,
    "FederatedPrincipal": _federated,
    "WebIdentityPrincipal": _federated,
    "OpenIdConnectPrincipal": _federated,
    "CanonicalUserPrincipal": lambda b, made: {"CanonicalUser": b.lower(made.argument(0))},
}


def _aws_managed(building: Building, made: Made) -> Node | None:
    name = building.lower(given(made, 0, "managed_policy_name"))
    if name is None:
        return None
    joined = _joined("arn:", {"Ref": "AWS::Partition"}, ":iam::aws:policy/", name)
    return Node(joined.value, made.line, made.column)


def _account_managed(building: Building, made: Made) -> Node | None:
    name = building.lower(given(made, 2, "managed_policy_name"))
    if name is None:
        return None
    own = {"Ref": "AWS::AccountId"}
    return _joined("arn:", {"Ref": "AWS::Partition"}, ":iam::", own, ":policy/", name)


def _formatted(building: Building, made: Made) -> Node:
    """Give an ARN that is put together of its parts."""
    first = made.argument(0)
    parts: Any = made
    if first is not None:
        parts = first.value if isinstance(first.value, Made | Mapping) else None
    if parts is None:
        return unknown_at(Node(None, made.line), "an ARN that is put together elsewhere")

    def part(name: str) -> Node | None:
        if isinstance(parts, Made):
            return building.lower(parts.get(name))
        wanted = fold(name)
        return building.lower(next((v for k, v in parts.items() if fold(k) == wanted), None))

    form = (
        symbol_of(parts.get("arnFormat") if isinstance(parts, Made | Mapping) else None)
        or "SLASH_RESOURCE_NAME"
    )
    between = {"SLASH_RESOURCE_NAME": "/", "COLON_RESOURCE_NAME": ":"}.get(form)
    name = part("resourceName")
    if part("sep") is not None or (between is None and form != "NO_RESOURCE_NAME"):
        name, between = Node(UnknownValue("its last part", "‹…›")), "/"
    return _joined(
        "arn:", part("partition") or {"Ref": "AWS::Partition"}, ":", part("service"), ":",
        part("region") or {"Ref": "AWS::Region"}, ":",
        part("account") or {"Ref": "AWS::AccountId"}, ":", part("resource"),
        *((between, name) if name is not None and between else ()),
    )  # fmt: skip


def _joined(*parts: Any) -> Node:
    return as_node({"Fn::Join": ["", list(parts)]})


def managed_arns(building: Building, node: Node | None) -> Node | None:
    """Give managed policies by their ARNs; one may be written as a mapping that holds its ARN."""
    if node is None:
        return None
    if isinstance(node.value, tuple):
        arns = (managed_arns(building, item) for item in node.value)
        return Node(tuple(item for item in arns if item is not None), node.line, node.column)
    named = node.value
    if isinstance(named, Mapping) and OPEN not in named:
        named = next((v for k, v in named.items() if fold(k) == "managedpolicyarn"), node)
        return building.lower(named)
    return building.lower(node)


def _single(node: Node) -> Node:
    """A list of one is written as that one."""
    value = node.value
    return value[0] if isinstance(value, tuple) and len(value) == 1 else node


_PLAIN: Mapping[str, Callable[[Building, Made], Node | None]] = {
    "awsiam.managedpolicy.fromawsmanagedpolicyname": _aws_managed,
    "awsiam.managedpolicy.frommanagedpolicyname": _account_managed,
    "awsiam.managedpolicy.frommanagedpolicyarn": lambda building, made: building.lower(
        given(made, 2, "managed_policy_arn")
    ),
    "core.arn.format": _formatted,
    "awsiam.policydocument": lambda b, made: document(b, Node(made, made.line, made.column)),
    "awsiam.policystatement": lambda b, made: statement(b, Node(made, made.line, made.column)),
}
