"""The model files of a scan as the bill of materials lists them, with what serves them."""

from __future__ import annotations

from typing import Any

from mlsec.core.assessment import ModelFile
from mlsec.core.enums import Severity
from mlsec.core.resource import Resource
from mlsec.graph.graph import Graph


def model_files(graph: Graph) -> tuple[ModelFile, ...]:
    """Give every file that was read, sorted by id."""
    files = [resource for resource in graph.of_type("artifact") if "format" in resource.properties]
    return tuple(_model_file(file, graph) for file in files)


def _model_file(file: Resource, graph: Graph) -> ModelFile:
    properties = file.properties
    serving = graph.targets(file, "models").resources
    sha256 = properties.get("sha256")
    return ModelFile(
        id=file.id,
        scope=file.scope,
        path=file.name,
        folder=str(properties.get("folder", "")),
        format=str(properties["format"]),
        size_bytes=int(properties.get("size_bytes", 0)),
        digests={"sha256": sha256} if sha256 else {},
        licence=properties.get("licence") or "",
        producer=properties.get("producer") or "",
        signature=str(properties.get("signature", "")),
        served_by=tuple(sorted(model.id for model in serving if not model.is_stub)),
        danger=_worst(properties.get("detections") or ()),
        is_read_whole=bool(properties.get("is_fully_read")) and "is_fully_read" not in file.unread,
    )


def _worst(facts: Any) -> str:
    dangers = {fact.get("severity") for fact in facts}
    return next((severity.value for severity in Severity if severity.value in dangers), "")
