"""The Terraform files of a target as modules, one a directory, and the files of values."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

import msgspec

from mlsec.collect.code.code_file import CodeFile, CodeScope, Language
from mlsec.core.enums import GapReason
from mlsec.iac.terraform.modules.module import Module, assemble
from mlsec.iac.terraform.syntax.json_syntax import parse_json, parse_values
from mlsec.iac.terraform.syntax.parse import parse
from mlsec.iac.terraform.syntax.tree import Body

# Files of values of one root that are tried; each costs as much as the root.
MAX_SCENARIOS = 8


def read_modules(scope: CodeScope) -> dict[str, Module]:
    """Give the module of each directory that has Terraform code."""
    by_directory: dict[str, list[tuple[CodeFile, Body]]] = {}
    for file in scope.written_in(Language.TERRAFORM):
        scope.take(file)
        pair = (file, parsed(file, scope))
        by_directory.setdefault(posixpath.dirname(file.path), []).append(pair)
    for file in scope.written_in(Language.TERRAFORM_FILE):
        scope.take(file)
    made = {name: assemble(name, by_directory[name]) for name in sorted(by_directory)}
    for module in made.values():
        _doubt_twice(module, scope)
    return made


class ValueFiles(msgspec.Struct, frozen=True):
    """Files of values by the directory of their root, and what each sets by its id.

    ``loaded`` are those that Terraform itself loads, ``named`` those that an apply names.
    """

    loaded: Mapping[str, tuple[CodeFile, ...]] = {}
    named: Mapping[str, tuple[CodeFile, ...]] = {}
    bodies: Mapping[str, Body] = {}


def read_values(scope: CodeScope, modules: Mapping[str, Module]) -> ValueFiles:
    """Give the files of values, each with the root that it is for."""
    loaded: dict[str, tuple[CodeFile, ...]] = {}
    named: dict[str, tuple[CodeFile, ...]] = {}
    bodies: dict[str, Body] = {}
    for file in scope.written_in(Language.TERRAFORM_VALUES):
        scope.take(file)
        bodies[file.id] = parsed(file, scope)
        directory, name = posixpath.split(file.path)
        is_own = name in ("terraform.tfvars", "terraform.tfvars.json")
        is_loaded = is_own or name.endswith((".auto.tfvars", ".auto.tfvars.json"))
        if directory in modules and is_loaded:
            loaded[directory] = (*loaded.get(directory, ()), file)
            continue
        root = _root_of(file, modules, bodies[file.id])
        if root is None:
            scope.doubt(file, "no root module here declares all the variables that it sets")
        elif len(named.get(root, ())) == MAX_SCENARIOS:
            detail = f"more than {MAX_SCENARIOS} files of values for one root, so it was not used"
            scope.over_limit(file, detail)
        else:
            named[root] = (*named.get(root, ()), file)
    return ValueFiles(loaded, named, bodies)


def _root_of(file: CodeFile, modules: Mapping[str, Module], body: Body) -> str | None:
    """Give the nearest directory above a file that has code and declares what the file sets."""
    directory = posixpath.dirname(file.path)
    while directory not in modules and directory:
        directory = posixpath.dirname(directory)
    module = modules.get(directory)
    if module is None:
        return None
    declared = {key[0] for key in module.of_kind("variable") if key}
    return directory if body.attributes.keys() <= declared else None


def parsed(file: CodeFile, scope: CodeScope) -> Body:
    """Parse a file; what is not understood of it is a gap."""
    if file.path.endswith(".json"):
        is_values = file.language is Language.TERRAFORM_VALUES
        result = parse_values(file.text) if is_values else parse_json(file.text)
    else:
        result = parse(file.text)
    for mistake in result.mistakes:
        reason = GapReason.OVER_LIMIT if mistake.over_limit else GapReason.MALFORMED
        scope.refuse(file, mistake.what, reason=reason, line=mistake.line)
    return result.body


def _doubt_twice(module: Module, scope: CodeScope) -> None:
    for placed in module.twice:
        if placed.block.kind in ("resource", "module"):
            shown = ".".join(placed.block.labels)
            detail = f"{shown[:200]} is declared more than once, and only the first was judged"
            # OpenTofu prefers the one in a .tofu file: it may well be the one that is applied.
            scope.refuse(placed.file, detail, line=placed.block.line)
