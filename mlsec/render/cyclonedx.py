"""bom.cdx.json: the model files that were found, as a CycloneDX bill of materials."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mlsec.core.assessment import Assessment, ModelFile
from mlsec.core.errors import MlsecError
from mlsec.core.installation import command_to_add
from mlsec.render.display import shown, shown_id
from mlsec.render.settings import DEFAULT, RenderSettings

if TYPE_CHECKING:
    from cyclonedx.model.component import Component

_NAMESPACE = uuid.UUID("b8f9d7a2-5c1e-5e0b-9d57-6d6c73656332")
# Formats that hold weights or a whole model; the others are files beside one.
_WEIGHTS = frozenset({
    "pickle", "joblib", "numpy", "numpy_zip", "torch_zip", "torch_legacy", "torchscript",
    "torch_export", "executorch", "skops", "safetensors", "gguf", "onnx", "keras_v3", "hdf5",
    "saved_model", "graph_def", "meta_graph", "tensor_bundle", "tfjs_weights", "tflite", "xgboost",
    "lightgbm", "catboost", "crfsuite", "pmml", "openvino", "tensorrt",
})  # fmt: skip


def render_cyclonedx(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    """Write CycloneDX 1.6 JSON; equal assessments give equal bytes.

    Raises:
        MlsecError: the package that writes it is not installed.
    """
    del settings
    try:
        from cyclonedx.model.bom import Bom, BomMetaData  # noqa: PLC0415
        from cyclonedx.model.tool import ToolRepository  # noqa: PLC0415
        from cyclonedx.output.json import JsonV1Dot6  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "cyclonedx":
            raise
        raise MlsecError(
            "the bill of materials needs its package", hint=command_to_add("bom")
        ) from None
    facts = f"{assessment.scan.snapshot_digest}/{assessment.tool.rules_digest}"
    bom = Bom(
        serial_number=uuid.uuid5(_NAMESPACE, facts),
        metadata=BomMetaData(
            timestamp=_time(assessment), tools=ToolRepository(components=[_tool(assessment)])
        ),
        components=[_component(file) for file in assessment.model_files],
    )
    return JsonV1Dot6(bom).output_as_string(indent=1).encode() + b"\n"


def _component(file: ModelFile) -> Component:
    from cyclonedx.model import HashAlgorithm, HashType, Property  # noqa: PLC0415
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415

    is_model = file.format in _WEIGHTS
    sha256 = file.digests.get("sha256")
    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL if is_model else ComponentType.FILE,
        name=shown(file.path),
        bom_ref=shown_id(file.id),
        version=sha256[:12] if sha256 else None,
        licenses=_licences(file.licence),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256)] if sha256 else [],
        properties=[
            Property(name=f"mlsec:{name}", value=shown(value)) for name, value in _properties(file)
        ],
    )


def _properties(file: ModelFile) -> Iterable[tuple[str, str]]:
    yield "format", file.format
    yield "size_bytes", str(file.size_bytes)
    yield "signature", file.signature or "not read"
    yield "worst_finding", file.danger or ("none" if file.is_read_whole else "not known")
    yield "read", "whole" if file.is_read_whole else "in part"
    if file.producer:
        yield "producer", file.producer
    for model in file.served_by:
        yield "served_by", model


def _licences(text: str) -> list[Any]:
    if not text:
        return []
    from cyclonedx.contrib.license.factories import LicenseFactory  # noqa: PLC0415

    return [LicenseFactory().make_from_string(shown(text, 200))]


def _tool(assessment: Assessment) -> Any:
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415

    tool = assessment.tool
    return Component(type=ComponentType.APPLICATION, name=tool.name, version=tool.version or None)


def _time(assessment: Assessment) -> datetime.datetime:
    text = assessment.scan.finished_at.replace("Z", "+00:00")
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return datetime.datetime.fromtimestamp(0, datetime.UTC)
