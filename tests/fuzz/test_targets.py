"""What is fuzzed: everything that reads foreign bytes, from seeds that it takes, with a limit."""

from __future__ import annotations

import ast
import importlib
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from inspect import unwrap
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType

import pytest

import mlsec.signing
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.containers.archive_readers import ARCHIVE_READERS
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.inspect.readers import READERS, Reader
from tests.fuzz.__main__ import words_of
from tests.fuzz.readers import is_known, named
from tests.fuzz.signing import TARGETS as SIGNING_TARGETS
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

SIGNING = Path(mlsec.signing.__file__).parent


def test_every_reader_has_a_target_of_its_own() -> None:
    assert len({named(reader) for reader in READERS}) == len(READERS)
    assert {named(reader) for reader in READERS} <= TARGETS.keys()


@pytest.mark.parametrize("reader", READERS, ids=named)
def test_every_reader_recognises_the_seeds_of_its_target(reader: Reader) -> None:
    seeds = list(TARGETS[named(reader)].seeds())
    assert seeds
    assert all(is_known(reader, data) for data in seeds)


def test_every_reader_of_archives_meets_one_of_its_own() -> None:
    seeds = [data for kind in ("zip", "tar") for data in TARGETS[f"reader-{kind}"].seeds()]
    met = {each for data in seeds for each in inspect(Window.of(data)).formats}
    assert {reader.format for reader in ARCHIVE_READERS} <= met


def takes_bytes() -> Iterator[tuple[str, str]]:
    """Every public function that verifies, and whose first argument is bytes.

    What signs reads one's own key, and is met where seeds are made, once a process.
    """
    for path in sorted(SIGNING.rglob("*.py")):
        if path.parent.name == "signer":
            continue
        module = ".".join(("mlsec.signing", *path.relative_to(SIGNING).with_suffix("").parts))
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                first = next(iter(node.args.posonlyargs + node.args.args), None)
                kind = first and first.annotation and ast.unparse(first.annotation)
                if kind in {"bytes", "bytes | str"}:
                    yield module, node.name


def test_every_parser_of_the_signing_side_is_run_by_a_target() -> None:
    run: set[CodeType] = set()

    def note(frame: FrameType, event: str, _value: object) -> None:
        if event == "call":
            run.add(frame.f_code)

    sys.setprofile(note)
    try:
        for target in SIGNING_TARGETS.values():
            for data in islice(target.seeds(), 12):
                target.read(data)
    finally:
        sys.setprofile(None)
    functions = {
        f"{module}.{name}": getattr(importlib.import_module(module), name)
        for module, name in takes_bytes()
    }
    assert len(functions) > 20
    assert [name for name, one in functions.items() if unwrap(one).__code__ not in run] == []


@pytest.mark.parametrize("name", TARGETS)
def test_target_takes_its_seeds_and_no_bytes_at_all(name: str) -> None:
    target = TARGETS[name]
    seeds = list(islice(target.seeds(), 12))
    for data in (*seeds, b"", b"\x00", seeds[0][: len(seeds[0]) // 2]):
        target.try_one(data)


BY_STRUCTURE = [name for name, target in TARGETS.items() if target.mutate]


@pytest.mark.parametrize("name", BY_STRUCTURE)
def test_what_is_changed_by_its_structure_is_another_file(name: str) -> None:
    target, dice = TARGETS[name], random.Random(name)  # noqa: S311 - any numbers do
    seeds = list(islice(target.seeds(), 12))
    words = words_of(seeds)
    changed = [target.mutate(data, dice, words) for data in seeds for _ in range(8)]  # type: ignore[misc]
    made = [data for data in changed if data]
    assert made
    assert len(set(made) - set(seeds)) > len(made) // 3


@pytest.mark.parametrize("reader", READERS, ids=named)
def test_a_file_changed_by_its_structure_is_mostly_still_one_of_its_kind(reader: Reader) -> None:
    target = TARGETS[named(reader)]
    if target.mutate is None:
        return
    dice = random.Random(named(reader))  # noqa: S311 - any numbers do
    seeds = list(islice(target.seeds(), 12))
    changed = [target.mutate(data, dice, words_of(seeds)) for data in seeds for _ in range(8)]
    made = [data for data in changed if data]
    assert sum(is_known(reader, data) for data in made) > len(made) // 5


def _raises(_data: bytes) -> None:
    raise KeyError("inert")


def _takes_long(_data: bytes) -> None:
    began = time.process_time()
    while time.process_time() - began < 0.2:
        pass


def _takes_much(_data: bytes) -> None:
    # The peak of the whole process is looked at: what it was before is exceeded.
    bytearray((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10) + (64 << 20))


@pytest.mark.parametrize(
    ("read", "error", "said", "most_cpu_s"),
    [
        (_raises, KeyError, "inert", 100),
        (_takes_long, AssertionError, " s for", 0.1),
        (_takes_much, AssertionError, "MiB for", 100),
    ],
)
def test_a_target_fails_on_a_traceback_and_over_a_limit(
    read: Callable[[bytes], None], error: type[Exception], said: str, most_cpu_s: float
) -> None:
    limits = {"most_cpu_s": most_cpu_s, "most_memory_bytes": 32 << 20}
    with pytest.raises(error, match=said):
        Target(name="planted", read=read, seeds=tuple, **limits).try_one(b"")
