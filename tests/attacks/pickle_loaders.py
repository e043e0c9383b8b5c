"""Loads pickles in every way Python has, in its own process; reports which ran the command.

Run as ``python pickle_loaders.py FILE`` by any Python from 3.11 on, with nothing installed. FILE
holds streams, each behind its size in four bytes; the answer on stdout is, per stream, an object of
loaders: whether ``os.system`` was called, which an audit hook sees and refuses, and which functions
of the module ``unheard`` were.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import pickle
import sys
import tempfile
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# More streams than these in one file are not loaded.
STREAMS = 12
MOST_MEMORY_BYTES = 1 << 30
BUFFERS = (1, 7, 24, 64)
RAN: list[str] = []
Open = Callable[[], Any]


class Refused(BaseException):
    """What was about to run is not run."""


def _audit(event: str, _arguments: tuple[Any, ...]) -> None:
    if event in {"os.system", "subprocess.Popen", "os.exec", "os.posix_spawn"}:
        RAN.append(event)
        raise Refused


class _Unheard(types.ModuleType):
    """A module of every name: a call of one is noted and does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_values: RAN.append(f"unheard.{name}")


class InC(pickle.Unpickler):
    """As torch derives its own: the reader in C, with references that are looked up."""

    def persistent_load(self, identity: object) -> object:
        return identity


class InPython(pickle._Unpickler):  # type: ignore[name-defined,misc]
    """The reader in Python, from which joblib and dill derive theirs."""

    def persistent_load(self, identity: object) -> object:
        return identity


class AsJoblib(InPython):
    """As joblib derives its own: behind the BUILD of a wrapper it reads numbers from the file."""

    def __init__(self, file: Any) -> None:
        super().__init__(file)
        self.file = file
        self.dispatch = {**self.dispatch, pickle.BUILD[0]: AsJoblib.load_build}

    def find_class(self, module: str, name: str) -> Any:
        is_stored = (module.partition(".")[0], name) != ("os", "system")
        return Stored if is_stored else super().find_class(module, name)

    def load_build(self) -> None:
        state = self.stack.pop()
        if type(self.stack[-1]) is Stored and type(state) is dict and "shape" in state:
            if "numpy_array_alignment_bytes" in state:
                self.file.read(self.file.read(1)[0])
            self.file.read(state["shape"][0])


class Stored:
    """A class of numpy or joblib, which is not needed to tell where the numbers end."""

    def __new__(cls, *_values: object) -> Any:
        return object.__new__(cls)


class Plain:
    """A file that gives bytes as they are asked for, and has neither peek nor readinto."""

    def __init__(self, data: bytes) -> None:
        file = io.BytesIO(data)
        self.read, self.readline = file.read, file.readline

    def __enter__(self) -> Plain:
        return self

    def __exit__(self, *_error: object) -> None: ...


def one_by_one(make: Callable[[Any], Any], opened: Open) -> None:
    """One stream after the other, each by a loader of its own, as torch and many scripts do."""
    with opened() as file:
        for _ in range(STREAMS):
            make(file).load()


def by_one(make: Callable[[Any], Any], opened: Open) -> None:
    """One stream after the other by one and the same loader."""
    with opened() as file:
        unpickler = make(file)
        for _ in range(STREAMS):
            unpickler.load()


def loaders(data: bytes, path: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Each way of loading, by name."""

    def memory() -> Any:
        return io.BytesIO(data)

    def buffered(size_bytes: int) -> Any:
        return io.BufferedReader(io.FileIO(path), size_bytes)

    def packed() -> Any:
        return gzip.open(io.BytesIO(gzip.compress(data, 1)))

    yield "loads", lambda: pickle.loads(data)  # noqa: S301 - what it would run is refused
    yield "memory", lambda: one_by_one(InC, memory)
    yield "memory, one loader", lambda: by_one(InC, memory)
    yield "file", lambda: one_by_one(InC, lambda: path.open("rb"))
    yield "file, one loader", lambda: by_one(InC, lambda: path.open("rb"))
    yield "unbuffered file", lambda: one_by_one(InC, lambda: path.open("rb", buffering=0))
    for size in BUFFERS:
        yield (
            f"file with a buffer of {size}",
            lambda size=size: one_by_one(InC, lambda: buffered(size)),  # type: ignore[misc]
        )
    yield "no readinto", lambda: one_by_one(InC, lambda: Plain(data))
    yield "gzip", lambda: one_by_one(InC, packed)
    yield "Python, memory", lambda: one_by_one(InPython, memory)
    yield "Python, file", lambda: one_by_one(InPython, lambda: path.open("rb"))
    yield "as joblib", lambda: one_by_one(AsJoblib, lambda: path.open("rb"))


def ran_by(data: bytes, path: Path) -> dict[str, list[str]]:
    """What each loader ran of a stream, or nothing where it refused it or found nothing to run."""
    path.write_bytes(data)
    ran = {}
    for name, load in loaders(data, path):
        RAN.clear()
        with contextlib.suppress(Exception, Refused):
            load()
        ran[name] = sorted(set(RAN))
    return ran


def main() -> None:
    """Load all streams of the file."""
    with contextlib.suppress(ImportError):  # Python in WebAssembly has no limits
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    data, offset, answers = Path(sys.argv[1]).read_bytes(), 0, []
    sys.addaudithook(_audit)
    sys.modules["unheard"] = _Unheard("unheard")
    with tempfile.TemporaryDirectory() as folder:
        while offset < len(data):
            size_bytes = int.from_bytes(data[offset : offset + 4], "little")
            offset += 4 + size_bytes
            answers.append(ran_by(data[offset - size_bytes : offset], Path(folder, "x")))
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
