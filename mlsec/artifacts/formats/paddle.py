"""Reads PaddlePaddle programs: operators that call Python, reach files or other machines."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from mlsec.artifacts.bytes.protobuf import BYTES, Field, Wire
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.references import note_reference
from mlsec.artifacts.embedded.contents import judge_value
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity

# Field numbers: framework.proto of PaddlePaddle.
PROGRAM_BLOCK, BLOCK_OPERATOR, OPERATOR_TYPE, OPERATOR_ATTRIBUTE = 1, 4, 3, 4
ATTRIBUTE_NAME, ATTRIBUTE_TEXT, ATTRIBUTE_TEXTS = 1, 5, 8
_PYTHON = "calls a Python function of the process that runs the program"
_FILES = "reads or writes a file that the program names"
_NETWORK = "talks to another machine"
_BY_REASON: Mapping[str, str] = {
    _PYTHON: "py_func py_layer pylayer run_program",
    _FILES: """save save_combine load load_combine sparse_tensor_load read_file dump
        lookup_sparse_table_save create_custom_reader""",
    _NETWORK: """send recv send_v2 recv_v2 listen_and_serv heter_listen_and_serv send_and_recv
        distributed_lookup_table push_dense recv_save checkpoint_notify fetch_barrier send_barrier
        gen_nccl_id c_gen_nccl_id c_gen_bkcl_id""",
}
REASONS: Mapping[str, str] = {
    name: reason for reason, names in _BY_REASON.items() for name in names.split()
}
_PATHS = frozenset({"file_path", "path", "filename", "file", "endpoint", "endpoints", "epmap"})
TRIED = 64


def sniff_paddle(_head: bytes, window: Window) -> bool:
    """Whether the name ends in .pdmodel, and blocks with operators stand at the beginning."""
    if not window.name.lower().endswith((".pdmodel", "__model__")):
        return False
    wire = Wire(window)
    try:
        first = next(iter(wire.fields()), None)
        if first is None or first.number != PROGRAM_BLOCK or first.wire != BYTES:
            return False
        inner = list(itertools.islice(wire.inside(first), TRIED))
    except ArtifactError:
        return False
    return bool(inner) and inner[0].number == 1 and inner[0].wire != BYTES


def read_paddle(window: Window, record: Recorder) -> None:
    """Judge the operators of all blocks by name, and the texts of their attributes.

    Raises:
        ArtifactError: a message that breaks off.
    """
    wire, count = Wire(window, record.budget), 0
    record.property("producer", "paddle")
    for block in _inside(wire, Field(0, BYTES, 0, 0, window.size_bytes), PROGRAM_BLOCK):
        for operator in _inside(wire, block, BLOCK_OPERATOR):
            count += 1
            _judge(wire, operator, record)
    record.property("operators", count)
    record.understood(0, window.size_bytes)
    detail = "operators of PaddlePaddle are judged by name: no list says what all others do"
    record.gap(GapReason.UNRESOLVED, detail, size_bytes=window.size_bytes)


def _inside(wire: Wire, field: Field, number: int) -> Iterator[Field]:
    for inner in wire.inside(field):
        if inner.number == number and inner.wire == BYTES:
            yield inner


def _judge(wire: Wire, operator: Field, record: Recorder) -> None:
    name = "".join(wire.text(kind) for kind in _inside(wire, operator, OPERATOR_TYPE))
    if reason := REASONS.get(name):
        danger = Severity.CRITICAL if reason is _PYTHON else None
        kind = FactKind.UNSAFE_OPERATOR
        record.fact(kind, name, reason, offset=operator.start, danger=danger)
    for attribute in _inside(wire, operator, OPERATOR_ATTRIBUTE):
        key = "".join(wire.text(item) for item in _inside(wire, attribute, ATTRIBUTE_NAME))
        for number in (ATTRIBUTE_TEXT, ATTRIBUTE_TEXTS):
            for text in _inside(wire, attribute, number):
                if key in _PATHS:
                    note_reference(record, wire.text(text), f"what {key} names", offset=text.start)
                # Where an operator was made is kept as lines of the program that made it.
                if key != "op_callstack":
                    where = f"attribute {key}"
                    judge_value(wire.raw(text), where, record, offset=text.start)
