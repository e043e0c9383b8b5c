"""Judges configurations, JSON or YAML alike: what they make a loader import, run or fetch."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from mlsec.artifacts.content.callables import danger_of
from mlsec.artifacts.content.json_text import plain_key, walk
from mlsec.artifacts.content.references import is_remote, leaves_folder, note_reference
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.artifacts.settings.class_settings import judge_classes, judge_entry_points
from mlsec.artifacts.settings.named_code import judge_named_code, note_called
from mlsec.artifacts.settings.requirement_lines import judge_line
from mlsec.core.enums import Severity
from mlsec.core.regex import regex

# Packages whose classes configurations name as a matter of course.
KNOWN_PACKAGES = frozenset(
    """transformers diffusers peft sentence_transformers torch torchvision torchaudio timm
    tokenizers optimum accelerate safetensors onnxruntime nemo pytorch_lightning lightning sklearn
    xgboost lightgbm catboost mlflow keras tensorflow flax jax numpy scipy pandas datasets evaluate
    omegaconf hydra stable_diffusion deepfloyd_if kandinsky controlnet pipelines spacy setfit trl
    vllm huggingface_hub""".split()  # noqa: SIM905
)
# A flavour of an MLflow model has one of these; elsewhere ``code`` is a status, a text, a number.
_BESIDE_CODE = frozenset(("loader_module", "python_model", "python_version"))
# A place of the owner's own, as settings of a training name it.
_STORES = ("gs://", "s3://", "az://", "abfs", "hdfs://", "hf://", "nemo://", "dbfs:")
_FLAVOUR = ".python_function"
# A field of a text that is formatted asks for an attribute that no data have.
_FIELD = regex(r"(?<!\{)\{\w*(?:\.\w+|\[\w+\])*[.\[]__\w+__")
_RUNNING_CHAINS = regex(r"(?:llm_bash|pal|llm_math|python_repl|llm_symbolic_math)(?:_chain)?\Z")
_NAME = re.compile(r"[A-Za-z_][\w.]*\Z")
# Longer ones name no file, and would be split in every way.
LONGEST_REFERENCE = 1024
# The most shards of an index that are looked for.
MOST_SHARDS = 10_000
# Classes of diffusers that are parts of a pipeline: their lists are words for themselves.
_PART = regex(
    r"(?:Flax)?\w*(?:Model|Scheduler|Autoencoder\w*|VQModel|Transformer\w*|ControlNet\w*)\Z"
)
_CODE_REFERENCE = re.compile(r"(?:(?P<repo>[^\s]+?)--)?(?P<module>[\w./-]+)\.(?P<name>\w+)\Z")


def is_settings(value: Any) -> bool:
    """Whether a JSON value can be a configuration: an object, or a list of objects."""
    if isinstance(value, list):
        return bool(value) and isinstance(value[0], Mapping)
    return isinstance(value, Mapping) and "__loader__" not in value


def judge_settings(value: Any, record: Recorder) -> None:
    """Note what a configuration would import, run, trust or reach, at any depth."""
    for path, part in walk(value):
        if isinstance(part, Mapping):
            _judge_mapping(part, path, record)
    if isinstance(value, list):
        _judge_modules(value, record)
    judge_classes(value, record)


def _judge_mapping(part: Mapping[str, Any], path: str, record: Recorder) -> None:
    for key, result in part.items():
        judge = _KEYS.get(plain_key(key)) if isinstance(key, str) else None
        if judge is not None:
            judge(result, f"{path}.{plain_key(key)}", record)
    if path.endswith(_FLAVOUR) or not _BESIDE_CODE.isdisjoint(part):
        _code_path(part.get("code"), f"{path}.code", record)
    judge_named_code(part, path, record)
    from mlsec.artifacts.templates.judge import judge_template, templates_in  # noqa: PLC0415

    texts = {key: value for key, value in part.items() if isinstance(key, str)}
    for name, text in templates_in(texts):
        if match := _FIELD.search(text):
            detail = f"a field of a format text leads into Python's own machinery (in {name[:100]})"
            record.fact(FactKind.TEMPLATE_CODE, match.group()[:80], detail, danger=Severity.HIGH)
        # Post-processors of tokenizers have templates of their own, without any program in them.
        if "{%" in text or "{{" in text or name == "chat_template":
            record.property("chat_template", value=True)
            judge_template(text, record, name[:100])
    if "_class_name" in part and "_diffusers_version" in part:
        _judge_pipeline(part, record)


def _auto_map(value: Any, path: str, record: Recorder) -> None:
    entries = value.values() if isinstance(value, Mapping) else [value]
    listed = [part for entry in entries for part in (entry if isinstance(entry, list) else [entry])]
    references = [reference for reference in listed if isinstance(reference, str)]
    beside = {name for reference in references if (name := _file_of(reference))}
    if beside:
        record.property("code_files", tuple(sorted(beside)))
    for reference in references:
        _code_reference(reference, path, record)


def _file_of(reference: str) -> str:
    """The file beside the model that a reference names; "" where it leads elsewhere."""
    result = _CODE_REFERENCE.match(reference) if len(reference) <= LONGEST_REFERENCE else None
    if result is None or result.group("repo") or leaves_folder(reference):
        return ""
    return result.group("module").replace(".", "/") + ".py"


def _code_reference(reference: str, path: str, record: Recorder) -> None:
    if not _file_of(reference):
        detail = f"code of another repository is run when the model is loaded (at {path})"
        record.fact(FactKind.REMOTE_CODE_TRUSTED, reference, detail)
        return
    detail = f"code that lies beside the model is run when it is loaded (at {path})"
    record.fact(FactKind.CUSTOM_CODE, reference, detail)


def _trust(value: Any, path: str, record: Recorder) -> None:
    if value is True or (isinstance(value, str) and value.strip().lower() in {"true", "yes", "1"}):
        detail = f"asks the loader to run code that comes with the model (at {path})"
        record.fact(FactKind.REMOTE_CODE_TRUSTED, "trust_remote_code", detail)


def _custom_pipelines(value: Any, path: str, record: Recorder) -> None:
    entries = value.values() if isinstance(value, Mapping) else [value]
    for entry in entries:
        name = entry.get("impl", "") if isinstance(entry, Mapping) else entry
        if name:
            detail = f"a pipeline of its own is imported (at {path})"
            kind = FactKind.REMOTE_CODE_TRUSTED if "--" in str(name) else FactKind.CUSTOM_CODE
            record.fact(kind, str(name), detail)


def _judge_pipeline(part: Mapping[str, Any], record: Recorder) -> None:
    """A diffusers index: each component names the package and class that is imported.

    A part of a pipeline has its own settings, in which two words are no package and class.
    """
    owner = part["_class_name"]
    is_part = isinstance(owner, str) and len(owner) < 100 and bool(_PART.match(owner))
    for key, result in part.items():
        if (key.startswith("_class_name") and isinstance(result, list)) or (
            isinstance(result, list) and len(result) == 2 and not key.startswith("_")
        ):
            _component(key, result, record, is_part=is_part)


def _component(key: str, items: list[Any], record: Recorder, *, is_part: bool) -> None:
    texts = [part if isinstance(part, str) else "" for part in items]
    module, name = (*texts, "", "")[:2]
    # What would reach a machine is reported wherever it stands.
    if module and not (is_part and danger_of(module, name or "x") is None):
        _import(module, name, f"component {key}", record)


def _import(module: str, name: str, path: str, record: Recorder) -> None:
    """Note a module that a configuration makes a loader import."""
    whole = f"{module}.{name}" if name else module
    danger = danger_of(module, name or "x")
    if danger is not None:
        detail = f"is imported, and can run code or reach files or networks (at {path})"
        record.fact(FactKind.DENIED_CALL, whole, detail, danger=danger)
    elif module.split(".", maxsplit=1)[0] not in KNOWN_PACKAGES:
        detail = f"a module of no known package is imported (at {path})"
        record.fact(FactKind.CUSTOM_CODE, whole, detail)


def _imported(value: Any, path: str, record: Recorder) -> None:
    if isinstance(value, str) and _NAME.match(value.strip()):
        module, _, name = value.strip().rpartition(".")
        _import(module or name, name if module else "", path, record)


def _target(value: Any, path: str, record: Recorder) -> None:
    """A callable that a configuration has called: Hydra's ``_target_`` and the like."""
    if isinstance(value, str):
        note_called(value, path, record, KNOWN_PACKAGES, FactKind.UNVERIFIED_CLASS)


def _loader_module(value: Any, path: str, record: Recorder) -> None:
    if isinstance(value, str) and value.strip():
        module = value.strip()
        _import(module, "", path, record)


def _code_path(value: Any, path: str, record: Recorder) -> None:
    if isinstance(value, str) and value not in {"", "null"}:
        note_reference(record, value, f"what {path} names")
        detail = f"code that is packed with the model is run when it is loaded (at {path})"
        record.fact(FactKind.CUSTOM_CODE, value, detail)


def _weight_map(value: Any, path: str, record: Recorder) -> None:
    named = value.values() if isinstance(value, Mapping) else ()
    files = sorted({name for name in named if isinstance(name, str)})
    for name in files:
        note_reference(record, name, f"a shard in {path}")
    record.property("weight_files", tuple(files[:MOST_SHARDS]))


def _manifest(value: Any, path: str, record: Recorder) -> None:
    """The groups of a TensorFlow.js model, each with the files that are fetched for it."""
    for group in value if isinstance(value, list) else ():
        names = group.get("paths") if isinstance(group, Mapping) else None
        for name in names if isinstance(names, list) else ():
            if isinstance(name, str):
                note_reference(record, name, f"a shard in {path}")


def _package(value: Any, path: str, record: Recorder) -> None:
    """The items of a package of Core ML, each with its place in the package."""
    for entry in value.values() if isinstance(value, Mapping) else ():
        place = entry.get("path") if isinstance(entry, Mapping) else None
        if isinstance(place, str):
            note_reference(record, place, f"an item in {path}")


def _judge_modules(value: list[Any], record: Recorder) -> None:
    """A sentence-transformers ``modules.json``: the type of each module is imported."""
    for entry in value:
        if not isinstance(entry, Mapping) or not {"idx", "path", "type"} <= entry.keys():
            continue
        kind, path = entry["type"], entry["path"]
        if isinstance(kind, str):
            module, _, name = kind.rpartition(".")
            _import(module or name, name, f"module {entry.get('name', '')}", record)
        if isinstance(path, str):
            note_reference(record, path, "a module of the model")


def _license(value: Any, _path: str, record: Recorder) -> None:
    if isinstance(value, str) and value.strip():
        record.property("license", value.strip()[:200])


def _address(value: Any, path: str, record: Recorder) -> None:
    is_store = isinstance(value, str) and value.startswith(_STORES)
    if isinstance(value, str) and not is_store and (is_remote(value) or leaves_folder(value)):
        note_reference(record, value, f"what {path} names")


def _handler(value: Any, path: str, record: Recorder) -> None:
    """The file that TorchServe runs, which lies beside the model or is one of its own."""
    if isinstance(value, str) and leaves_folder(value):
        note_reference(record, value, f"what {path} has run")


def _requirements(value: Any, _path: str, record: Recorder) -> None:
    for line in value if isinstance(value, list) else ():
        if isinstance(line, str) and (line.startswith("-") or " @ http" in line):
            judge_line(line, record)


def _chain(value: Any, path: str, record: Recorder) -> None:
    """A chain of LangChain that runs what a model writes, as a shell or Python would."""
    if isinstance(value, str) and _RUNNING_CHAINS.match(value):
        detail = f"runs what the model writes as a program (at {path})"
        record.fact(FactKind.DENIED_CALL, value, detail, danger=Severity.MEDIUM)


def _pipeline_name(value: Any, path: str, record: Recorder) -> None:
    if isinstance(value, str) and value:
        _custom_pipelines(value, path, record)


def _architectures(value: Any, _path: str, record: Recorder) -> None:
    if isinstance(value, list) and value and isinstance(value[0], str):
        record.property("architecture", value[0][:100])


_KEYS: Mapping[str, Callable[[Any, str, Recorder], None]] = {
    "auto_map": _auto_map,
    "trust_remote_code": _trust,
    "trust-remote-code": _trust,
    "custom_pipelines": _custom_pipelines,
    "custom_pipeline": _pipeline_name,
    "loader_module": _loader_module,
    "model_code_path": _code_path,
    "parent_library": _imported,
    "_target_": _target,
    "class_path": _target,
    "weight_map": _weight_map,
    "weightsManifest": _manifest,
    "itemInfoEntries": _package,
    "license": _license,
    "architectures": _architectures,
    "checkpoint_path": _address,
    "handler": _handler,
    "requirements": _requirements,
    "_type": _chain,
    "entry_points": judge_entry_points,
}
