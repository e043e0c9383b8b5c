"""Run as a program: reads every sample under an audit hook and prints what was done meanwhile."""

from __future__ import annotations

import ast
import importlib
import json
import os
import pkgutil
import sys
from typing import Any

import mlsec.artifacts
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.pickle.policy.callable_lists import shipped_policy
from tests.artifacts.builders import BENIGN, HOSTILE

# What readers load when a file first needs it: fixed here, before any sample is read.
LOADED_BEFORE = ("jinja2", "lz4.frame", "py7zr", "zstandard", "xml.parsers.expat")
MAY_BE_IMPORTED = ("encodings.",)
# py7zr asks how much memory there is; text encodings are loaded when first used.
MAY_BE_OPENED = ("/proc/meminfo", "encodings")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
HARMLESS = frozenset(
    """object.__getattr__ object.__setattr__ object.__delattr__ sys._getframe sys._current_frames
    array.__new__ builtins.id gc.get_objects cpython._PySys_ClearAuditHooks
    cpython.PyInterpreterState_Clear time.sleep sys.unraisablehook""".split()  # noqa: SIM905
)


def suspicious(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether a reader has no business causing this event."""
    if event in HARMLESS:
        return False
    if event == "import":
        return not str(arguments[0]).startswith(MAY_BE_IMPORTED)
    if event == "open":
        mode, flags = arguments[1], arguments[2]
        reads = mode is None or set(str(mode)) <= set("rbtU")
        known = any(part in str(arguments[0]) for part in MAY_BE_OPENED)
        return not reads or bool(flags & WRITING) or not known
    if event == "compile":
        return not _only_parses()
    return not _is_codec(event, arguments)


def _only_parses() -> bool:
    """Whether it is ``ast.parse`` that compiles: that gives a tree, nothing that could run."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename == __file__ and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code is ast.parse.__code__


def _is_codec(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether Python's own loading of a text encoding causes the event."""
    loading = {"exec", "marshal.loads", "os.listdir", "os.scandir"}
    return event in loading and "encodings" in repr(arguments)[:2000]


def main() -> None:
    """Read the honest samples, which loads all that reading needs; then watch the hostile ones."""
    samples = {name: build() for name, build in HOSTILE.items()}
    for name, build in BENIGN.items():
        inspect(Window.of(build(), name))
    ours = pkgutil.walk_packages(mlsec.artifacts.__path__, "mlsec.artifacts.")
    for module in (*LOADED_BEFORE, *(found.name for found in ours)):
        importlib.import_module(module)
    shipped_policy().read_all()
    seen: list[str] = []
    current, watching = "", True

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and suspicious(event, arguments):
            seen.append(f"{current}: {event} {arguments!r}"[:300])

    sys.addaudithook(watch)
    for current, data in samples.items():
        inspect(Window.of(data, current))
    watching = False
    sys.stdout.write(json.dumps({"read": len(samples), "seen": seen}))


if __name__ == "__main__":
    main()
