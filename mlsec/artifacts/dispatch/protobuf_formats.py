"""Distinguishes the protobuf formats: none has a magic, so the shape of the fields decides."""

from __future__ import annotations

from mlsec.artifacts.bytes.protobuf import Wire
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import Format
from mlsec.artifacts.formats.onnx.shape import looks_like_onnx
from mlsec.artifacts.formats.tensorflow.shape import tensorflow_format, top_fields


def sniff_onnx(head: bytes, window: Window) -> bool:
    """Whether a file is an ONNX model."""
    return protobuf_format(head, window) is Format.ONNX


def sniff_saved_model(head: bytes, window: Window) -> bool:
    """Whether a file is a saved_model.pb or a keras_metadata.pb."""
    return protobuf_format(head, window) is Format.SAVED_MODEL


def sniff_meta_graph(head: bytes, window: Window) -> bool:
    """Whether a file is a lone MetaGraph."""
    return protobuf_format(head, window) is Format.META_GRAPH


def sniff_graph_def(head: bytes, window: Window) -> bool:
    """Whether a file is a lone GraphDef."""
    return protobuf_format(head, window) is Format.GRAPH_DEF


def protobuf_format(head: bytes, window: Window) -> Format | None:
    """Which of the protobuf formats a file is, by the shape of its fields; None if none.

    These formats have no magic, so the whole top level must be a message, and its fields those
    of one format only. Large fields are stepped over.
    """
    if len(head) < 2 or head[0] & 7 not in {0, 1, 2, 5} or head[0] < 8:
        return None
    wire = Wire(window)
    top = top_fields(wire)
    if not top:
        return None
    try:
        if looks_like_onnx(wire, top):
            return Format.ONNX
        return tensorflow_format(wire, top)
    except ArtifactError:
        return None
