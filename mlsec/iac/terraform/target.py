"""All Terraform code of one target: its modules, which of them are roots, their values."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from mlsec.collect.code.budget import Budget
from mlsec.collect.code.code_file import CodeFile, CodeScope, Language
from mlsec.collect.located.located import UnknownValue, size_of
from mlsec.core.enums import GapReason
from mlsec.iac.terraform.declaration import Declaration
from mlsec.iac.terraform.modules.directories import local_source, shown_root
from mlsec.iac.terraform.modules.instances import Instance
from mlsec.iac.terraform.modules.module import Key, Module, Placed, assemble
from mlsec.iac.terraform.modules.scope import Given, Scope
from mlsec.iac.terraform.modules.value_files import values_in
from mlsec.iac.terraform.syntax.json_syntax import parse_json, parse_values
from mlsec.iac.terraform.syntax.parse import parse
from mlsec.iac.terraform.syntax.tree import Body
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


class Target:
    """The modules of a target; also what its scopes ask for files and other modules."""

    def __init__(self, scope: CodeScope) -> None:
        self.scope = scope
        self._all = scope.budget("terraform")
        self.budget = Budget(0)
        self._texts = {file.path: file for file in scope.files}
        self._values: dict[str, list[CodeFile]] = {}
        self._reached: set[str] = set()
        self._reported: set[tuple[str, int]] = set()
        # Roots of which not every instance was made, and the types of those that were not.
        self.cut: dict[str, set[str]] = {}
        self._made = self._made_before = 0
        # Roots that a plan stands for: it has what their modules declare.
        self.planned: frozenset[str] = frozenset()
        # Blocks that were judged: where there are too many instances, each is judged once.
        self._judged: set[int] = set()
        self.modules = self._read_modules()
        self._read_values()

    def roots(self) -> Iterator[str]:
        """Yield each root: what no other module calls, or only in a circle, or is applied itself.

        A caller may give a root milder values than those with which it is applied.
        """
        called = set(self._called())
        for name, module in self.modules.items():
            if name not in called or module.is_applied or name in self._values:
                yield name
        for name in self.modules:
            if name not in self._reached:
                yield name

    def declarations(self) -> Iterator[Declaration]:
        """Yield every declared resource: root by root, each called module below its callers."""
        for name in self.roots():
            yield from self.declared_in(name)

    def declared_in(self, root: str) -> Iterator[Declaration]:
        """Yield what one root declares, with steps of its own to spend on it."""
        granted = max(0, min(MAX_ROOT_STEPS, self._all.total // 2))
        self.budget = Budget(granted)
        self._made_before = self._made
        yield from self._declared(self._root(self.modules[root]))
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
        directory = local_source(call, parent.module)
        label = call.block.labels[0] if call.block.labels else ""
        module = self.modules.get(directory) if isinstance(directory, str) else None
        if module is None:
            why = (
                f"no Terraform code in {directory[:200]}"
                if isinstance(directory, str)
                else directory.why
            )
            return self._unread(call, f'module "{label}": {why}', parent)
        above, depth = parent, 0
        while above is not None:
            if above.module.directory == directory:
                return self._doubt(call, f'module "{label}" calls itself')
            if above.parent is None:
                break
            above, depth = above.parent, depth + 1
        if depth >= MAX_NESTED:
            return self._doubt(call, f'module "{label}": nested too deep', is_limit=True)
        return module

    def tell_limit(self, file: CodeFile, line: int, why: str) -> None:
        """Say that a limit of the scan hides what stands at a line."""
        self.scope.over_limit(file, why, line)

    def _unread(self, call: Placed, detail: str, parent: Scope) -> UnknownValue:
        if parent.root not in self.planned:
            self.scope.unread_part(call.file, detail, call.block.line)
        return UnknownValue(detail)

    def _doubt(self, call: Placed, detail: str, *, is_limit: bool = False) -> UnknownValue:
        place = (call.file.id, call.block.line)
        if is_limit:
            self.tell_limit(call.file, call.block.line, detail)
        elif place not in self._reported:
            self._reported.add(place)
            self.scope.doubt(call.file, detail, line=call.block.line)
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
                    directory = local_source(placed, scope.module)
                    types = self._types_in(directory) if isinstance(directory, str) else ()
                    self._leave_out(placed, scope.root, types)
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
                self._leave_out(placed, scope.root, (key[0],))
                return
            self._tell_number(placed, instance)
            body = result.resource(instance).body()
            self.budget.total -= size_of(body) // _PARTS_PER_STEP if is_judged else 0
            self._judged.add(id(placed.block))
            yield Declaration(
                address=instance.address,
                type=key[0],
                name=key[1],
                file=placed.file,
                line=placed.block.line,
                column=placed.block.column,
                body=body,
                provider=scope.providers.of_resource(placed.block),
                root=shown_root(self.modules[scope.root]),
                why_unknown=instance.why_unknown,
            )

    def _is_over(self) -> bool:
        """Count one more resource or use of a module; say whether it is too many."""
        self._made += 1
        is_many = self._made > MAX_MADE or self._made - self._made_before > MAX_ROOT_MADE
        return is_many or self.budget.is_spent

    def _leave_out(self, placed: Placed, root: str, types: Iterable[str]) -> None:
        self.cut.setdefault(root, set()).update(types)
        why = f"not every instance was made: {root or 'the folder'} declares too many"
        self.scope.over_limit(placed.file, why, placed.block.line)

    def _tell_number(self, placed: Placed, instance: Instance) -> None:
        hidden = instance.why_unknown
        if hidden is not None and not hidden.is_over_limit:
            detail = f"how many {instance.address} there are is not known: {hidden.why}"
            self.scope.doubt(placed.file, detail, line=placed.block.line)

    def _reach(self, call: Placed, module: Module) -> None:
        """A module that is called is judged there, even when it is called no times."""
        directory = local_source(call, module)
        if isinstance(directory, str):
            self._reached.add(directory)

    def _types_in(self, directory: str) -> set[str]:
        """Name the types of what a module declares, and those that it calls."""
        types: set[str] = set()
        seen, waiting = {directory}, [directory]
        while waiting:
            module = self.modules.get(waiting.pop())
            if module is None:
                continue
            types |= module.resource_types
            for call in module.of_kind("module").values():
                inner = local_source(call, module)
                if isinstance(inner, str) and inner not in seen:
                    seen.add(inner)
                    waiting.append(inner)
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

    def _root(self, module: Module) -> Scope:
        files = [(file, self._parsed(file)) for file in self._values.get(module.directory, ())]
        values = dict(values_in(files, self.budget, self.tell_limit))
        given: dict[str, Given] = {name: partial(_itself, value) for name, value in values.items()}
        return Scope(module, self, self.budget, given)

    def _read_modules(self) -> dict[str, Module]:
        by_directory: dict[str, list[tuple[CodeFile, Body]]] = {}
        for file in self.scope.written_in(Language.TERRAFORM):
            self.scope.take(file)
            pair = (file, self._parsed(file))
            by_directory.setdefault(posixpath.dirname(file.path), []).append(pair)
        made = {name: assemble(name, by_directory[name]) for name in sorted(by_directory)}
        for module in made.values():
            self._doubt_twice(module)
        return made

    def _doubt_twice(self, module: Module) -> None:
        for placed in module.twice:
            if placed.block.kind in ("resource", "module"):
                shown = ".".join(placed.block.labels)
                detail = f"{shown[:200]} is declared more than once, and only the first was judged"
                # OpenTofu prefers the one in a .tofu file: it may well be the one that is applied.
                self.scope.refuse(placed.file, detail, line=placed.block.line)

    def _read_values(self) -> None:
        for file in self.scope.written_in(Language.TERRAFORM_VALUES):
            self.scope.take(file)
            directory, name = posixpath.split(file.path)
            is_own = name in ("terraform.tfvars", "terraform.tfvars.json")
            if directory in self.modules and (
                is_own or name.endswith((".auto.tfvars", ".auto.tfvars.json"))
            ):
                self._values.setdefault(directory, []).append(file)
            else:
                detail = "these values are used only when the file is named at the apply"
                self.scope.doubt(file, detail)

    def _parsed(self, file: CodeFile) -> Body:
        if file.path.endswith(".json"):
            is_values = file.language is Language.TERRAFORM_VALUES
            parsed = parse_values(file.text) if is_values else parse_json(file.text)
        else:
            parsed = parse(file.text)
        for mistake in parsed.mistakes:
            reason = GapReason.OVER_LIMIT if mistake.over_limit else GapReason.MALFORMED
            self.scope.refuse(file, mistake.what, reason=reason, line=mistake.line)
        return parsed.body


def _itself(value: Value) -> Value:
    return value
