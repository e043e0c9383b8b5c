"""Reads objects of R (.rds, .RData): code in them is judged by its calls."""

from __future__ import annotations

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.embedded.embedded_search import search_inside
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.formats.r.serialization import Objects, SerializedObject
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity

MARKS = (b"RDX2\nX\n", b"RDX3\nX\n", b"X\n\0\0\0\2", b"X\n\0\0\0\3")
# The same in letters and digits, which is not followed.
IN_LETTERS = (b"RDA2\nA\n", b"RDA3\nA\n", b"A\n2\n", b"A\n3\n")
# Functions of R that run commands or code, load libraries, or reach files and networks.
_RUNS = frozenset(
    """system system2 shell shell.exec pipe dyn.load library.dynam socketConnection download.file
    source sys.source eval evalq parse str2lang str2expression do.call .C .Call .External .Fortran
    loadNamespace install.packages unlink file.remove file.rename writeLines writeBin Sys.setenv
    Sys.chmod url curl readRDS load unserialize attachNamespace rawConnection setwd sink
    reg.finalizer addTaskCallback""".split()  # noqa: SIM905
)
_COMMANDS = frozenset(
    """system system2 shell shell.exec pipe dyn.load library.dynam socketConnection download.file
    install.packages""".split()  # noqa: SIM905
)
# Functions of R that only take, name or put together what they are given.
_HARMLESS = frozenset("list $ :: ~ length names parent.frame".split())  # noqa: SIM905
# What R itself and its usual packages pack long data into.
_ALTERNATIVES = frozenset(
    """compact_intseq compact_realseq deferred_string wrap_real wrap_string wrap_logical
    wrap_integer wrap_complex wrap_raw wrap_list""".split()  # noqa: SIM905
)
_NOTED = 20


def sniff_r(head: bytes, _window: Window) -> bool:
    """Whether a file starts as objects of R do."""
    return head.startswith((*MARKS, *IN_LETTERS))


def read_r(window: Window, record: Recorder) -> None:
    """Step through the objects, and judge the functions, promises and calls that come with them.

    Raises:
        ArtifactError: what R does not write.
        OverLimitError: nested deeper than is followed.
    """
    record.property("producer", "r")
    search_inside(window, record, "a file of R")
    if window.read(0, 7).startswith(IN_LETTERS):
        record.understood(0, window.size_bytes)
        detail = "objects of R in letters and digits, which no reader follows"
        record.gap(GapReason.UNSUPPORTED, detail, size_bytes=window.size_bytes)
        return
    objects = Objects(window, 7 if window.read(0, 3) == b"RDX" else 2, record.budget)
    try:
        end = objects.read()
    except ArtifactError:
        record.understood(0, window.size_bytes)
        raise
    finally:
        _judge(objects, record)
    record.understood(0, end)


def _judge(objects: Objects, record: Recorder) -> None:
    for target in objects.found[: 50 * _NOTED]:
        _judge_code(target, objects.functions, record)
    for name in dict.fromkeys(objects.alternatives):
        if name.startswith("mmap"):
            detail = "the data lie in a file that is mapped when the object is loaded"
            record.fact(FactKind.OUTSIDE_REFERENCE, name, detail)
        elif name not in _ALTERNATIVES:
            detail = f"data in the form {name!r:.60}, which the loading program must bring"
            record.gap(GapReason.UNRESOLVED, detail)
    kinds = dict.fromkeys(target.kind for target in objects.found)
    if kinds:
        detail = f"holds code of R, which nobody judges but by what it calls: {', '.join(kinds)}"
        record.gap(GapReason.UNRESOLVED, detail)


def _is_harmless(promise: SerializedObject, functions: set[str]) -> bool:
    """Whether an expression calls harmless functions only, of which the file brings none of its
    own nor a method, and names none that runs or reaches anything, as ``base::system`` does.
    """
    calls = {name[:-1] for name in promise.names if name.endswith("(")}
    if not calls or not calls <= _HARMLESS or promise.names & _RUNS:
        return False
    return not any(name in calls or name.partition(".")[0] in calls for name in functions)


def _judge_code(serialized_object: SerializedObject, functions: set[str], record: Recorder) -> None:
    bad = [name for name in serialized_object.calls if name in _RUNS]
    commands = [name for name in bad if name in _COMMANDS]
    is_promise = serialized_object.kind.startswith("a promise")
    if is_promise or serialized_object.kind.startswith("a variable"):
        danger = Severity.CRITICAL if bad else Severity.HIGH if is_promise else Severity.MEDIUM
        if not bad and _is_harmless(serialized_object, functions):
            danger = Severity.LOW
        called = ", ".join(serialized_object.calls[:8]) or "nothing by name"
        said = f"{serialized_object.kind}; it calls {called}"
        record.fact(
            FactKind.EMBEDDED_CODE,
            (*bad, serialized_object.kind)[0],
            said,
            offset=serialized_object.offset,
            danger=danger,
        )
    elif commands:
        said = f"{serialized_object.kind} that calls {', '.join(commands[:8])} when it is used"
        record.fact(
            FactKind.EMBEDDED_CODE,
            commands[0],
            said,
            offset=serialized_object.offset,
            danger=Severity.MEDIUM,
        )
