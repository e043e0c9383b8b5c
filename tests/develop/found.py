"""Which tests test a module: `python -m tests.develop.found mlsec/engine/rules/check.py`.

First its namesake: `mlsec/a/b/c.py` is tested by `tests/a/b/test_c.py`, or by the `test_c.py` of a
folder above it. Then what the table of `tests/README.md` names for the module, or else for the
nearest folder that it is in.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "tests" / "README.md"
ROW = re.compile(r"^\| `.+` \|$")


def rows() -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Each row: rooms below mlsec/ (folders and modules), test files below tests/."""
    for line in TABLE.read_text("utf-8").splitlines():
        if ROW.match(line):
            rooms, tests = (tuple(re.findall(r"`([^`]+)`", cell)) for cell in line.split("|")[1:3])
            yield rooms, tests


def table() -> Mapping[str, tuple[str, ...]]:
    """Room below mlsec/ -> test files below tests/."""
    return {room: tests for rooms, tests in rows() for room in rooms}


def namesake(module: PurePosixPath) -> str | None:
    """The test that bears the module's name; the module is a path below mlsec/."""
    for folder in module.parents[:-1]:
        test = folder / f"test_{module.stem}.py"
        if (ROOT / "tests" / test).is_file():
            return test.as_posix()
    return None


def room_of(module: PurePosixPath, tests: Mapping[str, tuple[str, ...]]) -> str | None:
    """The room of the table that says where the module is tested."""
    return next((str(room) for room in (module, *module.parents) if str(room) in tests), None)


def known_tests(module: PurePosixPath, tests: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The tests of a module, the likeliest to notice a mistake first; empty: nobody says."""
    first, room = namesake(module), room_of(module, tests)
    return list(dict.fromkeys([*([first] if first else []), *(tests[room] if room else ())]))


def has_code(path: Path) -> bool:
    """Whether there is more in a module than its docstring."""
    return len(ast.parse(path.read_bytes()).body) > 1


def modules() -> list[PurePosixPath]:
    """Every module with code, below mlsec/."""
    sources = sorted((ROOT / "mlsec").rglob("*.py"))
    return [PurePosixPath(p.relative_to(ROOT / "mlsec").as_posix()) for p in sources if has_code(p)]


def main() -> None:
    """Print the tests of a module, one path a line."""
    parser = argparse.ArgumentParser(prog="python -m tests.develop.found", description=__doc__)
    parser.add_argument("module", help="such as mlsec/engine/rules/check.py")
    module = Path(parser.parse_args().module).resolve().relative_to(ROOT / "mlsec")
    for test in known_tests(PurePosixPath(module.as_posix()), table()):
        sys.stdout.write(f"tests/{test}\n")


if __name__ == "__main__":
    main()
