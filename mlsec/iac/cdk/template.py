"""Puts the template together that an app would synthesise of the constructs that are understood."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.cdk.values import OPEN, Made, Member, Symbol, unknown_at
from mlsec.iac.mapping.path_lookup import fold

_MAX_DEPTH = 40
Plain = Callable[["Building", Made], Node | None]
# What is done to the node of a construct and changes no setting of it.
_HARMLESS = (
    "node.adddependency", "node.addmetadata", "node.defaultchild.addmetadata", "addmetadata",
    "node.defaultchild.overridelogicalid", "overridelogicalid", "adddependency",
    "node.defaultchild.cfnoptions.metadata=", "cfnoptions.metadata=", "adddependson",
    "node.defaultchild.adddependency", "node.addvalidation", "applyremovalpolicy",
    "node.defaultchild.applyremovalpolicy", "node.trygetcontext", "cfnoptions.condition=",
    "node.defaultchild.adddependson", "node.findall", "node.setcontext",
)  # fmt: skip


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One resource of the template; ``opened`` says why what it does not say may be set."""

    node: Node
    opened: UnknownValue | None = None


class Building:
    """The template of one file; ``loose`` are the methods that are called on unknown things in it,
    ``far`` those of all files.
    ``attributes`` are those of item type by their folded name; ``plain`` gives what a helper of the
    library stands for.
    """

    def __init__(
        self,
        attributes: Mapping[str, Mapping[str, str]],
        loose: frozenset[str],
        far: frozenset[str],
        old: UnknownValue | None,
        plain: Plain,
    ) -> None:
        self._attributes, self._loose, self._far = attributes, loose, far
        self._plain = plain
        # Why what a construct of the library's first version does by default is not known.
        self.old = old
        # Why nothing that is made is known as it is written.
        self.rewritten: UnknownValue | None = None
        # Why the tags of all that is made are not known.
        self.tagged: UnknownValue | None = None
        self.items: dict[str, Item] = {}
        self._names: dict[int, str] = {}
        self._taken: dict[str, int] = {}
        self._kinds: dict[int, str] = {}

    def name_of(self, made: Made) -> str:
        """Give the address of a construct: the class that makes it, and its id."""
        key = id(made)
        if key not in self._names:
            node = made.get("id") if made.argument(0) is None else made.argument(1)
            own = node.value if node is not None and isinstance(node.value, str) else ""
            own = own or f"{made.name}-{made.line}"
            above = made.argument(0)
            if above is not None and isinstance(above.value, Made) and above.value.argument(1):
                own = f"{self.name_of(above.value).rpartition('/')[2]}/{own}"
            name = f"{made.owner}/{own}" if made.owner else own
            # A second one of that address gets a number.
            count = self._taken[name] = self._taken.get(name, 0) + 1
            self._names[key] = name if count == 1 else f"{name}~{count}"
        return self._names[key]

    def add(
        self, made: Made, kind: str, settings: Mapping[str, Any], *, below: str = "",
        opened: UnknownValue | None = None, line: int = 0,
    ) -> None:  # fmt: skip
        """Add a resource: nothing that is None is a setting."""
        name = self.name_of(made) + (f"/{below}" if below else "")
        body = {key: as_node(value) for key, value in settings.items() if value is not None}
        entry: dict[str, Node] = {
            "Type": Node(kind),
            "Properties": Node(body, *_place(made, line)),
        }
        if self.tagged is not None:
            entry["Properties"] = Node({**body, "Tags": Node(self.tagged)}, *_place(made, line))
        if made.doubt:
            entry["Condition"] = Node(f"on {made.doubt}")
        hatch = self.hatch(made)
        if hatch is not None and not below:
            entry["Properties"] = Node(hatch, made.line, made.column)
        # These say all that there is of them, in each version of the library.
        is_same = kind.startswith("AWS::IAM::") or made.name.startswith("Cfn")
        self.items[name] = Item(
            node=Node(entry, line or made.line, made.column),
            opened=opened or (None if is_same else self.old),
        )

    def expect(self, made: Made, kind: str) -> None:
        """Note which type a construct is, before it is added."""
        self.name_of(made)
        self._kinds[id(made)] = kind

    def hatch(self, made: Made) -> UnknownValue | None:
        """Say why nothing of a construct is known: the app reaches behind it."""
        if self.rewritten is not None:
            return self.rewritten
        for receiver in made.given_to:
            if isinstance(receiver, Made) and receiver.kind == "core.aspects.of":
                return UnknownValue(f"an aspect (line {receiver.line}) may set it")
        for done in made.applied:
            if done.name in _HARMLESS:
                continue
            is_behind = done.name.startswith("node.") or "override" in done.name
            if is_behind:
                return UnknownValue(f"line {done.line} sets what stands behind the construct")
        return None

    def may_be(self, made: Made, *methods: str) -> UnknownValue | None:
        """Say why one of these methods may be called on a thing, by what is not followed."""
        loose = self._loose if made.is_shared or made.is_held else frozenset[str]()
        return self._called(loose | (self._far if made.is_shared else frozenset()), methods)

    def may_be_below(self, made: Made, *methods: str) -> UnknownValue | None:
        """Say why one of these may be called on a scope that a thing belongs to."""
        return self._called(self._loose | (self._far if made.is_shared else frozenset()), methods)

    def _called(self, loose: frozenset[str], methods: tuple[str, ...]) -> UnknownValue | None:
        called = next((name for name in methods if name in loose), None)
        if called is None:
            return None
        return UnknownValue(f"{called} is called on what is not known here, and may be this")

    def ref(self, made: Made, attribute: str = "") -> Node:
        """Give a reference to a resource, or to an attribute of it."""
        name = self.name_of(made)
        if attribute:
            return as_node({"Fn::GetAtt": [name, attribute]})
        return as_node({"Ref": name})

    def lower(self, node: Node | None, depth: int = 0) -> Node | None:
        """Give a value as a template holds it."""
        if node is None or node.value is None:
            return None
        value = node.value
        if depth > _MAX_DEPTH:
            return unknown_at(node, "it is nested too deep")
        if isinstance(value, tuple):
            items = (self.lower(item, depth + 1) for item in value)
            return Node(tuple(item for item in items if item is not None), node.line, node.column)
        if isinstance(value, Mapping):
            if OPEN in value:
                return unknown_at(node, "a part of it is put together elsewhere")
            below = {key: self.lower(item, depth + 1) for key, item in value.items()}
            kept = {key: item for key, item in below.items() if item is not None}
            return Node(kept, node.line, node.column)
        if isinstance(value, Made):
            return self._made(node, value, depth)
        if isinstance(value, Member):
            return self._member(node, value)
        if isinstance(value, Symbol):
            return unknown_at(node, f"{value.path} is known to the app alone")
        return node

    def _made(self, node: Node, made: Made, depth: int) -> Node | None:
        plain = self._plain(self, made)
        if plain is not None:
            return plain
        if made.of is None and not made.arguments and made.props:
            # Python writes the settings of settings as calls with keywords alone.
            return self.lower(Node(made.props, node.line, node.column), depth + 1)
        if id(made) in self._kinds:
            return Node(self.ref(made).value, node.line, node.column)
        return unknown_at(node, f"{made.name}() is not worked out")

    def _member(self, node: Node, member: Member) -> Node:
        kind = self._kinds.get(id(member.of))
        name = fold(member.names[0])
        if kind is None or len(member.names) > 1:
            path = ".".join(member.names)
            words = f"‹{self.name_of(member.of)}.{path}›"
            if name.endswith("arn") and member.of.path.startswith("aws_"):
                # An ARN that the library gives is that of one thing.
                words = f"arn:aws:{words}"
            why = f"{path} is known to the app alone"
            return Node(UnknownValue(why, words, is_given=True), node.line, node.column)
        if name == "ref":
            return Node(self.ref(member.of).value, node.line, node.column)
        if name.startswith("attr"):
            known = self._attributes.get(kind, {})
            attribute = known.get(name.removeprefix("attr"), member.names[0][4:].lstrip("_"))
            return Node(self.ref(member.of, attribute).value, node.line, node.column)
        own = _ATTRIBUTES.get(kind, {}).get(name)
        if own is None:
            words = f"‹{self.name_of(member.of)}.{member.names[0]}›"
            why = f"{member.names[0]} is known to the app alone"
            return Node(UnknownValue(why, words, is_given=True), node.line, node.column)
        return Node(self.ref(member.of, "" if own == "Ref" else own).value, node.line, node.column)


# Attributes of the constructs, and what of the resource they are.
_ATTRIBUTES: Mapping[str, Mapping[str, str]] = {
    "AWS::S3::Bucket": {"bucketarn": "Arn", "bucketname": "Ref"},
    "AWS::IAM::Role": {"rolearn": "Arn", "rolename": "Ref"},
    "AWS::IAM::ManagedPolicy": {"managedpolicyarn": "Ref"},
    "AWS::KMS::Key": {"keyarn": "Arn", "keyid": "Ref"},
    "AWS::Lambda::Function": {"functionarn": "Arn", "functionname": "Ref"},
    "AWS::EC2::SecurityGroup": {"securitygroupid": "GroupId"},
    "AWS::EC2::VPC": {"vpcid": "Ref"},
    "AWS::ECR::Repository": {"repositoryarn": "Arn", "repositoryname": "Ref"},
    "AWS::SecretsManager::Secret": {"secretarn": "Ref"},
    "AWS::Logs::LogGroup": {"loggrouparn": "Arn", "loggroupname": "Ref"},
    "AWS::SNS::Topic": {"topicarn": "Ref", "topicname": "TopicName"},
    "AWS::SQS::Queue": {"queuearn": "Arn", "queueurl": "Ref", "queuename": "QueueName"},
    "AWS::OpenSearchService::Domain": {"domainarn": "Arn", "domainname": "Ref"},
    "AWS::ApiGateway::RestApi": {"restapiid": "Ref"},
    "AWS::EKS::Cluster": {"clusterarn": "Arn", "clustername": "Ref"},
}


def as_node(value: Any) -> Node:
    """Give plain values as nodes that stand nowhere; nodes among them stay what they are."""
    if isinstance(value, Node):
        return value
    if isinstance(value, Mapping):
        return Node({k: as_node(v) for k, v in value.items() if v is not None})
    if isinstance(value, list | tuple):
        return Node(tuple(as_node(item) for item in value if item is not None))
    return Node(value)


def _place(made: Made, line: int) -> tuple[int, int]:
    return line or made.line, made.column


def symbol_of(node: Node | None) -> str:
    """Give the last part of a constant of the library, "" for anything else."""
    return node.value.last if node is not None and isinstance(node.value, Symbol) else ""


def chosen(node: Node | None, choices: Mapping[str, Any], absent: Any = None) -> Any:
    """Give what a constant of the library stands for; any other is unknown."""
    if node is None:
        return absent
    name = symbol_of(node)
    if name in choices:
        value = choices[name]
        return None if value is None else Node(as_node(value).value, node.line, node.column)
    return unknown_at(node, "which of the library's values it is is not known")
