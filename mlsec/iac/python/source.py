"""One Python file or notebook, parsed once, and how its lines are shown to a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlsec.collect.code.code_file import CodeFile, CodeScope, Language
from mlsec.collect.python.module import PythonModule
from mlsec.collect.python.notebook import Notebook
from mlsec.collect.python.relevance import imports_any, is_relevant
from mlsec.collect.secrets.in_code import masked_lines
from mlsec.core.enums import GapReason
from mlsec.core.errors import LimitError, MlsecError
from mlsec.iac.python.sagemaker_results import known_result


class Source:
    """A file with its calls; lines are those of the file as it lies in the repository."""

    def __init__(self, file: CodeFile, module: PythonModule, notebook: Notebook | None) -> None:
        self.file = file
        self.module = module
        self._notebook = notebook
        self._places: Mapping[int, str] = notebook.places() if notebook is not None else {}

    @property
    def is_notebook(self) -> bool:
        """Whether it is a notebook: columns of its cells are not columns of the file."""
        return self._notebook is not None

    def shown(self, line: int) -> str:
        """Say where a line stands as a person finds it: ``line 7``, ``cell 3, line 2``."""
        return self._places.get(line, f"line {line}")

    def place(self, line: int, column: int = 1) -> str:
        """Give a place as reports take it."""
        column = 1 if self._notebook is not None else max(1, column)
        return f"{self.file.shown}:{max(1, line)}:{column}"

    def secrets(self) -> Iterator[tuple[int, str, str]]:
        """Give line, kind and place of each value that was masked because it is a secret."""
        for number, kind in masked_lines(self.file.text):
            if self._notebook is not None:
                yield self._notebook.line_of(number), kind, self._notebook.place_of(number)
            else:
                yield number, kind, f"line {number}"


def _python_of(scope: CodeScope) -> Iterator[CodeFile]:
    files = scope.written_in(Language.PYTHON, Language.NOTEBOOK)
    relevant = frozenset(file.path for file in files if is_relevant(file.text))
    for file in files:
        scope.take(file)
        if file.path in relevant or imports_any(file.path, file.text, relevant):
            yield file
    # An application that Python starts is read as a server, and does what other code does.
    for file in scope.written_in(Language.SERVER_CONFIG):
        if file.path.endswith(".py") and is_relevant(file.text):
            yield file


def sources_of(scope: CodeScope) -> Iterator[Source]:
    """Parse the Python of a target, file by file; what cannot be parsed is refused."""
    for file in _python_of(scope):
        notebook = Notebook(file.text) if file.language is Language.NOTEBOOK else None
        try:
            module = (
                notebook.module(known_result)
                if notebook is not None
                else PythonModule(file.text, knows=known_result)
            )
        except LimitError as error:
            scope.refuse_error(file, error)
            continue
        except MlsecError as error:
            if file.language is not Language.SERVER_CONFIG:  # its own reader says so
                scope.refuse_error(file, error)
            # Secrets stand in what no version of Python reads, too.
            module = PythonModule("")
        for mistake in notebook.mistakes if notebook is not None else ():
            scope.refuse_error(file, mistake)
        if module.is_cut:
            scope.refuse(file, "holds more than is looked at", reason=GapReason.OVER_LIMIT)
        yield Source(file, module, notebook)
