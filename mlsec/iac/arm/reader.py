"""ARM templates of a target, and what Bicep compiles to: worked out, given as declarations."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from mlsec.collect.code.code_file import CodeFile, CodeScope, Declared, Language
from mlsec.collect.located import json as marked_json
from mlsec.collect.located.located import Node, UnknownValue, plain
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.core.regex import regex
from mlsec.iac.arm.bicep.parsing import can_parse
from mlsec.iac.arm.bicep.template import compile_source
from mlsec.iac.arm.deployment_context import GROUP_ID
from mlsec.iac.arm.resources import ArmResource, Walk, Work
from mlsec.iac.mapping.declaration import Declaration, text_of
from mlsec.iac.mapping.resources import ReferredOf, ShapesOf, declare
from mlsec.vocabulary.types import Vocabulary

KIND = "arm"
# A variable of the environment with its default, as azd reads it: ${NAME=default}.
_AZD_DEFAULT = regex(r"\$\{[A-Za-z_][A-Za-z0-9_]*=([^${}]*)\}")
_TRUE_FALSE = {"true": True, "false": False}
_PLACEHOLDERS = ("GEN-", "GET-", "<", "REPLACE")


def read(
    scope: CodeScope, vocabulary: Vocabulary, shapes_of: ShapesOf, referred_of: ReferredOf
) -> Declared:
    """Give what the templates of a target declare."""
    reading = _Reading(scope, vocabulary)
    reading.parse()
    return declare(scope, vocabulary, reading.declarations(), shapes_of, referred_of)


class _Reading:
    def __init__(self, scope: CodeScope, vocabulary: Vocabulary) -> None:
        self._scope = scope
        self._types = {name.lower(): name for name in vocabulary.declared.get(KIND, {})}
        self._roots: dict[str, tuple[CodeFile, Node]] = {}
        self._values: dict[str, dict[str, Any]] = {}
        self._nested: set[str] = set()
        self._work = Work(budget=scope.budget(KIND), tell=scope.over_limit)

    def parse(self) -> None:
        """Parse every template and parameter file, and write each Bicep source as a template."""
        for file in self._scope.written_in(Language.BICEP):
            self._scope.take(file)
            if not file.path.endswith(".bicepparam") and not self._is_compiled(file):
                self._compile(file)
        for file in self._scope.written_in(Language.ARM):
            self._scope.take(file)
            try:
                root = marked_json.parse(file.text.lstrip("\ufeff"), comments=True)
            except MlsecError as error:
                self._scope.refuse_error(file, error)
                continue
            if "deploymentparameters.json" in root.text("$schema").lower():
                self._values[_stem(file.path)] = _given(root)
            elif root.get("resources") is not None:
                self._roots[file.path] = (file, root)

    def _compile(self, file: CodeFile) -> None:
        command = f"az bicep build --file {file.path}"
        if not can_parse():
            detail = f"Bicep is read with the extra iac, or once it is compiled: {command}"
            self._scope.refuse(file, detail, reason=GapReason.UNSUPPORTED)
            return
        made = compile_source(file.text.lstrip("\ufeff"))
        if made.over_limit:
            self._scope.over_limit(file, made.over_limit, 1)
        if made.mistake_line:
            detail = f"what stands here was not understood; it is once it is compiled: {command}"
            self._scope.refuse(file, detail, line=made.mistake_line)
        for line, why in made.left:
            self._scope.unread_part(file, f"{why}: {command} puts it in", line)
        self._roots[file.path] = (file, made.root)
        folder = posixpath.dirname(file.path)
        # What another one uses is a part of it, whether or not it is made with the defaults.
        self._nested |= {posixpath.normpath(posixpath.join(folder, path)) for path in made.modules}

    def _is_compiled(self, file: CodeFile) -> bool:
        """Whether the template that it compiles to lies beside it; a committed one may be old."""
        compiled = f"{file.path.removesuffix('.bicep')}.json"
        return any(
            item.path == compiled and "bicep" in item.text[:4000] and not item.is_committed
            for item in self._scope.written_in(Language.ARM)
        )

    def declarations(self) -> Iterator[Declaration]:
        """Give the declarations of every template that is not only a part of another."""
        walked: dict[str, list[Declaration]] = {}
        for path, (file, root) in self._roots.items():
            walked[path] = list(self._of_template(file, root))
        tops = {path: result for path, result in walked.items() if path not in self._nested}
        sources = [result for path, result in tops.items() if path.endswith(".bicep")]
        is_compiled = {path: _made_by_bicep(self._roots[path][0]) for path in tops}
        seen: set[str] = set()
        if sources and any(is_compiled.values()):
            seen = {_said(item) for result in sources for item in result}
        for path, result in tops.items():
            for item in result:
                # What a committed template says as its source does is judged there.
                if not is_compiled[path] or _said(item) not in seen:
                    yield item

    def _of_template(self, file: CodeFile, root: Node) -> Iterator[Declaration]:
        walk = Walk(file, self._linked, self._scope.unread_part, self._work)
        template = walk.template(root, self._values.get(_stem(file.path), {}), GROUP_ID)
        stack = file.in_repository or file.id
        for item in walk.found(root, template):
            if not item.is_made:
                place = (item.type, self._scope.name, "")
                self._scope.tally.exclude(place, "its condition does not hold with the defaults")
                continue
            yield self._declaration(item, stack)

    def _declaration(self, arm_resource: ArmResource, stack: str) -> Declaration:
        name = text_of(arm_resource.body.get("name"))
        above = arm_resource.body.get("parent", "name")
        return Declaration(
            kind=KIND,
            type=self._types.get(arm_resource.type.lower(), arm_resource.type),
            address="/".join(filter(None, (arm_resource.type, text_of(above), name))),
            body=arm_resource.body,
            file=arm_resource.file,
            stack=stack,
            line=arm_resource.line,
            column=arm_resource.column,
            given=name,
        )

    def _linked(self, file: CodeFile, path: str) -> tuple[CodeFile, Node] | None:
        """Find a template by its relative path, or by the end of an address that is not known."""
        folder = posixpath.dirname(file.path)
        near = posixpath.normpath(posixpath.join(folder, path)) if "://" not in path else ""
        tail = path.rpartition("›")[2].partition("?")[0].lstrip("/")
        for item in (near, posixpath.normpath(posixpath.join(folder, tail)) if tail else ""):
            root = self._roots.get(item)
            if root is not None and item != file.path:
                self._nested.add(item)
                return root
        return None


def _made_by_bicep(file: CodeFile) -> bool:
    return file.language is Language.ARM and '"bicep"' in file.text[:4000]


def _said(item: Declaration) -> str:
    """Write all that a declaration says, in one order."""
    return f"{item.type.lower()} {item.address} {_ordered(plain(item.body))!r}"


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value)}
    return [_ordered(entry) for entry in value] if isinstance(value, list) else value


def _given(root: Node) -> dict[str, Any]:
    item: dict[str, Any] = {}
    for name, collected in root.pairs("parameters").items():
        value = collected.get("value")
        if value is None:
            why = f"parameter {name} is read from a vault"
            item[name] = UnknownValue(why, f"‹{name}›", is_given=True)
            continue
        result = _without_variable(plain(value))
        is_open = isinstance(result, str) and (result.startswith(_PLACEHOLDERS) or "${" in result)
        item[name] = (
            UnknownValue(f"parameter {name} is left open", f"‹{name}›") if is_open else result
        )
    return item


def _without_variable(value: Any) -> Any:
    """Give what azd puts in the place of a variable that is not set, where a file says that."""
    result = _AZD_DEFAULT.fullmatch(value) if isinstance(value, str) else None
    if result is None:
        return value
    return _TRUE_FALSE.get(result[1].lower(), result[1])


def _stem(path: str) -> str:
    return (
        path.removesuffix(".json")
        .removesuffix(".bicep")
        .removesuffix(".parameters")
        .removesuffix(".param")
    )
