"""Every module says where it is tested: by its name, or in the table of `tests/README.md`."""

from __future__ import annotations

from pathlib import PurePosixPath

from tests.develop.found import ROOT, known_tests, modules, namesake, room_of, rows, table


def test_every_module_has_a_namesake_or_a_row() -> None:
    tests = table()
    assert [str(module) for module in modules() if not known_tests(module, tests)] == []


def test_what_a_row_names_is_there() -> None:
    named = {test for _, tests in rows() for test in tests}
    assert sorted(test for test in named if not (ROOT / "tests" / test).is_file()) == []


def test_no_row_is_dead() -> None:
    tests = table()
    used = {room_of(module, tests) for module in modules()}
    assert sorted(set(tests) - used) == []
    assert [room for rooms, _ in rows() for room in rooms] == list(tests)
    assert [rooms for rooms, files in rows() if not files] == []


def test_a_module_is_found_by_its_name_first_and_then_by_the_nearest_room() -> None:
    module = PurePosixPath("history/diff.py")
    tests = {"history": ("history/test_store.py",), "history/diff.py": ("history/test_trend.py",)}
    assert namesake(module) == "history/test_diff.py"
    assert known_tests(module, tests) == ["history/test_diff.py", "history/test_trend.py"]
    assert known_tests(PurePosixPath("history/since_last.py"), tests) == ["history/test_store.py"]
    assert known_tests(PurePosixPath("elsewhere/since_last.py"), tests) == []
