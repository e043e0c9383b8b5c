"""Notebooks as Python: their code cells in one text, each with the place of its lines in the file.

Each cell begins with a line such as ``# %% cell 7 at 120 +1``: the first line of the seventh cell
(text cells counted too) stands on line 120 of the file, and each line after it one further (``+0``:
all of it stands on that one line).
"""

from __future__ import annotations

import ast
import re
import textwrap
from bisect import bisect_right
from collections.abc import Iterator, Mapping

from mlsec.collect.located import json as marked_json
from mlsec.collect.located.located import Node
from mlsec.collect.python.module import PythonModule, parse
from mlsec.collect.python.values import Knows
from mlsec.core.errors import LimitError, MlsecError
from mlsec.core.regex import regex
from mlsec.core.secret_forms import VAGUE, find_forms

MOST_CELLS = 10_000
_MARK = "# %% "
_CELL = regex(r"(?m)^# %% (cell|output of cell) ([0-9]{1,9}) at ([0-9]{1,9}) \+([01])$")
# Lines of IPython that are not Python: commands of a shell, magics, questions.
_MAGIC = regex(r"[ \t]*(?:[%!?]|[\w.]+\?{1,2}[ \t]*$)")
_ASSIGNED_MAGIC = regex(r"\A([\w., \t]++=[ \t]*+)[%!]")
_CELL_MAGIC = regex(r"[ \t\n]*%%(\w+)[ \t]*([^\n]*)")
# Cell magics whose cell is Python all the same.
_STILL_PYTHON = frozenset({"time", "timeit", "capture", "prun", "python", "python3", "pyspark"})
_WRITES = frozenset({"writefile", "file", "writetemplate"})
# Outputs are kept only for the lines in which a key stands that is recognised by its form.
_LONGEST_OUTPUT = 1_000_000


class Cell(tuple[int, int, int, int]):
    """A cell of a script: line of the script, number, line of the file, step for each line."""

    __slots__ = ()


def script_of(text: str) -> str | None:
    """Give the code cells of a notebook as one text; None when its language is not Python.

    Raises:
        LimitError: too many cells, too deep.
        MlsecError: not JSON, or no notebook.
    """
    root = marked_json.parse(text)
    cells = root.items("cells")
    if not cells and root.get("nbformat") is None:
        raise MlsecError("it is no notebook: it has no cells", location="1")
    language = root.text("metadata", "kernelspec", "language") or root.text(
        "metadata", "language_info", "name"
    )
    if language and language.lower() not in ("python", "python3", "ipython", "pyspark"):
        return None
    if len(cells) > MOST_CELLS:
        raise LimitError(f"a notebook of more than {MOST_CELLS:,} cells")
    parts = [part for number, cell in enumerate(cells, start=1) for part in _parts(cell, number)]
    return "\n".join(parts) + "\n"


def _parts(cell: Node, number: int) -> Iterator[str]:
    if cell.text("cell_type") != "code":
        return
    source = cell.get("source") or cell.get("input")
    if source is not None:
        line, step, text = _placed(source)
        if (code := _python(text)).strip():
            yield f"{_MARK}cell {number} at {line} +{step}\n{code}"
    for output in cell.items("outputs"):
        for output_text in (output.get("text"), output.get("data", "text/plain")):
            if output_text is not None:
                yield from _keys(output_text, number)


def _placed(source: Node) -> tuple[int, int, str]:
    """Give the line a text begins on, how far each line of it is from the last, and the text."""
    if isinstance(source.value, str):
        return source.line, 0, source.value
    items = [item for item in source.items() if isinstance(item.value, str)]
    if not items:
        return source.line, 0, ""
    first = items[0].line
    is_even = all(item.line == first + n for n, item in enumerate(items)) and all(
        item.value.find("\n") in (-1, len(item.value) - 1) for item in items
    )
    return first, int(is_even), "".join(item.value for item in items)


def _python(text: str) -> str:
    """Give a cell with the lines that are not Python made empty statements; no line is lost."""
    magic = _CELL_MAGIC.match(text)
    if magic is not None and magic[1] not in _STILL_PYTHON:
        is_module = magic[1] in _WRITES and magic[2].strip().endswith(".py")
        if not is_module:
            return ""
    lines: list[str] = []
    is_continued = False
    for line in text.replace("\r\n", "\n").replace(_MARK, "#  %% ").split("\n"):
        assigned = _ASSIGNED_MAGIC.match(line)
        if is_continued:
            is_continued = line.endswith("\\")
            lines.append("")
        elif _MAGIC.match(line):
            is_continued = line.endswith("\\")
            lines.append(f"{line[: len(line) - len(line.lstrip())]}pass")
        elif assigned is not None:
            is_continued = line.endswith("\\")
            lines.append(f"{assigned[1]}...")
        else:
            lines.append(line)
    # A cell may be indented as a whole; IPython takes that away.
    return textwrap.dedent("\n".join(lines))


def _keys(output_text: Node, number: int) -> Iterator[str]:
    line, step, text = _placed(output_text)
    if len(text) > _LONGEST_OUTPUT:
        return
    for span in find_forms(text):
        if span.kind in VAGUE:
            continue
        above = text.count("\n", 0, span.start)
        begin, end = text.rfind("\n", 0, span.start) + 1, text.find("\n", span.start)
        shown = text[begin : end if end >= 0 else len(text)][:2_000]
        yield f"{_MARK}output of cell {number} at {line + above * step} +0\n# {shown}"


class Notebook:
    """The script of a notebook, and where its lines stand."""

    def __init__(self, script: str) -> None:
        self._script = script
        self._starts: list[int] = []
        self._cells: list[Cell] = []
        # Cells that could not be parsed, with the mistake; the rest is read without them.
        self.mistakes: list[MlsecError] = []
        self._parts: list[str] = []
        marks = list(_CELL.finditer(script))
        line, at = 1, 0
        for index, mark in enumerate(marks):
            line += script.count("\n", at, mark.start())
            at = mark.start()
            end = marks[index + 1].start() if index + 1 < len(marks) else len(script)
            is_output = mark[1] != "cell"
            self._starts.append(line)
            number = -int(mark[2]) if is_output else int(mark[2])
            self._cells.append(Cell((line, number, int(mark[3]), int(mark[4]))))
            self._parts.append("" if is_output else script[mark.end() + 1 : end])

    def line_of(self, line: int) -> int:
        """Give the line of the file on which a line of the script stands."""
        cell = self._cell(line)
        return cell[2] + (line - cell[0] - 1) * cell[3] if cell is not None else 1

    def place_of(self, line: int) -> str:
        """Say where a line of the script stands as a person finds it: ``cell 7, line 3``."""
        cell = self._cell(line)
        if cell is None:
            return f"line {line}"
        return (
            f"output of cell {-cell[1]}"
            if cell[1] < 0
            else f"cell {cell[1]}, line {line - cell[0]}"
        )

    def places(self) -> Mapping[int, str]:
        """Say for each line of the file on which code stands where a person finds it."""
        return {self.line_of(line): self.place_of(line)
                for cell, part in zip(self._cells, self._parts, strict=True)
                for line in range(cell[0] + 1, cell[0] + 2 + part.count("\n"))}  # fmt: skip

    def _cell(self, line: int) -> Cell | None:
        at = bisect_right(self._starts, line) - 1
        return self._cells[at] if at >= 0 else None

    def module(self, knows: Knows = lambda _: None) -> PythonModule:
        """Give all cells as one module, those that are not Python left out.

        Raises:
            LimitError: longer, or nested deeper, than is read.
        """
        try:
            return PythonModule(self._script, self.line_of, knows=knows)
        except LimitError:
            raise
        except MlsecError:
            return PythonModule("", self.line_of, tree=self._by_cells(), knows=knows)

    def _by_cells(self) -> ast.Module:
        body: list[ast.stmt] = []
        for cell, part in zip(self._cells, self._parts, strict=True):
            try:
                tree = parse(part)
            except MlsecError as error:
                line = int(re.sub(r"\D", "", error.location) or 1)
                where = str(self.line_of(cell[0] + line))
                self.mistakes.append(MlsecError(error.message, location=where))
                continue
            ast.increment_lineno(tree, cell[0])
            body += tree.body
        return ast.Module(body=body, type_ignores=[])
