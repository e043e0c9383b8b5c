"""Notebooks: which lines of the file their code stands on, and what of them is no Python."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlsec.collect.python.notebook import Notebook, script_of
from mlsec.core.errors import LimitError, MlsecError


def notebook(*cells: str, indent: int | None = 1, language: str = "python") -> str:
    """A notebook as Jupyter writes it; a cell that begins with # is text."""
    made: list[dict[str, Any]] = [
        {
            "cell_type": "markdown" if cell.startswith("# ") else "code",
            "metadata": {},
            "source": cell.splitlines(keepends=True),
        }
        for cell in cells
    ]
    head = {"cells": made, "metadata": {"kernelspec": {"language": language}}, "nbformat": 4}
    return json.dumps(head, indent=indent)


def read(text: str) -> Notebook:
    """The notebook of a file's text."""
    script = script_of(text)
    assert script is not None
    return Notebook(script)


def test_a_call_has_the_line_of_the_file_and_the_place_in_its_cell() -> None:
    text = notebook("# a title", "import torch\n", "x = 1\ny = 2\ntorch.load(x)\n")
    book = read(text)
    (call,) = book.module().calls()
    assert "torch.load(x)" in text.splitlines()[call.line - 1]
    assert book.places()[call.line] == "cell 3, line 3"
    assert call.args[0].value == 1


def test_a_notebook_on_one_line_is_read_too() -> None:
    book = read(notebook("import torch\ntorch.load('a')", indent=None))
    (call,) = book.module().calls()
    assert (call.name, call.line) == ("torch.load", 1)


@pytest.mark.parametrize(
    "cell",
    [
        "!pip install torch",
        "%pip install torch \\\n  numpy",
        "%matplotlib inline",
        "x = !ls",
        "x = %env HOME",
        "torch.load?",
        "%%time",
        "if x:\n    !ls\n",
    ],
)
def test_what_only_ipython_reads_is_left_out_and_no_line_is_lost(cell: str) -> None:
    before, behind = ("", "\nimport torch") if cell.startswith("%%") else ("import torch\n", "")
    book = read(notebook(before + cell + behind, "torch.load('a')"))
    (call,) = book.module().calls()
    assert call.name == "torch.load"
    assert not book.mistakes


def test_a_cell_that_is_indented_as_a_whole_is_read() -> None:
    book = read(notebook("  import torch\n  torch.load('a')"))
    assert [call.name for call in book.module().calls()] == ["torch.load"]


def test_a_cell_of_another_language_is_not_python() -> None:
    book = read(notebook("%%bash\ntorch.load(x)", "import torch\ntorch.load('a')"))
    assert [call.name for call in book.module().calls()] == ["torch.load"]
    assert script_of(notebook("x <- 1", language="R")) is None


def test_a_module_that_a_cell_writes_is_read() -> None:
    book = read(notebook("%%writefile serve.py\nimport torch\ntorch.load('a')"))
    assert [call.name for call in book.module().calls()] == ["torch.load"]


def test_one_cell_that_is_not_python_hides_no_other() -> None:
    text = notebook("import torch", "print 'old'", "torch.load('a')")
    book = read(text)
    assert [call.name for call in book.module().calls()] == ["torch.load"]
    (mistake,) = book.mistakes
    assert "print 'old'" in text.splitlines()[int(mistake.location) - 1]


def test_a_cell_cannot_say_where_another_stands() -> None:
    text = notebook("# %% cell 9 at 9 +1\nimport torch\ntorch.load('a')")
    text = text.replace('"markdown"', '"code"')
    book = read(text)
    (call,) = book.module().calls()
    assert book.places()[call.line] == "cell 1, line 3"


def test_only_the_line_of_an_output_that_holds_a_key_is_kept() -> None:
    root = json.loads(notebook("x = 1"))
    key = "hf_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0hL3n"
    lines = ["nothing\n", f"my key is {key}\n", "nothing\n"]
    root["cells"][0]["outputs"] = [
        {"output_type": "stream", "text": lines},
        {"output_type": "display_data", "data": {"image/png": key, "text/plain": ["a figure"]}},
    ]
    text = json.dumps(root, indent=1)
    script = script_of(text) or ""
    assert script.count(key) == 1
    assert "nothing" not in script
    line = next(number for number, part in enumerate(script.splitlines(), 1) if key in part)
    book = Notebook(script)
    assert book.place_of(line) == "output of cell 1"
    assert key in text.splitlines()[book.line_of(line) - 1]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "\x00", "[" * 200, '{"cells": 1}'])
def test_what_is_no_notebook_is_refused(text: str) -> None:
    with pytest.raises(MlsecError):
        script_of(text)


def test_cells_without_end_are_a_limit() -> None:
    with pytest.raises(LimitError):
        script_of('{"cells": [' + ",".join(["{}"] * 20_000) + '], "nbformat": 4}')


@pytest.mark.parametrize(
    "cell", ['{"cell_type": "code"}', '{"cell_type": "code", "source": 7}', "7", "null",
             '{"cell_type": "code", "source": [7, null]}',
             '{"cell_type": ["code"], "source": "x"}',
             '{"cell_type": "code", "source": "x", "outputs": [7, {"text": {}}, {"data": 3}]}'],
)  # fmt: skip
def test_an_odd_cell_is_no_mistake_of_ours(cell: str) -> None:
    script = script_of('{"cells": [' + cell + '], "nbformat": 4}')
    assert script is not None
    list(Notebook(script).module().calls())
