"""Files of values (``terraform.tfvars``) as the variables that they set."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator

from mlsec.collect.code.budget import Budget
from mlsec.collect.code.code_file import CodeFile
from mlsec.collect.located.located import UnknownValue
from mlsec.iac.terraform.evaluation.evaluate import Evaluator
from mlsec.iac.terraform.names import Names
from mlsec.iac.terraform.syntax.tree import Body
from mlsec.iac.terraform.values import InvalidValue, Value

TellLimit = Callable[[CodeFile, int, str], None]


def values_in(
    files: Iterable[tuple[CodeFile, Body]], budget: Budget, tell: TellLimit
) -> Iterator[tuple[str, Value]]:
    """Yield what files set, by the names of variables; a later one holds."""
    for file, body in sorted(files, key=lambda pair: _precedence(pair[0])):
        evaluator = Evaluator(_NoNames(tell), budget).standing_in(file)
        for name, attribute in body.attributes.items():
            yield name, evaluator.whole(attribute.value)


class _NoNames(Names):
    def __init__(self, tell: TellLimit) -> None:
        self._tell = tell

    def tell_limit(self, file: CodeFile | None, line: int, why: str) -> None:
        if file is not None:
            self._tell(file, line, why)

    def lookup(self, name: str) -> Value:
        return InvalidValue(f'a file of values may not refer to "{name[:80]}"')

    def read_file(self, path: str) -> str | UnknownValue:
        return InvalidValue(f"a file of values may not read {path[:80]}")


def _precedence(file: CodeFile) -> tuple[int, str]:
    """Later files win: terraform.tfvars, its JSON form, the others by name, one that is named."""
    name = posixpath.basename(file.path)
    order = {"terraform.tfvars": 0, "terraform.tfvars.json": 1}
    is_loaded = name.endswith((".auto.tfvars", ".auto.tfvars.json"))
    return order.get(name, 2 if is_loaded else 3), name
