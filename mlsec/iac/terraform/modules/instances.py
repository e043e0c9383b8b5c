"""Instances of a resource, data source or module call, by ``count`` and ``for_each``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from mlsec.collect.code.code_file import CodeFile
from mlsec.collect.located.located import Node, UnknownValue, over_limit
from mlsec.iac.terraform.evaluation.evaluate import Evaluator
from mlsec.iac.terraform.evaluation.located_blocks import body_node, node_value
from mlsec.iac.terraform.modules.module import Key, Placed
from mlsec.iac.terraform.modules.providers import Providers
from mlsec.iac.terraform.syntax.tree import Body
from mlsec.iac.terraform.values import Space, Symbol, Value, number_of

MAX_INSTANCES = 1_000
# What the apply makes up where it is null, so that a reference to it is never null.
MADE_UP = frozenset({"id", "arn", "name", "bucket", "self_link", "key_id"})


class Instance(msgspec.Struct, frozen=True, eq=False):
    """One instance; ``address`` has its key, ``bound`` is what ``each`` or ``count`` is there."""

    address: str
    bound: Mapping[str, Value] = {}
    why_unknown: UnknownValue | None = None


class Scope(Protocol):
    """The use of a module that a block stands in."""

    prefix: str
    evaluator: Evaluator
    providers: Providers

    def space_of(self, instances: Instances, instance: Instance) -> Value:
        """Give one instance as a reference sees it."""

    def once(self, key: tuple[str, ...], compute: Callable[[], Value]) -> Value:
        """Compute something once; what needs itself is not known."""

    def tell_limit(self, file: CodeFile | None, line: int, why: str) -> None:
        """Say that a limit of the scan hides what stands at a line."""


class Instances:
    """All instances of one block; one stands for all where their number is not known."""

    def __init__(self, scope: Scope, kind: str, key: Key, placed: Placed) -> None:
        self.scope, self.kind, self.key, self.placed = scope, kind, key, placed
        prefix = {"data": "data.", "module": "module."}.get(kind, "")
        self.address = f"{scope.prefix}{prefix}{'.'.join(key)}"
        self._expanded: dict[Value, Instance] | None = None
        self._is_expanding = False
        self._seen: Value = None
        self._spaces: dict[str, Value] = {}
        self.is_counted = "count" in placed.block.body.attributes
        self.is_single = not self.is_counted and "for_each" not in placed.block.body.attributes

    def each(self) -> Mapping[Value, Instance]:
        """Give the instances by key: None for the only one, "*" for one that stands for all."""
        if self._expanded is None:
            if self._is_expanding:
                return self._all_in_one(UnknownValue(f"{self.address} refers to itself"))
            self._is_expanding = True
            try:
                self._expanded = self._expand()
            finally:
                self._is_expanding = False
        return self._expanded

    def seen(self) -> Value:
        """Give what a reference sees: one space, a list of them or a map."""
        if self._is_expanding or self._expanded is None:
            return self._shown(self.each())
        if self._seen is None:
            self._seen = self._shown(self._expanded)
        return self._seen

    def _shown(self, result: Mapping[Value, Instance]) -> Value:
        spaces = {key: self.space(value) for key, value in result.items()}
        if self.is_single:
            return spaces[None]
        if "*" in result and result["*"].why_unknown is not None:
            return _Any(spaces["*"])
        return list(spaces.values()) if self.is_counted else spaces

    def space(self, instance: Instance) -> Value:
        """Give one instance as a reference sees it."""
        if instance.address not in self._spaces:
            self._spaces[instance.address] = self.scope.space_of(self, instance)
        return self._spaces[instance.address]

    def resource(self, instance: Instance) -> ResourceSpace:
        """Give one instance of a resource."""
        result = self.space(instance)
        if not isinstance(result, ResourceSpace):
            raise TypeError(f"{self.address} is no resource")
        return result

    def evaluator(self, instance: Instance) -> Evaluator:
        """Give the evaluator for what stands in the block."""
        return self._outer().knowing(instance.bound)

    def _outer(self) -> Evaluator:
        return self.scope.evaluator.standing_in(self.placed.file)

    def _expand(self) -> dict[Value, Instance]:
        attributes = self.placed.block.body.attributes
        if self.is_single:
            return {None: Instance(self.address)}
        if self.is_counted:
            count = attributes["count"]
            outer = self._outer()
            with outer.limited(count.line) as unit:
                unit.value = number_of(outer.value(count.value))
            number = unit.value
            if isinstance(number, UnknownValue):
                return self._all_in_one(number)
            if number > MAX_INSTANCES:
                return self._too_many(f"{number:.0f}", count.line)
            return {
                at: Instance(f"{self.address}[{at}]", {"count": {"index": at}})
                for at in range(int(number))
            }
        for_each = attributes["for_each"]
        return self._expand_each(self._outer().whole(for_each.value), for_each.line)

    def _expand_each(self, over: Value, line: int) -> dict[Value, Instance]:
        if isinstance(over, UnknownValue):
            return self._all_in_one(over)
        if isinstance(over, list) and all(isinstance(key, str) for key in over):
            over = {key: key for key in over}
        if not isinstance(over, dict):
            return self._all_in_one(UnknownValue("for_each goes over what only the apply knows"))
        if len(over) > MAX_INSTANCES:
            return self._too_many(str(len(over)), line)
        return {
            key: Instance(
                f"{self.address}[{json.dumps(key)}]", {"each": {"key": key, "value": value}}
            )
            for key, value in sorted(over.items())
        }

    def _too_many(self, number: str, line: int) -> dict[Value, Instance]:
        why = f"{number[:20]} instances are more than {MAX_INSTANCES:,}"
        self.scope.tell_limit(self.placed.file, line, why)
        return self._all_in_one(over_limit(why))

    def _all_in_one(self, hidden: UnknownValue) -> dict[Value, Instance]:
        unknown = hidden.worded()
        bound = (
            {"count": {"index": unknown}}
            if self.is_counted
            else {"each": {"key": unknown, "value": unknown}}
        )
        return {"*": Instance(self.address, bound, unknown)}


# The block of Azure's resources in which the apply says who a resource runs as.
_IDENTITY, _PRINCIPAL = "identity", "principal_id"


class _Any(Space):
    """Instances of unknown number: one of them is known but for its key, all of them are not."""

    def __init__(self, value: Value) -> None:
        self.one = value

    def get(self, name: str) -> Value:
        del name  # whichever key is asked for
        return self.one


class ResourceSpace(Space):
    """What a reference to a resource sees: what the code sets, and symbols for the rest."""

    def __init__(self, instances: Instances, instance: Instance) -> None:
        self.instances, self.instance = instances, instance

    def get(self, name: str) -> Value:
        """Give an attribute."""
        result = self.configured(name)
        if result is None and (name in MADE_UP or not self._sets(name)):
            return Symbol(self.instance.address, (name,))
        if isinstance(result, UnknownValue) and name in MADE_UP and not result.text:
            # It has no words of its own, but it is known whose name it is.
            return Symbol(self.instance.address, (name,))
        return self._with_principal(result) if name == _IDENTITY else result

    def _with_principal(self, blocks: Value) -> Value:
        """Add to an identity block whom the resource runs as: what the apply adds to it."""
        if not isinstance(blocks, list):
            return blocks
        own = Symbol(self.instance.address, (_IDENTITY, _PRINCIPAL))
        return [{_PRINCIPAL: own, **b} if isinstance(b, dict) else b for b in blocks]

    def configured(self, name: str) -> Value:
        """Give what the code sets, None when it does not."""
        if not self._sets(name):
            return None
        scope = self.instances.scope
        return scope.once((self.instance.address, name), lambda: self._compute(name))

    def body(self) -> Node:
        """Give all that the code sets, with places."""
        block = self.instances.placed.block
        if block.is_broken:
            why = "a part of its block is not valid HCL, so what it sets is not known"
            return Node(UnknownValue(why), block.line, block.column)
        evaluator = self.instances.evaluator(self.instance)
        return body_node(block.body, evaluator, (block.line, block.column), is_resource=True)

    def _sets(self, name: str) -> bool:
        body = self.instances.placed.block.body
        return name in body.attributes or any(
            name in (block.kind, *block.labels[:1]) for block in body.blocks
        )

    def _compute(self, name: str) -> Value:
        evaluator = self.instances.evaluator(self.instance)
        attribute = self.instances.placed.block.body.attributes.get(name)
        if attribute is not None:
            return evaluator.whole(attribute.value)
        block = self.instances.placed.block
        if block.is_broken:
            return self.body().value
        # Only these: one reference must not cost what all of the block does.
        named = tuple(item for item in block.body.blocks if name in (item.kind, *item.labels[:1]))
        place = (block.line, block.column)
        node = body_node(Body({}, named), evaluator, place, is_resource=True).get(name)
        return node_value(node) if node is not None else []
