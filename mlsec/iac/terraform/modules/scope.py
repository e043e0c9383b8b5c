"""One use of a module: its variables, locals, resources and calls, computed when asked for."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple, Protocol

from mlsec.collect.code.budget import Budget
from mlsec.collect.code.code_file import CodeFile
from mlsec.collect.located.located import UnknownValue
from mlsec.iac.terraform.evaluation.evaluate import Evaluator
from mlsec.iac.terraform.evaluation.located_blocks import META
from mlsec.iac.terraform.evaluation.type_constraints import convert
from mlsec.iac.terraform.modules.data_sources import DataSpace
from mlsec.iac.terraform.modules.instances import Instance, Instances, ResourceSpace
from mlsec.iac.terraform.modules.module import Key, Module, Placed
from mlsec.iac.terraform.modules.module_inputs import given_in
from mlsec.iac.terraform.modules.providers import Providers
from mlsec.iac.terraform.names import Names
from mlsec.iac.terraform.values import InvalidValue, Space, Value

Given = Callable[[], Value]
# Words that Terraform knows besides the types of resources.
_FREE = ("each", "count", "self")


class Library(Protocol):
    """What a module may need of the target: the text of files, and other modules."""

    def text(self, path: str) -> str | UnknownValue:
        """Give the text of a file by its path in the target."""
        ...

    def child(self, call: Placed, parent: Scope) -> Module | UnknownValue:
        """Give the module that a call names."""
        ...

    def tell_limit(self, file: CodeFile, line: int, why: str) -> None:
        """Say that a limit of the scan hides what stands at a line."""
        ...


class Scope(Names):
    """One use of a module. ``prefix`` is its address ("module.a."), ``root`` the root's directory.

    ``given`` are the values of its variables; what is not given has its default or is not known.
    """

    def __init__(
        self,
        module: Module,
        library: Library,
        budget: Budget,
        given: Mapping[str, Given],
        *,
        parent: Scope | None = None,
        prefix: str = "",
        handed: Mapping[str, Mapping[str, Value]] | None = None,
        called: Placed | None = None,
    ) -> None:
        self.module, self.library, self.budget = module, library, budget
        self.parent, self.prefix = parent, prefix
        self.root: str = parent.root if parent else module.directory
        # The names of the calls that lead here, and the one that leads out of the target.
        self.calls: tuple[str, ...] = (
            (*parent.calls, *called.block.labels[:1]) if parent and called else ()
        )
        self.remote_call: Placed | None = parent.remote_call if parent else None
        if module.is_remote and self.remote_call is None:
            self.remote_call = called
        self.evaluator = Evaluator(self, budget)
        inherited = parent.providers if parent else None
        self.providers: Providers = Providers(module, self.evaluator, handed or {}, inherited)
        self._given = given
        self._known: dict[tuple[str, ...], _Kept] = {}
        self._busy: set[tuple[str, ...]] = set()
        self._instances: dict[tuple[str, Key], Instances] = {}
        self._children: dict[str, Scope | UnknownValue] = {}
        self._spaces: dict[str, Value] = {
            "var": _Lookup(self.variable),
            "local": _Lookup(self.local),
            "module": _Lookup(lambda name: self.of(("module", (name,)), f"module.{name}")),
            "data": _Lookup(lambda kind: _Lookup(lambda name: self._data(kind, name))),
            "path": {"module": self._path(), "root": ".", "cwd": "."},
            "terraform": _Lookup(
                lambda name: UnknownValue(f"terraform.{name} is reported at the apply")
            ),
        }

    def lookup(self, name: str) -> Value:
        """Give what a word of this module stands for."""
        if name in self._spaces:
            return self._spaces[name]
        if name in _FREE:
            return InvalidValue(f"there is no {name} here")
        if name not in self.module.resource_types:
            return InvalidValue(f'nothing is called "{name[:80]}" here')
        space = _Lookup(lambda label: self.of(("resource", (name, label)), f"{name}.{label}"))
        self._spaces[name] = space
        return space

    def read_file(self, path: str) -> str | UnknownValue:
        """Give the text of a file; its path is relative to the root module."""
        joined = posixpath.normpath(posixpath.join(self.root, path))
        if joined.startswith(("..", "/")):
            return UnknownValue(f"the file {path[:200]} is not in this folder")
        return self.library.text(joined)

    def tell_limit(self, file: CodeFile | None, line: int, why: str) -> None:
        """Say that a limit of the scan hides what stands at a line."""
        if self.remote_call is not None:
            file, line = self.remote_call.file, self.remote_call.block.line
        self.library.tell_limit(file or self.module.files[0], line, why)

    def variable(self, name: str) -> Value:
        """Give a variable's value: as given, or its default."""
        declared = self.module.of_kind("variable").get((name,))
        if declared is None:
            return InvalidValue(f'there is no variable "{name[:80]}"')
        return self._once(("var", name), lambda: self._variable(name, declared))

    def _variable(self, name: str, declared: Placed) -> Value:
        attributes = declared.block.body.attributes
        given = self._given.get(name)
        default = attributes.get("default")
        evaluator = self.evaluator.standing_in(declared.file)
        value = given() if given is not None else None
        if value is None and (given is None or "nullable" in attributes):
            if default is None:
                words = f"‹{self.prefix}var.{name}›"
                return UnknownValue(f"var.{name} has no default", words)
            value = evaluator.whole(default.value)
        wanted = attributes.get("type")
        if wanted is None:
            return value
        with evaluator.limited(wanted.line) as unit:
            unit.value = convert(value, wanted.value, evaluator)
        return unit.value

    def local(self, name: str) -> Value:
        """Give a local value."""
        declared = self.module.locals.get(name)
        if declared is None:
            return InvalidValue(f'there is no local value "{name[:80]}"')
        evaluator = self.evaluator.standing_in(declared.file)
        return self._once(("local", name), lambda: evaluator.whole(declared.attribute.value))

    def output(self, name: str) -> Value:
        """Give an output of this module, as its caller sees it."""
        declared = self.module.of_kind("output").get((name,))
        if declared is None and self.module.is_adapter:
            return UnknownValue(f'what "{name[:80]}" of {self.prefix[:-1]} gives is not known')
        if declared is None:
            return InvalidValue(f'the module has no output "{name[:80]}"')
        attribute = declared.block.body.attributes.get("value")
        if attribute is None:
            return InvalidValue(f'the output "{name[:80]}" has no value')
        evaluator = self.evaluator.standing_in(declared.file)
        return self._once(("output", name), lambda: evaluator.whole(attribute.value))

    def instances(self, kind: str, key: Key) -> Instances | None:
        """Give the instances of a resource, a data source or a module call."""
        placed = self.module.of_kind(kind).get(key)
        if placed is None:
            return None
        if (kind, key) not in self._instances:
            self._instances[kind, key] = Instances(self, kind, key, placed)
        return self._instances[kind, key]

    def of(self, place: tuple[str, Key], shown: str) -> Value:
        """Give a resource, data source or module as a reference to it sees it."""
        result = self.instances(*place)
        if result is None:
            return InvalidValue(f"{shown[:120]} is not declared here")
        return result.seen()

    def child(self, called: Instances, instance: Instance) -> Scope | UnknownValue:
        """Give the scope of one use of a module that this one calls."""
        known = self._children.get(instance.address)
        if known is None:
            module = self.library.child(called.placed, self)
            if isinstance(module, UnknownValue):
                self._children[instance.address] = module
                known = module.worded(among=self._given_to(called, instance))
            else:
                known = self._open(module, called, instance)
            self._children[instance.address] = known
        return known

    def _given_to(self, called: Instances, instance: Instance) -> tuple[str, ...] | None:
        """Say what a module that is not here is given, which it may give back."""
        evaluator, body = called.evaluator(instance), called.placed.block.body
        arguments = (value for name, value in body.attributes.items() if name not in META)
        return given_in(evaluator.whole(argument.value) for argument in arguments)

    def space_of(self, instances: Instances, instance: Instance) -> Value:
        """Give a resource, a data source or a use of a module as a reference to it sees it."""
        match instances.kind:
            case "module":
                return self._module_space(instances, instance)
            case "data":
                return DataSpace(instances, instance)
            case _:
                return ResourceSpace(instances, instance)

    def _module_space(self, called: Instances, instance: Instance) -> Value:
        child = self.child(called, instance)
        return child if isinstance(child, UnknownValue) else _Lookup(child.output)

    def _open(self, module: Module, called: Instances, instance: Instance) -> Scope:
        block = called.placed.block
        evaluator = called.evaluator(instance)
        given: dict[str, Given] = {
            name: partial(evaluator.whole, attribute.value)
            for name, attribute in block.body.attributes.items()
            if name not in META
        }
        return Scope(
            module,
            self.library,
            self.budget,
            given,
            parent=self,
            prefix=f"{instance.address}.",
            handed=self.providers.handed_to(block),
            called=called.placed,
        )

    def once(self, key: tuple[str, ...], compute: Callable[[], Value]) -> Value:
        """Compute something once; what needs itself is not known."""
        return self._once(key, compute)

    def _data(self, kind: str, name: str) -> Value:
        return self.of(("data", (kind, name)), f"data.{kind}.{name}")

    def _once(self, key: tuple[str, ...], compute: Callable[[], Value]) -> Value:
        kept, depth = self._known.get(key), self.budget.depth
        # Deep inside a chain of references a value may be cut off that is known from nearer by.
        if kept is not None and 2 * depth >= kept.cut_at_depth:
            return kept.value
        if key in self._busy:
            return UnknownValue(f"{'.'.join(key)} refers to itself")
        self._busy.add(key)
        cuts = self.budget.deep_cuts
        try:
            result = compute()
        finally:
            self._busy.discard(key)
        self._known[key] = _Kept(result, depth if self.budget.deep_cuts != cuts else 0)
        return result

    def _path(self) -> str:
        return posixpath.relpath(self.module.directory or ".", self.root or ".")


class _Kept(NamedTuple):
    """A value that was computed, and how deep inside of others where it was cut off for that."""

    value: Value
    cut_at_depth: int


class _Lookup(Space):
    def __init__(self, find: Callable[[str], Value]) -> None:
        self._find = find

    def get(self, name: str) -> Value:
        return self._find(name)
