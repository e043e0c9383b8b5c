"""One CloudFormation template with its parameters: what its functions work out to, in bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mlsec.collect.code.budget import Budget, OverLimitError
from mlsec.collect.located.located import Node, UnknownValue, over_limit, size_of
from mlsec.core.enums import Truth
from mlsec.iac.cloudformation import functions as cfn_functions
from mlsec.iac.cloudformation.conditions import Conditions, function_of
from mlsec.iac.cloudformation.macros import TRANSFORM, hidden_by, with_globals
from mlsec.iac.cloudformation.member import Member, given_of
from mlsec.iac.mapping.declaration import attribute, called
from mlsec.iac.mapping.partial_text import at
from mlsec.iac.mapping.path_lookup import PathLookup
from mlsec.vocabulary.iac_mapping import CODE_ACCOUNT, CODE_REGION, DeclaredType

MAX_DEPTH = 80
MAX_LOOPED = 500
# Of all loops of one template together; what is written without a loop is always judged.
MAX_MEMBERS = 2_000
_MAX_LOOPS = 5
Table = Mapping[str, tuple[DeclaredType, ...]]
_PSEUDO: Mapping[str, Any] = {
    "AWS::AccountId": CODE_ACCOUNT,
    "AWS::Region": CODE_REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}


class Template:
    """Works out values of one template. ``given`` are the parameters that a parent sets.

    ``nested`` gives an output of a nested stack, by its resource; ``tell`` gets a limit and a line.
    """

    def __init__(
        self,
        root: Node,
        table: Table,
        given: Mapping[str, Node] | None = None,
        nested: Callable[[str, str], Node | None] = lambda _stack, _output: None,
        *,
        budget: Budget | None = None,
        tell: Callable[[str, int], None] = lambda _why, _line: None,
        is_repeated: bool = False,
    ) -> None:
        self.budget, self._tell = budget or Budget(), tell
        self._looped_members = 0
        self._is_repeated = self._is_counted = is_repeated
        self.root = root
        self.table = table
        self.nested = nested
        self._given = given or {}
        self.conditions = Conditions(dict(root.pairs("Conditions")), self.whole)
        self.loop: Mapping[str, str] = {}
        self._depth = 0
        self._open: set[str] = set()
        self._parameters: dict[str, Node] = {}
        self._names: dict[tuple[str, str], str | UnknownValue] = {}
        # Loops over what is not known: line and why.
        self.cut: list[tuple[int, str]] = []
        self.members = {member.logical: member for member in self._members()}

    def work(self, node: Node) -> Node | None:
        """Work out a part of a unit; None when the template has no such part."""
        self.budget.spend(1 if self._is_counted else 0)
        if self._depth >= MAX_DEPTH:
            raise OverLimitError(f"functions nested deeper than {MAX_DEPTH}")
        self._depth += 1
        try:
            return self._work(node)
        finally:
            self._depth -= 1

    def _work(self, node: Node) -> Node | None:
        name, argument = function_of(node)
        if argument is not None and (node.tag or name != "Condition"):
            kept, self._is_counted = self._is_counted, True
            result = cfn_functions.apply(self, name, argument, node)
            self._is_counted = kept
            if result is not None and isinstance(result.value, tuple | Mapping):
                # What a function gives may stand in many places.
                self.budget.spend(size_of(result))
            return result
        value = node.value
        hidden = hidden_by(node)
        if hidden is not None:
            return at(node, hidden)
        if isinstance(value, tuple):
            return at(node, tuple(item for item in map(self.work, value) if item is not None))
        if isinstance(value, Mapping):
            worked = {key: self.work(entry) for key, entry in value.items()}
            return at(node, {key: entry for key, entry in worked.items() if entry is not None})
        return node

    def whole(self, node: Node) -> Node | None:
        """Work out a value as a unit: too much of it hides it alone."""
        kept = self._is_counted
        try:
            with self.budget.unit():
                return self.work(node)
        except OverLimitError as error:
            self._is_counted = kept
            self._tell(str(error), node.line)
            return at(node, over_limit(str(error)))

    def body_of(self, member: Member) -> Node:
        """Work out the properties of a resource, each as a unit."""
        self.loop = member.loop
        own = member.node.get("Properties")
        result = with_globals(self.root, member.type, own, self.budget)
        # What is written once is read once; what is repeated costs.
        self._is_counted = self._is_repeated or bool(member.loop) or result is not own
        if result is not own and self.budget.is_spent:
            self._tell("globals that stand in too many resources", member.node.line)
        hidden = hidden_by(member.node)
        if hidden is not None:
            return at(member.node, hidden)
        worked = self._properties(result) if result is not None else None
        if worked is not None and not isinstance(worked.value, Mapping | UnknownValue | None):
            return at(worked, UnknownValue("what is written as Properties is not a mapping"))
        return worked if worked is not None else at(member.node, {})

    def _properties(self, node: Node) -> Node | None:
        is_plain = isinstance(node.value, Mapping) and function_of(node)[1] is None
        if not is_plain or hidden_by(node) is not None:
            return self.whole(node)
        worked = {key: self.whole(entry) for key, entry in node.value.items()}
        return at(node, {key: entry for key, entry in worked.items() if entry is not None})

    def reference(self, name: str, node: Node) -> Node | None:
        """Give what ``Ref`` of a name is."""
        if name in self.loop:
            return at(node, self.loop[name])
        if name == "AWS::NoValue":
            return None
        if name in _PSEUDO:
            return at(node, _PSEUDO[name])
        if name.startswith("AWS::"):
            return at(
                node,
                UnknownValue(f"{name} is known only to the deployment", f"‹{name}›", is_given=True),
            )
        if name in self.root.pairs("Parameters"):
            return at(node, self._parameter(name).value)
        member = self.members.get(name)
        if member is None:
            return at(node, UnknownValue(f"{name} is not in the template", f"‹{name}›"))
        return at(node, self._called(member, ""))

    def attribute(self, logical: str, wanted: str, node: Node) -> Node:
        """Give what ``Fn::GetAtt`` of a resource is."""
        member = self.members.get(logical)
        words = f"‹{logical}.{wanted}›"
        if member is None:
            return at(node, UnknownValue(f"{logical} is not in the template", words))
        if member.type == "AWS::CloudFormation::Stack" and wanted.startswith("Outputs."):
            result = self.nested(logical, wanted.removeprefix("Outputs."))
            if result is not None:
                return at(node, result.value)
        return at(node, self._called(member, wanted))

    def _called(self, member: Member, wanted: str) -> str | UnknownValue:
        key = (member.logical, wanted)
        if key not in self._names:
            self._names[key] = self._name(member, wanted)
        return self._names[key]

    def _name(self, member: Member, wanted: str) -> str | UnknownValue:
        """Say what a resource is called by ``Ref`` (wanted "") or by one of its attributes."""
        logical = member.logical
        words = f"‹{logical}.{wanted}›" if wanted else f"‹{logical}›"
        why = f"{words[1:-1]} is known when it is made"
        entry = next((item for item in self.table.get(member.type, ()) if item.id), None)
        if entry is None:
            return self._unmapped(member, wanted, words, why)
        if logical in self._open:
            return UnknownValue(f"{logical} refers to itself", words, is_given=True)
        self._open.add(logical)
        try:
            provider, get = entry.type.partition(".")[0], self._getter(member)
            result = called(entry, get, given_of(member), provider)
            if not wanted:
                return result.ref
            named = attribute(entry, result, wanted, get)
            return named if named is not None else UnknownValue(why, words, is_given=True)
        finally:
            self._open.discard(logical)

    def _unmapped(self, member: Member, wanted: str, words: str, why: str) -> str | UnknownValue:
        parts = member.type.split("::")
        if parts[0] != "AWS" or len(parts) != 3:
            return UnknownValue(why, words, is_given=True)
        if not wanted:
            return words
        if wanted.endswith("Arn"):
            return f"arn:aws:{parts[1].lower()}:{CODE_REGION}:{CODE_ACCOUNT}:{words}"
        return UnknownValue(why, words, is_given=True)

    def _getter(self, member: Member) -> Callable[[str], Node | None]:
        """Work out only what is asked of a resource, so that names do not run in circles."""
        body = member.node.get("Properties")

        def get(path: str) -> Node | None:
            result = PathLookup().dig(body, path)
            if result is None:
                return None
            kept, self.loop = self.loop, member.loop
            try:
                return self.whole(result)
            finally:
                self.loop = kept

        return get

    def _parameter(self, name: str) -> Node:
        if name not in self._parameters:
            self._parameters[name] = self._find_parameter(name)
        return self._parameters[name]

    def _find_parameter(self, name: str) -> Node:
        if name in self._given:
            return self._given[name]
        result = self.root.get("Parameters", name)
        kind = result.text("Type") if result is not None else ""
        default = result.get("Default") if result is not None else None
        allowed = result.items("AllowedValues") if result is not None else ()
        if kind.startswith("AWS::SSM::"):
            why = f"parameter {name} is read from the parameter store"
            return Node(UnknownValue(why, f"‹{name}›", is_given=True))
        if default is None and len(allowed) == 1:
            default = allowed[0]
        if default is None:
            is_given = kind.startswith(("AWS::", "List<AWS::"))
            return Node(UnknownValue(f"parameter {name} has no default", f"‹{name}›", is_given))
        if kind == "CommaDelimitedList" or kind.startswith("List<"):
            parts = str(default.value).split(",") if default.value not in ("", None) else []
            return Node(tuple(Node(part.strip()) for part in parts))
        return Node(default.value)

    def _members(self) -> Iterator[Member]:
        for logical, node in self.root.pairs("Resources").items():
            if logical == TRANSFORM:
                continue
            yield from self._member(logical, node, {}, 0)

    def _member(
        self, logical: str, node: Node, loop: Mapping[str, str], depth: int
    ) -> Iterator[Member]:
        if logical.startswith("Fn::ForEach"):
            yield from self._looped(node, loop, depth)
            return
        condition = node.text("Condition")
        exists = self.conditions.named(condition) if condition else Truth.TRUE
        yield Member(logical=logical, type=node.text("Type"), node=node, exists=exists, loop=loop)

    def _looped(self, node: Node, loop: Mapping[str, str], depth: int) -> Iterator[Member]:
        """Repeat a block for each member of a list, as the language extensions do."""
        parts = node.items()
        if len(parts) != 3 or depth > _MAX_LOOPS:
            self._tell("a Fn::ForEach that could not be followed", node.line)
            return
        variable = parts[0].value
        values = parts[1].items() or self._list_parameter(parts[1])
        if not values:
            self.cut.append((node.line, "what this Fn::ForEach repeats over is not known"))
        elif len(values) > MAX_LOOPED:
            left = len(values) - MAX_LOOPED
            self._tell(f"the last {left:,} turns of this Fn::ForEach are left out", node.line)
        for value in values[:MAX_LOOPED]:
            if self._looped_members >= MAX_MEMBERS:
                self._tell(f"loops that make more than {MAX_MEMBERS:,} resources", node.line)
                return
            inner = {**loop, str(variable): str(value.value)}
            for key, body in parts[2].pairs().items():
                logical = cfn_functions.filled_in(key, inner)
                self._looped_members += 1
                yield from self._member(logical, body, inner, depth + 1)

    def _list_parameter(self, node: Node) -> tuple[Node, ...]:
        name, argument = function_of(node)
        if name != "Ref" or argument is None or not isinstance(argument.value, str):
            return ()
        value = self._find_parameter(argument.value).value
        return value if isinstance(value, tuple) else ()
