"""A unit of work of the evaluation: what costs too much is not known, and nothing else with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from mlsec.collect.code.budget import Budget, OverLimitError
from mlsec.collect.code.code_file import CodeFile
from mlsec.collect.located.located import UnknownValue, over_limit
from mlsec.iac.terraform.names import Names
from mlsec.iac.terraform.values import InvalidValue, Value

# A chain of references goes through several of Python's frames a step.
MAX_DEPTH = 120
TOO_DEEP = f"references nested deeper than {MAX_DEPTH}"
TOO_MUCH = "it takes too many steps to work out"


class Unit(msgspec.Struct):
    """A unit of work and what became of it."""

    value: Value = None


@contextmanager
def limited(budget: Budget, tell: Callable[[str], None]) -> Iterator[Unit]:
    """Work out one unit; where it is too much, ``tell`` gets why, and its value is not known."""
    unit, why = Unit(), ""
    try:
        with budget.unit():
            yield unit
    except OverLimitError as error:
        why = str(error)
    except RecursionError:
        why = TOO_DEEP
    if why:
        tell(why)
        unit.value = over_limit(why)


class TemplateNames(Names):
    """What the template of a file sees: nothing but what it is given."""

    def __init__(self, files: Names) -> None:
        self._files = files

    def lookup(self, name: str) -> Value:
        """Refuse a word that the template is not given."""
        return InvalidValue(f'the template is given no "{name}"')

    def read_file(self, path: str) -> str | UnknownValue:
        """Give the text of a file of the same target."""
        return self._files.read_file(path)

    def tell_limit(self, file: CodeFile | None, line: int, why: str) -> None:
        """Say that a limit of the scan hides what stands at a line."""
        self._files.tell_limit(file, line, why)
