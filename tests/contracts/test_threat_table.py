"""Every threat in SECURITY.md names the tests that hold it, and every attack has its row."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> list[tuple[str, str]]:
    """Each threat with the cell that names its tests; lines that only head a group are left out."""
    table = (ROOT / "SECURITY.md").read_text("utf-8").partition("## Threats")[2]
    lines = [line for line in table.splitlines() if line.startswith("| ")][2:]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [(row[0], row[-1]) for row in cells if not row[0].startswith("**")]


def test_the_table_is_found() -> None:
    assert len(rows()) > 15


@pytest.mark.parametrize(("threat", "tests"), rows())
def test_a_threat_names_tests_that_exist(threat: str, tests: str) -> None:
    named = _TEST.findall(tests)
    assert named, threat
    for path, function in named:
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert function in functions, f"{path} has no {function}"


def test_every_file_of_attacks_has_a_row() -> None:
    attacks = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("tests/attacks/test_*.py")}
    named = {path for _, tests in rows() for path, _ in _TEST.findall(tests)}
    assert attacks - named == set()
