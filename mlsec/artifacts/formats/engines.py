"""Recognises compiled engines, TensorRT and ExecuTorch: machine code that is not assessed."""

from __future__ import annotations

from mlsec.artifacts.bytes.flatbuffer import Flatbuffer
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.embedded.embedded_search import search_inside
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason

_TENSORRT = (b"ptrt", b"ftrt")
_EXECUTORCH = b"ET"
# Field slots: program.fbs of ExecuTorch.
PROGRAM_PLANS, PLAN_DELEGATES, DELEGATE_NAME = 1, 8, 0


def sniff_tensorrt(head: bytes, _window: Window) -> bool:
    """Whether a file starts with the mark of a TensorRT engine."""
    return head.startswith(_TENSORRT)


def read_tensorrt(window: Window, record: Recorder) -> None:
    """Say what it is: an engine may hold plug-ins, and its code runs on the accelerator."""
    record.property("producer", "tensorrt")
    search_inside(window, record, "a TensorRT engine")
    _unread(window, record, "a TensorRT engine is machine code: what it does is not known")


def sniff_executorch(head: bytes, _window: Window) -> bool:
    """Whether a file's flatbuffer identifier is one of ExecuTorch's."""
    return head[4:6] == _EXECUTORCH and head[6:8].isdigit()


def read_executorch(window: Window, record: Recorder) -> None:
    """Name the backends whose compiled code the program holds."""
    record.property("producer", "executorch")
    record.property("format_version", window.exactly(4, 4).decode("ascii", "replace"))
    program = Flatbuffer(window)
    names: list[str] = []
    try:
        for plan in program.tables(program.root(), PROGRAM_PLANS):
            delegates = program.tables(plan, PLAN_DELEGATES)
            names.extend(program.text(delegate, DELEGATE_NAME) for delegate in delegates)
    except ArtifactError:
        record.gap(GapReason.MALFORMED, "the program's plans could not be followed")
    record.property("delegates", tuple(sorted({name[:80] for name in names})))
    _unread(window, record, "an ExecuTorch program holds compiled code: it is not read")


def _unread(window: Window, record: Recorder, detail: str) -> None:
    record.understood(0, window.size_bytes)
    record.gap(GapReason.UNSUPPORTED, detail, size_bytes=window.size_bytes)
