"""All Terraform code of one target: its modules, which of them are roots, their values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

import msgspec

from mlsec.collect.code.budget import Budget
from mlsec.collect.code.code_file import CodeFile, CodeScope
from mlsec.collect.located.located import Node, UnknownValue, size_of
from mlsec.iac.terraform.declaration import Declaration
from mlsec.iac.terraform.modules.code_files import read_modules, read_values
from mlsec.iac.terraform.modules.directories import local_source, shown_root
from mlsec.iac.terraform.modules.instances import Instance
from mlsec.iac.terraform.modules.module import Key, Module, Placed
from mlsec.iac.terraform.modules.scope import Given, Scope
from mlsec.iac.terraform.modules.value_files import values_in
from mlsec.iac.terraform.remote_modules.adapters import NO_ADAPTERS, Adapters
from mlsec.iac.terraform.remote_modules.call_places import at_call
from mlsec.iac.terraform.remote_modules.library import ModuleLibrary
from mlsec.iac.terraform.values import Value

MAX_NESTED = 12
# Resources and uses of modules together, of the target and of one root; beyond that each block
# that is written is still judged once.
MAX_MADE = 20_000
MAX_ROOT_MADE = 10_000
# One root may not take so many steps that little is left for the others.
MAX_ROOT_STEPS = 600_000
# So many values of an instance that is not the first of its block cost one step.
_PARTS_PER_STEP = 4


_LEFT_OUT = "its code is not here, and of what it declares {} is not known: run terraform init"


class Target:
    """The modules of a target; also what its scopes ask for files and other modules."""

    def __init__(self, scope: CodeScope, adapters: Adapters = NO_ADAPTERS) -> None:
        self.scope = scope
        self._all = scope.budget("terraform")
        self.budget = Budget(0)
        self._texts = {file.path: file for file in scope.files}
        self._reached: set[str] = set()
        self._reported: set[tuple[str, int]] = set()
        # Roots of which not every instance was made, and the types of those that were not.
        self.cut: dict[str, set[str]] = {}
        self._made = self._made_before = 0
        # Roots that a plan stands for: it has what their modules declare.
        self.planned: frozenset[str] = frozenset()
        # Blocks that were judged: where there are too many instances, each is judged once.
        self._judged: set[int] = set()
        self.library = ModuleLibrary(scope, adapters)
        self.modules = read_modules(scope)
        self._values = read_values(scope, self.modules)
        for name, module in self.modules.items():
            if self.library.is_installed(name):
                self.modules[name] = msgspec.structs.replace(module, is_remote=True)

    def roots(self) -> Iterator[str]:
        """Yield each root: what no other module calls, or only in a circle, or is applied itself.

        A caller may give a root milder values than those with which it is applied.
        """
        called = set(self._called())
        own = {name: module for name, module in self.modules.items() if not module.is_remote}
        for name, module in own.items():
            values = self._values
            has_values = name in values.loaded or name in values.named
            if name not in called or module.is_applied or has_values:
                yield name
        for name in own:
            if name not in self._reached:
                yield name

    def declarations(self) -> Iterator[Declaration]:
        """Yield every declared resource: root by root, each called module below its callers."""
        for name in self.roots():
            yield from self.declared_in(name)

    def scenarios(self, root: str) -> tuple[CodeFile | None, ...]:
        """Give the files of values that a root is applied with; None for none that is named.

        Without one it is not applied where variables have no value that every file gives.
        """
        named = self._values.named.get(root, ())
        if not named:
            return (None,)
        loaded = self._set_by(self._values.loaded.get(root, ()))
        needed = {
            key[0]
            for key, placed in self.modules[root].of_kind("variable").items()
            if key and "default" not in placed.block.body.attributes and key[0] not in loaded
        }
        is_given = bool(needed) and all(needed <= self._set_by((file,)) for file in named)
        return named if is_given else (None, *named)

    def _set_by(self, files: Iterable[CodeFile]) -> set[str]:
        return {name for file in files for name in self._values.bodies[file.id].attributes}

    def declared_in(self, root: str, values: CodeFile | None = None) -> Iterator[Declaration]:
        """Yield what one root declares, with steps of its own to spend on it.

        ``values`` is a file of values that the apply names.
        """
        granted = max(0, min(MAX_ROOT_STEPS, self._all.total // 2))
        self.budget = Budget(granted)
        self._made_before = self._made
        yield from self._declared(self._root(self.modules[root], values))
        self._all.total -= granted - self.budget.total

    def offers(self) -> Mapping[str, frozenset[str]]:
        """Give the names of the outputs of each root, by which other roots ask for them."""
        return {
            shown_root(self.modules[root]): frozenset(
                key[0] for key in self.modules[root].of_kind("output") if key
            )
            for root in self.roots()
        }

    def text(self, path: str) -> str | UnknownValue:
        """Give the text of a file of the target."""
        text = self._texts.get(path)
        if text is None:
            return UnknownValue(f"the file {path[:200]} is not among the code that was read")
        return text.text

    def child(self, call: Placed, parent: Scope) -> Module | UnknownValue:
        """Give the module that a call names; a doubt where it is not in the target."""
        label = call.block.labels[0] if call.block.labels else ""
        module = self.library.find(call, parent, self.modules)
        if isinstance(module, UnknownValue):
            return self._unread(call, f'module "{label}": {module.why}', parent)
        if module.left_out:
            self._unread(call, f'module "{label}": {_LEFT_OUT.format(module.left_out)}', parent)
        directory = module.directory
        above, depth = parent, 0
        while above is not None:
            if above.module.directory == directory:
                return self._doubt(call, f'module "{label}" calls itself', parent)
            if above.parent is None:
                break
            above, depth = above.parent, depth + 1
        if depth >= MAX_NESTED:
            return self._doubt(call, f'module "{label}": nested too deep', parent, is_limit=True)
        return module

    def tell_limit(self, file: CodeFile, line: int, why: str) -> None:
        """Say that a limit of the scan hides what stands at a line."""
        self.scope.over_limit(file, why, line)

    def _unread(self, call: Placed, detail: str, parent: Scope) -> UnknownValue:
        at = parent.remote_call or call
        if parent.root not in self.planned:
            self.scope.unread_part(at.file, detail, at.block.line)
        return UnknownValue(detail)

    def _doubt(
        self, call: Placed, detail: str, parent: Scope, *, is_limit: bool = False
    ) -> UnknownValue:
        at = parent.remote_call or call
        place = (at.file.id, at.block.line)
        if is_limit:
            self.tell_limit(at.file, at.block.line, detail)
        elif place not in self._reported:
            self._reported.add(place)
            self.scope.doubt(at.file, detail, line=at.block.line)
        return UnknownValue(detail, is_over_limit=is_limit)

    def _declared(self, scope: Scope) -> Iterator[Declaration]:
        self._reached.add(scope.module.directory)
        for key, placed in scope.module.of_kind("resource").items():
            if len(key) == 2:
                yield from self._instances(scope, key, placed)
        for key, placed in scope.module.of_kind("module").items():
            calls = scope.instances("module", key)
            is_read = True
            for instance in calls.each().values() if calls else ():
                if self._is_over() and self._is_reached(placed, scope.module):
                    self._leave_out(placed, scope, self._types_of(placed, scope))
                    break
                child = scope.child(calls, instance) if calls else UnknownValue("")
                if isinstance(child, Scope):
                    yield from self._declared(child)
                else:
                    is_read = is_read and not child.is_over_limit
            if is_read:
                self._reach(placed, scope.module)

    def _instances(self, scope: Scope, key: Key, placed: Placed) -> Iterator[Declaration]:
        result = scope.instances("resource", key)
        if result is None:
            return
        for instance in result.each().values():
            is_judged = id(placed.block) in self._judged
            if self._is_over() and is_judged:
                self._leave_out(placed, scope, (key[0],))
                return
            self._tell_number(scope.remote_call or placed, instance)
            body, at = self._placed_body(result.resource(instance).body(), placed, scope)
            self.budget.total -= size_of(body) // _PARTS_PER_STEP if is_judged else 0
            self._judged.add(id(placed.block))
            yield Declaration(
                address=instance.address,
                type=key[0],
                name=key[1],
                file=at.file,
                line=at.block.line,
                column=at.block.column,
                body=body,
                provider=scope.providers.of_resource(placed.block),
                root=shown_root(self.modules[scope.root]),
                why_unknown=instance.why_unknown,
            )

    def _placed_body(self, body: Node, placed: Placed, scope: Scope) -> tuple[Node, Placed]:
        """Give a body and the block that it stands in: of what is not of the target, the call."""
        call = scope.remote_call
        if call is None:
            return body, placed
        is_direct = scope.parent is not None and scope.parent.remote_call is None
        return at_call(body, placed.block, call, is_direct=is_direct), call

    def _is_over(self) -> bool:
        """Count one more resource or use of a module; say whether it is too many."""
        self._made += 1
        is_many = self._made > MAX_MADE or self._made - self._made_before > MAX_ROOT_MADE
        return is_many or self.budget.is_spent

    def _leave_out(self, placed: Placed, scope: Scope, types: Iterable[str]) -> None:
        at, root = scope.remote_call or placed, scope.root
        self.cut.setdefault(root, set()).update(types)
        why = f"not every instance was made: {root or 'the folder'} declares too many"
        self.scope.over_limit(at.file, why, at.block.line)

    def _tell_number(self, placed: Placed, instance: Instance) -> None:
        hidden = instance.why_unknown
        if hidden is not None and not hidden.is_over_limit:
            detail = f"how many {instance.address} there are is not known: {hidden.why}"
            place = (f"{placed.file.id} {detail}", placed.block.line)
            if place not in self._reported:
                self._reported.add(place)
                self.scope.doubt(placed.file, detail, line=placed.block.line)

    def _reach(self, call: Placed, module: Module) -> None:
        """A module that is called is judged there, even when it is called no times."""
        directory = local_source(call, module)
        if isinstance(directory, str):
            self._reached.add(directory)

    def _types_of(self, call: Placed, scope: Scope) -> set[str]:
        """Name the types of what a called module declares, and those that it calls."""
        types: set[str] = set()
        first = self.library.find(call, scope, self.modules)
        if isinstance(first, UnknownValue):
            return types
        seen, waiting = {first.directory}, [first]
        while waiting:
            module = waiting.pop()
            types |= module.resource_types
            for inner_call in module.of_kind("module").values():
                inner = local_source(inner_call, module)
                if isinstance(inner, str) and inner not in seen and inner in self.modules:
                    seen.add(inner)
                    waiting.append(self.modules[inner])
        return types

    def _is_reached(self, call: Placed, module: Module) -> bool:
        directory = local_source(call, module)
        return not isinstance(directory, str) or directory in self._reached

    def _called(self) -> Iterator[str]:
        for module in self.modules.values():
            for placed in module.of_kind("module").values():
                directory = local_source(placed, module)
                if isinstance(directory, str):
                    yield directory

    def _root(self, module: Module, named: CodeFile | None = None) -> Scope:
        several = [*self._values.loaded.get(module.directory, ()), *([named] if named else [])]
        files = [(file, self._values.bodies[file.id]) for file in several]
        values = dict(values_in(files, self.budget, self.tell_limit))
        given: dict[str, Given] = {name: partial(_itself, value) for name, value in values.items()}
        return Scope(module, self, self.budget, given)


def _itself(value: Value) -> Value:
    return value
