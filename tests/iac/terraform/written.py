"""Terraform code for tests: files by path, and what they declare."""

from __future__ import annotations

from typing import Any

from mlsec.collect.code.budget import Budget
from mlsec.collect.code.code_file import CodeFile, CodeScope
from mlsec.collect.located.located import UnknownValue, plain
from mlsec.collect.tally import Tally
from mlsec.iac.terraform.declaration import Declaration
from mlsec.iac.terraform.evaluation.evaluate import Evaluator
from mlsec.iac.terraform.names import Names
from mlsec.iac.terraform.syntax.parse import parse
from mlsec.iac.terraform.target import Target
from mlsec.iac.terraform.values import InvalidValue
from mlsec.repository.language import language_of


def scope_of(files: dict[str, str]) -> CodeScope:
    """Give the scope of files by path, as if they had been read."""
    made = []
    for path, text in files.items():
        language = language_of(path, text)
        assert language is not None, path
        made.append(CodeFile(id=path, path=path, language=language, text=text))
    return CodeScope("code/test", made, Tally())


def declared(files: dict[str, str] | str) -> dict[str, Declaration]:
    """Give what files declare, by address."""
    if isinstance(files, str):
        files = {"main.tf": files}
    return {each.address: each for each in Target(scope_of(files)).declarations()}


def body(files: dict[str, str] | str, address: str = "aws_x.y") -> Any:
    """Give what one resource sets, as plain values."""
    return plain(declared(files)[address].body)


class _Only(Names):
    def __init__(self, known: dict[str, Any]) -> None:
        self._known = known

    def lookup(self, name: str) -> Any:
        return self._known.get(name, InvalidValue(f"no {name}"))

    def read_file(self, path: str) -> str | UnknownValue:
        return UnknownValue(f"no file {path}")

    def tell_limit(self, file: CodeFile | None, line: int, why: str) -> None:
        """The value itself says it."""


def value(expression: str, **known: Any) -> Any:
    """Give the value of one expression."""
    parsed = parse(f"x = {expression}\n")
    assert not parsed.mistakes, parsed.mistakes
    return Evaluator(_Only(known), Budget()).whole(parsed.body.attributes["x"].value)
