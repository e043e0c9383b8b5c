"""All Terraform code of one target: its modules, which of them are roots, their values."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

import msgspec

from mlsec.collect.code.code_file import CodeFile, CodeScope, Language
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.core.enums import GapReason
from mlsec.iac.terraform.evaluation.evaluate import Evaluator
from mlsec.iac.terraform.modules.module import Key, Module, Placed, assemble
from mlsec.iac.terraform.modules.scope import Given, Scope
from mlsec.iac.terraform.names import MAX_ROOT_STEPS, MAX_STEPS, Budget, Names
from mlsec.iac.terraform.syntax.json_syntax import parse_json, parse_values
from mlsec.iac.terraform.syntax.parse import parse
from mlsec.iac.terraform.syntax.tree import Body, Literal
from mlsec.iac.terraform.values import InvalidValue, Value

MAX_NESTED = 12
# Resources and uses of modules together, of the target and of one root.
MAX_MADE = 20_000
MAX_ROOT_MADE = 10_000


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """One instance of a resource as the code declares it.

    ``body`` is what the code sets: arguments by name, nested blocks as lists of mappings; symbols
    and text around them stand there as they are. ``provider`` are the settings of its provider.
    ``root`` is the directory of its root module, as reports name it.
    ``why_unknown`` says why the number of instances is not known; this one stands for all.
    """

    address: str
    type: str
    name: str
    file: CodeFile
    line: int
    column: int
    body: Node
    provider: Mapping[str, Value]
    root: str
    why_unknown: str = ""


class Target:
    """The modules of a target; also what its scopes ask for files and other modules."""

    def __init__(self, scope: CodeScope) -> None:
        self.scope = scope
        self.budget = Budget(0)
        self._left = MAX_STEPS
        self._texts = {file.path: file for file in scope.files}
        self._values: dict[str, list[CodeFile]] = {}
        self._reached: set[str] = set()
        self._reported: set[tuple[str, int]] = set()
        # Roots that were not worked out to the end.
        self.cut: set[str] = set()
        self._made = self._made_before = 0
        self.modules = self._read_modules()
        self._read_values()

    def roots(self) -> Iterator[str]:
        """Yield the directory of each root: what no other module calls, or only in a circle."""
        called = set(self._called())
        for name in self.modules:
            if name not in called:
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
        self._left -= self.budget.spent
        self.budget = Budget(min(MAX_ROOT_STEPS, self._left))
        self._made_before = self._made
        return self._declared(self._root(self.modules[root]))

    def offers(self) -> Mapping[str, frozenset[str]]:
        """Give the names of the outputs of each root, by which other roots ask for them."""
        return {
            _shown_root(self.modules[root]): frozenset(
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
        directory = _local_source(call, parent.module)
        label = call.block.labels[0] if call.block.labels else ""
        if isinstance(directory, UnknownValue):
            return self._doubt(call, f'module "{label}": {directory.why}')
        module = self.modules.get(directory)
        if module is None:
            return self._doubt(call, f'module "{label}": no Terraform code in {directory[:200]}')
        above, depth = parent, 0
        while above is not None:
            if above.module.directory == directory:
                return self._doubt(call, f'module "{label}" calls itself')
            if above.parent is None:
                break
            above, depth = above.parent, depth + 1
        if depth >= MAX_NESTED:
            return self._doubt(call, f'module "{label}": nested too deep')
        return module

    def _doubt(self, call: Placed, detail: str) -> UnknownValue:
        place = (call.file.id, call.block.line)
        if place not in self._reported:
            self._reported.add(place)
            self.scope.doubt(call.file, detail, line=call.block.line)
        return UnknownValue(detail)

    def _declared(self, scope: Scope) -> Iterator[Declaration]:
        self._reached.add(scope.module.directory)
        for key, placed in scope.module.of_kind("resource").items():
            if len(key) == 2:
                yield from self._instances(scope, key, placed)
        for key, placed in scope.module.of_kind("module").items():
            self._reach(placed, scope.module)
            calls = scope.instances("module", key)
            for instance in calls.each().values() if calls else ():
                if self._is_too_much(placed, scope.root):
                    return
                child = scope.child(calls, instance) if calls else UnknownValue("")
                if isinstance(child, Scope):
                    yield from self._declared(child)

    def _instances(self, scope: Scope, key: Key, placed: Placed) -> Iterator[Declaration]:
        result = scope.instances("resource", key)
        if result is None:
            return
        for instance in result.each().values():
            if self._is_too_much(placed, scope.root):
                return
            if instance.why_unknown:
                detail = f"how many {instance.address} there are is not known"
                self.scope.doubt(
                    placed.file, f"{detail}: {instance.why_unknown}", line=placed.block.line
                )
            yield Declaration(
                address=instance.address,
                type=key[0],
                name=key[1],
                file=placed.file,
                line=placed.block.line,
                column=placed.block.column,
                body=result.resource(instance).body(),
                provider=scope.providers.of_resource(placed.block),
                root=_shown_root(self.modules[scope.root]),
                why_unknown=instance.why_unknown,
            )

    def _is_too_much(self, placed: Placed, root: str) -> bool:
        """Count one more resource or use of a module; say so of each root where it is too many."""
        self._made += 1
        is_many = self._made > MAX_MADE or self._made - self._made_before > MAX_ROOT_MADE
        is_over = is_many or self.budget.is_spent
        if is_over and root not in self.cut:
            self.cut.add(root)
            self.scope.refuse(
                placed.file,
                f"the evaluation of {root or 'the folder'} was cut off: too much to work out",
                reason=GapReason.OVER_LIMIT,
                line=placed.block.line,
            )
        return is_over

    def _reach(self, call: Placed, module: Module) -> None:
        """A module that is called is judged there, even when it is called no times."""
        directory = _local_source(call, module)
        if isinstance(directory, str):
            self._reached.add(directory)

    def _called(self) -> Iterator[str]:
        for module in self.modules.values():
            for placed in module.of_kind("module").values():
                directory = _local_source(placed, module)
                if isinstance(directory, str):
                    yield directory

    def _root(self, module: Module) -> Scope:
        given: dict[str, Given] = {}
        evaluator = Evaluator(_NoNames(), self.budget)
        for file in sorted(self._values.get(module.directory, ()), key=_precedence):
            for name, attribute in self._parsed(file).attributes.items():
                given[name] = _Known(evaluator.value(attribute.value))
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
                self.scope.doubt(placed.file, detail, line=placed.block.line)

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


class _Known:
    def __init__(self, value: Value) -> None:
        self._value = value

    def __call__(self) -> Value:
        return self._value


class _NoNames(Names):
    def lookup(self, name: str) -> Value:
        return InvalidValue(f'a file of values may not refer to "{name[:80]}"')

    def read_file(self, path: str) -> str | UnknownValue:
        return InvalidValue(f"a file of values may not read {path[:80]}")


def _shown_root(module: Module) -> str:
    """Give a directory as its repository calls it."""
    return posixpath.dirname(module.files[0].shown) or "."


def _precedence(file: CodeFile) -> tuple[int, str]:
    """Later files win: terraform.tfvars, then its JSON form, then the others by name."""
    name = posixpath.basename(file.path)
    order = {"terraform.tfvars": 0, "terraform.tfvars.json": 1}
    return order.get(name, 2), name


def _local_source(call: Placed, module: Module) -> str | UnknownValue:
    """Give the directory that a module call names, or why it names none of the target."""
    source = call.block.body.attributes.get("source")
    if source is None or not isinstance(source.value, Literal):
        return UnknownValue("its source is not written out")
    written = str(source.value.value)
    if not written.startswith(("./", "../")) and written not in (".", ".."):
        return UnknownValue(
            f"{written[:200]} is not in this folder and is not fetched, so what it declares was "
            "not judged; scan the output of terraform show -json instead"
        )
    joined = posixpath.normpath(posixpath.join(module.directory, written))
    if joined == ".." or joined.startswith("../"):
        return UnknownValue(f"{written[:200]} is outside the scanned folder")
    return "" if joined == "." else joined
