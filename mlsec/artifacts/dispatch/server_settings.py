"""Settings of model servers that travel with a model: Triton's config.pbtxt, TorchServe's files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.plain_text import read_text, sniff_text
from mlsec.artifacts.content.references import note_reference
from mlsec.artifacts.embedded.contents import judge_setting
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import Severity
from mlsec.core.regex import regex

MOST_BYTES = 4 << 20
_TRITON = regex(
    rb"(?:\s|#[^\n]*\n|(?!))*+(?:name|backend|platform|max_batch_size|input|output|instance_group"
    rb"|default_model_filename|parameters|model_operations|ensemble_scheduling)\s*+(?::\s*+)?[\"'{\[\d]"
)
# Fields of Triton's model configuration that name a file. Source: model_config.proto of Triton.
_FILES = frozenset(
    "default_model_filename input_data_file op_library_filename label_filename value_file".split()  # noqa: SIM905
)
# Triton replaces this by the model's own folder.
_OWN_FOLDER = ("$$TRITON_MODEL_DIRECTORY/", "$TRITON_MODEL_DIRECTORY/")
_PATH_SETTINGS = ("EXECUTION_ENV_PATH", "FORCE_CPU_ONLY_INPUT_TENSORS_PATH")
# A manifest of TorchServe, and what in it names a file of the archive.
_NAMED = ("handler", "serializedFile", "modelFile", "requirementsFile", "configFile", "extraFiles")
_PROPERTIES = regex(
    rb"(?:[^\n]*\n){0,200}?\s*(?:inference_address|management_address|model_store|load_models"
    rb"|vmargs|allowed_urls|default_workers_per_model|plugins_path)\s*="
)
_LINE = regex(r"^[ \t]*(?P<key>[\w.]{1,60})[ \t]*[=:][ \t]*(?P<value>.*)$")
_RUNS = regex(r"-XX:(?:OnOutOfMemoryError|OnError)=|-javaagent:|-agent(?:path|lib):")


def sniff_triton(head: bytes, window: Window) -> bool:
    """Whether the name ends in .pbtxt and a model's configuration for Triton begins."""
    is_named = window.name.lower().endswith(".pbtxt")
    return is_named and bool(_TRITON.match(head)) and sniff_text(head, window)


def read_triton(window: Window, record: Recorder) -> None:
    """Judge what the configuration loads, reads and runs beside the model.

    Raises:
        ArtifactError: no text format.
    """
    from mlsec.artifacts.formats.tensorflow.text_format import texts_of  # noqa: PLC0415 - for such a file only

    read_text(window, record)
    record.property("layout", "triton")
    record.in_part("the configuration", MOST_BYTES, window.size_bytes)
    key = ""
    for text in texts_of(window.read(0, MOST_BYTES)):
        place = _in_folder(text.value)
        if text.field == "key":
            key = text.value
        elif text.field in _FILES:
            outside = note_reference(record, place, f"what {text.field} names", offset=text.offset)
            if text.field == "op_library_filename" and not outside:
                detail = "a library of operators that the server loads"
                kind, danger = FactKind.CUSTOM_CODE, Severity.HIGH
                record.fact(kind, place, detail, offset=text.offset, danger=danger)
        elif text.field in {"backend", "platform", "runtime"} and ("/" in place or ".." in place):
            detail = f"the {text.field} is a library that the server loads from this place"
            record.fact(FactKind.OUTSIDE_REFERENCE, place, detail, offset=text.offset)
        elif text.field == "string_value":
            if key in _PATH_SETTINGS or key.lower().endswith(("path", "file", "filename", "dir")):
                note_reference(record, place, f"what {key} names", offset=text.offset)
            judge_setting(text.value, key or "string_value", record)


def _in_folder(place: str) -> str:
    for own in _OWN_FOLDER:
        place = place.removeprefix(own)
    return place


def is_manifest(value: Any) -> bool:
    """Whether a JSON value is the manifest of an archive of TorchServe."""
    model = value.get("model") if isinstance(value, Mapping) else None
    return isinstance(model, Mapping) and "modelName" in model and bool({*_NAMED} & {*model})


def judge_manifest(value: Any, record: Recorder) -> None:
    """Note files that the server is configured to load from outside of the archive."""
    for name, place in _places(value["model"]):
        note_reference(record, place, f"what {name} names")


def _places(model: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in _NAMED:
        value = model.get(name)
        for part in value.split(",") if isinstance(value, str) else ():
            # A handler may name a function behind its file.
            yield name, part.rpartition(":")[0] if name == "handler" and ":" in part[2:] else part


def sniff_properties(head: bytes, window: Window) -> bool:
    """Whether the file holds settings of TorchServe, or of the Deep Java Library's server."""
    name = PurePosixPath(window.name).name.lower()
    is_named = name == "config.properties" and bool(_PROPERTIES.match(head))
    return (is_named or name == "serving.properties") and sniff_text(head, window)


def read_properties(window: Window, record: Recorder) -> None:
    """Note settings that run something, or load from elsewhere, when the server starts by them."""
    read_text(window, record)
    record.property("layout", "torchserve")
    record.in_part("the settings", MOST_BYTES, window.size_bytes)
    offset = 0
    for line in window.read(0, MOST_BYTES).decode("utf-8", "replace").splitlines():
        match = _LINE.match(line)
        if match:
            _judge(match["key"], match["value"].strip(), offset, record)
        offset += len(line) + 1


def _judge(key: str, value: str, offset: int, record: Recorder) -> None:
    if key == "vmargs" and (runs := _RUNS.search(value)):
        detail = "the server's own process is configured to run or to load something"
        record.fact(FactKind.EMBEDDED_CODE, runs.group(), detail, offset=offset)
    elif key in {"load_models", "plugins_path", "models"}:
        for place in value.split(","):
            note_reference(record, place.rpartition("=")[2].strip(), f"what {key} names")
    elif key == "option.trust_remote_code" and value.lower() == "true":
        detail = "asks the loader to run code that comes with the model"
        record.fact(FactKind.REMOTE_CODE_TRUSTED, key, detail, offset=offset)
    elif key in {"option.entryPoint", "option.model_dir", "option.handler"}:
        note_reference(record, value, f"what {key} names", offset=offset)
        if value.endswith(".py"):
            detail = "code that lies beside the model is run when it is served"
            record.fact(FactKind.CUSTOM_CODE, value, detail, offset=offset, danger=Severity.LOW)
    elif key == "install_py_dep_per_model" and value.lower() == "true":
        detail = "whatever a model asks for is installed when it is loaded"
        record.fact(FactKind.CUSTOM_CODE, key, detail, offset=offset, danger=Severity.LOW)
    else:
        judge_setting(value, key, record)
