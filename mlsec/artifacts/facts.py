"""The result of reading a file: formats, facts and gaps."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.core.enums import GapReason, Severity


class Format(enum.Enum):
    """What a file is, by its content. One file can be several, which is a fact by itself."""

    PICKLE = "pickle"
    JOBLIB = "joblib"
    NUMPY = "numpy"
    NUMPY_ZIP = "numpy_zip"
    TORCH_ZIP = "torch_zip"
    TORCH_LEGACY = "torch_legacy"
    TORCHSCRIPT = "torchscript"
    TORCH_EXPORT = "torch_export"
    EXECUTORCH = "executorch"
    SKOPS = "skops"
    SAFETENSORS = "safetensors"
    GGUF = "gguf"
    ONNX = "onnx"
    ONNX_TENSOR = "onnx_tensor"
    KERAS_V3 = "keras_v3"
    HDF5 = "hdf5"
    SAVED_MODEL = "saved_model"
    GRAPH_DEF = "graph_def"
    META_GRAPH = "meta_graph"
    TENSOR_BUNDLE = "tensor_bundle"
    TFJS_WEIGHTS = "tfjs_weights"
    TFLITE = "tflite"
    SENTENCEPIECE = "sentencepiece"
    XGBOOST = "xgboost"
    LIGHTGBM = "lightgbm"
    CATBOOST = "catboost"
    CRFSUITE = "crfsuite"
    CORE_ML = "core_ml"
    R = "r"
    PADDLE = "paddle"
    PMML = "pmml"
    OPENVINO = "openvino"
    TENSORRT = "tensorrt"
    PYTHON = "python"
    JSON = "json"
    YAML = "yaml"
    XML = "xml"
    TEMPLATE = "template"
    ZIP = "zip"
    TAR = "tar"
    SEVEN_ZIP = "seven_zip"
    AR = "ar"
    CPIO = "cpio"
    COMPRESSED = "compressed"
    OCI_LAYOUT = "oci_layout"
    EXECUTABLE = "executable"
    IMAGE = "image"
    PDF = "pdf"
    SIGNATURE = "signature"
    TEXT = "text"
    UNKNOWN = "unknown"


# A file of one of these is a model, or a part of one, wherever it lies.
MODEL_FORMATS = frozenset({
    Format.PICKLE, Format.JOBLIB, Format.NUMPY, Format.NUMPY_ZIP, Format.TORCH_ZIP,
    Format.TORCH_LEGACY, Format.TORCHSCRIPT, Format.TORCH_EXPORT, Format.EXECUTORCH, Format.SKOPS,
    Format.SAFETENSORS, Format.GGUF, Format.ONNX, Format.ONNX_TENSOR, Format.KERAS_V3, Format.HDF5,
    Format.SAVED_MODEL, Format.GRAPH_DEF, Format.META_GRAPH, Format.TENSOR_BUNDLE,
    Format.TFJS_WEIGHTS, Format.TFLITE, Format.SENTENCEPIECE, Format.XGBOOST, Format.LIGHTGBM,
    Format.CATBOOST, Format.CRFSUITE, Format.CORE_ML, Format.R, Format.PADDLE, Format.PMML,
    Format.OPENVINO, Format.TENSORRT,
})  # fmt: skip


class FactKind(enum.Enum):
    """What was found in a file. ``DANGERS`` says how bad each is; rules judge by kind."""

    DENIED_CALL = "denied_call"
    DENIED_IMPORT = "denied_import"
    UNKNOWN_CALL = "unknown_call"
    UNKNOWN_IMPORT = "unknown_import"
    UNVERIFIED_CLASS = "unverified_class"
    HOSTILE_ARGUMENT = "hostile_argument"
    PATCHED_OBJECT = "patched_object"
    HIDDEN_NAME = "hidden_name"
    EMBEDDED_CODE = "embedded_code"
    EMBEDDED_EXECUTABLE = "embedded_executable"
    CUSTOM_CODE = "custom_code"
    REMOTE_CODE_TRUSTED = "remote_code_trusted"
    UNSAFE_OPERATOR = "unsafe_operator"
    CUSTOM_OPERATOR = "custom_operator"
    OUTSIDE_REFERENCE = "outside_reference"
    REMOTE_REFERENCE = "remote_reference"
    TEMPLATE_CODE = "template_code"
    TEMPLATE_UNVERIFIED = "template_unverified"
    TEMPLATE_POISON = "template_poison"
    XML_ENTITY = "xml_entity"
    YAML_TAG = "yaml_tag"
    TWO_READINGS = "two_readings"
    SEVERAL_FORMATS = "several_formats"
    UNSAFE_MEMBER_NAME = "unsafe_member_name"
    LINK_MEMBER = "link_member"
    ENCRYPTED_MEMBER = "encrypted_member"
    DUPLICATE_MEMBER = "duplicate_member"
    BOMB = "bomb"
    BROKEN = "broken"
    UNACCOUNTED_BYTES = "unaccounted_bytes"
    NOT_FULLY_READ = "not_fully_read"


DANGERS: Mapping[FactKind, Severity] = {
    FactKind.DENIED_CALL: Severity.CRITICAL,
    FactKind.DENIED_IMPORT: Severity.HIGH,
    FactKind.UNKNOWN_CALL: Severity.HIGH,
    FactKind.UNKNOWN_IMPORT: Severity.INFO,
    FactKind.UNVERIFIED_CLASS: Severity.LOW,
    FactKind.HOSTILE_ARGUMENT: Severity.CRITICAL,
    FactKind.PATCHED_OBJECT: Severity.HIGH,
    FactKind.HIDDEN_NAME: Severity.HIGH,
    FactKind.EMBEDDED_CODE: Severity.HIGH,
    FactKind.EMBEDDED_EXECUTABLE: Severity.HIGH,
    FactKind.CUSTOM_CODE: Severity.MEDIUM,
    FactKind.REMOTE_CODE_TRUSTED: Severity.HIGH,
    FactKind.UNSAFE_OPERATOR: Severity.HIGH,
    FactKind.CUSTOM_OPERATOR: Severity.MEDIUM,
    FactKind.OUTSIDE_REFERENCE: Severity.HIGH,
    FactKind.REMOTE_REFERENCE: Severity.MEDIUM,
    FactKind.TEMPLATE_CODE: Severity.CRITICAL,
    FactKind.TEMPLATE_UNVERIFIED: Severity.MEDIUM,
    FactKind.TEMPLATE_POISON: Severity.MEDIUM,
    FactKind.XML_ENTITY: Severity.HIGH,
    FactKind.YAML_TAG: Severity.CRITICAL,
    FactKind.TWO_READINGS: Severity.HIGH,
    FactKind.SEVERAL_FORMATS: Severity.MEDIUM,
    FactKind.UNSAFE_MEMBER_NAME: Severity.HIGH,
    FactKind.LINK_MEMBER: Severity.HIGH,
    FactKind.ENCRYPTED_MEMBER: Severity.MEDIUM,
    FactKind.DUPLICATE_MEMBER: Severity.MEDIUM,
    FactKind.BOMB: Severity.HIGH,
    FactKind.BROKEN: Severity.MEDIUM,
    FactKind.UNACCOUNTED_BYTES: Severity.MEDIUM,
    FactKind.NOT_FULLY_READ: Severity.MEDIUM,
}


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One thing found in a file.

    ``place`` is the path of members that leads there, joined by ``!/``; "" is the file itself.
    ``offset`` counts bytes from the start of that member; -1 where it has none.
    ``subject`` is the name that matters (``os.system``, an operator, a member), ``detail`` a
    short sentence for people. Both are foreign text: never trusted, always escaped when shown.
    """

    kind: FactKind
    danger: Severity
    place: str = ""
    offset: int = -1
    subject: str = ""
    detail: str = ""


# What is said of program text that leads to more than is followed; all of it was read.
TOO_MANY_NAMES = "its names lead to more than can be followed"
TOO_MANY_VALUES = "what a call is given is made of more than can be followed"


class InspectionGap(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes or a member that could not be read, and why: their content is not known."""

    reason: GapReason
    place: str = ""
    start: int = 0
    size_bytes: int = -1
    detail: str = ""


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """The result of reading one file.

    ``members`` counts what containers listed, at any depth; ``members_read`` those that were
    read or needed no reading. ``bytes_read`` counts bytes fetched from where the file lies.
    ``properties`` are facts of the format in plain values (``tensors``, ``producer``, ...).
    """

    size_bytes: int
    formats: tuple[Format, ...] = ()
    facts: tuple[Fact, ...] = ()
    gaps: tuple[InspectionGap, ...] = msgspec.field(default=(), name="holes")  # as it is stored
    members: int = 0
    members_read: int = 0
    bytes_read: int = 0
    properties: Mapping[str, Any] = msgspec.field(default_factory=dict)
