"""Reads TensorFlow's binary containers of graphs: SavedModel, MetaGraph, frozen GraphDef."""

from __future__ import annotations

from mlsec.artifacts.bytes.protobuf import BYTES, Field, Wire
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.json_text import read_json
from mlsec.artifacts.content.references import note_reference
from mlsec.artifacts.embedded.contents import judge_field
from mlsec.artifacts.formats.tensorflow.assets import asset_nodes, assets_of, file_names
from mlsec.artifacts.formats.tensorflow.graph import GraphReader
from mlsec.artifacts.formats.tensorflow.keras.config import judge_keras
from mlsec.artifacts.formats.tensorflow.shape import is_keras_metadata
from mlsec.artifacts.recorder import Recorder

# Field numbers: saved_model.proto, meta_graph.proto, saved_object_graph.proto of TensorFlow.
META_GRAPH = 2
META_INFO, META_GRAPH_DEF, META_ASSET, META_OBJECTS = 1, 2, 6, 7
OBJECT_USER, OBJECT_ASSET = 4, 5


def read_saved_model(window: Window, record: Recorder) -> None:
    """Read every MetaGraph of a saved_model.pb, or the texts of the keras_metadata.pb beside it."""
    wire = Wire(window, record.budget)
    if is_keras_metadata(window):
        _read_keras_metadata(wire, record)
        return
    top = list(wire.fields())
    meta_graphs = [f for f in top if f.number == META_GRAPH and f.wire == BYTES]
    for field in top:
        if field.wire == BYTES and field.number != META_GRAPH:
            judge_field(wire, field, f"field {field.number}", record)
    record.property("meta_graphs", len(meta_graphs))
    _read(wire, record, meta_graphs)


def read_meta_graph(window: Window, record: Recorder) -> None:
    """Read a lone MetaGraph, as ``export_meta_graph`` writes it."""
    _read(Wire(window, record.budget), record, [_whole(window)])


def read_graph_def(window: Window, record: Recorder) -> None:
    """Read a lone GraphDef, as a frozen graph is."""
    wire = Wire(window, record.budget)
    graph = GraphReader(wire, record)
    graph.read(_whole(window))
    record.property("nodes", graph.nodes)
    record.understood(0, window.size_bytes)


def _read_keras_metadata(wire: Wire, record: Recorder) -> None:
    """Read a keras_metadata.pb: one JSON text per Keras object."""
    for node in wire.fields():
        if node.number == 1 and node.wire == BYTES:
            _keras_texts(wire, record, node, {5})
    record.understood(0, wire.window.size_bytes)


def _whole(window: Window) -> Field:
    return Field(0, BYTES, 0, 0, window.size_bytes)


def _read(wire: Wire, record: Recorder, meta_graphs: list[Field]) -> None:
    graph = GraphReader(wire, record)
    for meta_graph in meta_graphs:
        assets = assets_of(wire, meta_graph)
        for name in (name for asset in assets for name in file_names(wire, asset)):
            note_reference(record, wire.text(name), "an asset", offset=name.start)
        for field in wire.inside(meta_graph):
            if field.wire != BYTES:
                continue
            match field.number:
                case 1:
                    _meta_info(wire, record, field)
                case 2:
                    graph.read(field, asset_nodes(wire, assets))
                case 6:
                    pass  # the assets, read above
                case 7:
                    _objects(wire, record, field)
                case _:
                    judge_field(wire, field, f"field {field.number} of a graph", record)
    record.property("nodes", graph.nodes)
    record.understood(0, wire.window.size_bytes)


def _meta_info(wire: Wire, record: Recorder, field: Field) -> None:
    for inner in wire.inside(field):
        if inner.number == 5 and inner.wire == BYTES:
            record.property("producer", "tensorflow")
            record.property("producer_version", wire.text(inner)[:100])


def _objects(wire: Wire, record: Recorder, field: Field) -> None:
    """Look into the object graph: older Keras kept the configuration of its layers there."""
    for node in wire.inside(field):
        if node.number != 1 or node.wire != BYTES:
            continue
        for inner in wire.inside(node):
            if inner.number == OBJECT_USER and inner.wire == BYTES:
                _keras_texts(wire, record, inner, {3})


def _keras_texts(wire: Wire, record: Recorder, field: Field, numbers: set[int]) -> None:
    for inner in wire.inside(field):
        if inner.number in numbers and inner.wire == BYTES and inner.end > inner.start:
            data = wire.raw(inner, record.limits.header_bytes)
            if data.lstrip()[:1] == b"{":
                judge_keras(read_json(data, record, offset=inner.start), record)
