"""Further keys under which frameworks name code that they import or call for a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mlsec.artifacts.content.callables import danger_of
from mlsec.artifacts.content.references import is_remote, leaves_folder, note_reference
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.artifacts.settings.requirement_lines import judge_line
from mlsec.core.enums import GapReason, Severity
from mlsec.core.regex import regex

_DOTTED = regex(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+\Z")
_MODULE = regex(r"[A-Za-z_][\w.]*\Z")
_HOMES = frozenset(
    """transformers torch torchtune nemo pytorch_lightning lightning pyannote rasa spacy mlserver
    mlserver_sklearn mlserver_xgboost mlserver_lightgbm mlserver_mlflow mlserver_huggingface
    mlserver_alibi_explain mlserver_alibi_detect mlserver_catboost mmengine mmcv mmdet mmseg mmpose
    mmpretrain mmaction mmocr mmdet3d mmrotate mmyolo mmagic axolotl datasets torchvision sklearn
    keras tensorflow numpy ultralytics bentoml pandas scipy sklearn collections datetime models
    utils""".split()  # noqa: SIM905
)
# The parts of YOLO's settings: from where, how often, which module, with which arguments. Module
# and arguments that are texts are evaluated as Python. Source: parse_model of YOLOv5 and others.
_OWN_LIBRARY = regex(r"(?:lib)?(?:Qnn\w+|onnxruntime\w*|openvino\w*)\.(?:dll|so)\Z")
_CLASS_NAME = regex(r"[A-Za-z_][\w.]*\Z")
_ARGUMENT = regex(r"[\w.\s,+\-*/()\[\]{}:'\"]*\Z")
_CALLS = regex(r"\w\s*\(|[\])}'\"]\s*\(|__|\.[A-Za-z_]\w*\.")


def judge_named_code(part: Mapping[str, Any], path: str, record: Recorder) -> None:
    """Note code that a mapping names by a key of some framework."""
    for key, judge in _KEYS.items():
        if key in part:
            judge(part[key], part, f"{path}.{key}", record)


def _note_name(value: Any, path: str, record: Recorder, *, is_known: bool = False) -> None:
    """A class or function by its dotted name; unknown ones are a gap, or reported as code."""
    if isinstance(value, str) and _DOTTED.match(value.strip()):
        kind = FactKind.CUSTOM_CODE if is_known else FactKind.UNVERIFIED_CLASS
        note_called(value, path, record, _HOMES, kind)


def note_called(
    value: str, path: str, record: Recorder, homes: frozenset[str], kind: FactKind
) -> None:
    """A callable that a configuration has called; one of any other package is a gap too."""
    module, _, name = value.strip().rpartition(".")
    danger = danger_of(module, name)
    if danger is not None:
        detail = f"is called when the configuration is carried out (at {path})"
        record.fact(FactKind.DENIED_CALL, value, detail, danger=danger)
    elif module.split(".")[0] not in homes:
        detail = f"a callable of no known package is called (at {path})"
        record.fact(kind, value, detail)
        record.gap(GapReason.UNRESOLVED, f"what {value} does is not known: {detail}"[:400])


def _called(value: Any, _part: Mapping[str, Any], path: str, record: Recorder) -> None:
    _note_name(value, path, record)


def _instantiator(value: Any, _part: Mapping[str, Any], path: str, record: Recorder) -> None:
    """Lightning imports and calls this where a checkpoint is loaded."""
    _note_name(value, path, record, is_known=True)


def _target(value: Any, part: Mapping[str, Any], path: str, record: Recorder) -> None:
    """NeMo's ``target`` beside ``cfg``; the one beside ``params`` is judged elsewhere."""
    is_called = not {"cfg", "init_args", "kwargs"}.isdisjoint(part)
    if is_called or (isinstance(value, str) and _is_denied(value)):
        _note_name(value, path, record)


def _is_denied(value: str) -> bool:
    module, _, name = value.strip().rpartition(".")
    return bool(module) and danger_of(module, name) is not None


def _named(value: Any, part: Mapping[str, Any], path: str, record: Recorder) -> None:
    """Parts of a pipeline by the dotted name of their class (pyannote, Rasa)."""
    is_part = any(word in path for word in ("pipeline", "preprocessors", "policies"))
    if is_part and (isinstance(part.get("params"), Mapping) or "[" in path):
        _note_name(value, path, record)


def _custom_imports(value: Any, _part: Mapping[str, Any], path: str, record: Recorder) -> None:
    """MMEngine imports these modules before it builds anything."""
    names = value.get("imports") if isinstance(value, Mapping) else value
    for name in names if isinstance(names, list) else [names]:
        _module(name, path, record)


def _module(name: Any, path: str, record: Recorder) -> None:
    if not isinstance(name, str) or not _MODULE.match(name):
        return
    danger = danger_of(name, "x")
    if danger is not None or name.split(".")[0] not in _HOMES:
        kind = FactKind.CUSTOM_CODE if danger is None else FactKind.DENIED_CALL
        record.fact(kind, name, f"is imported for the model (at {path})", danger=danger)


def _user_dir(value: Any, _part: Mapping[str, Any], path: str, record: Recorder) -> None:
    """Fairseq imports the folder of this name as a package."""
    if isinstance(value, str) and value not in ("", "null", "~"):
        record.fact(FactKind.CUSTOM_CODE, value, f"a folder that is imported (at {path})")
        note_reference(record, value, "a folder that is imported")


def _plugins(value: Any, part: Mapping[str, Any], path: str, record: Recorder) -> None:
    """ModelScope installs plugins by their names; others import classes by dotted names."""
    is_of_modelscope = "framework" in part and "task" in part
    for name in value if isinstance(value, list) else ():
        if is_of_modelscope and isinstance(name, str):
            detail = f"a package that is installed when the model is loaded (at {path})"
            record.fact(FactKind.CUSTOM_CODE, name, detail)
        elif not is_of_modelscope and "base_model" in part:
            _note_name(name, path, record)


def _allow_remote(value: Any, part: Mapping[str, Any], path: str, record: Recorder) -> None:
    if value is True and "framework" in part:
        detail = f"asks the loader to run code that comes with the model (at {path})"
        record.fact(FactKind.REMOTE_CODE_TRUSTED, "allow_remote", detail)


def _script_url(value: Any, _part: Mapping[str, Any], path: str, record: Recorder) -> None:
    if isinstance(value, str) and value:
        detail = f"a script of a data set that is run when it is loaded (at {path})"
        record.fact(FactKind.CUSTOM_CODE, value, detail)


def _implementation(value: Any, part: Mapping[str, Any], path: str, record: Recorder) -> None:
    """The class that MLServer makes of a model."""
    parameters = part.get("parameters")
    if "name" in part and isinstance(parameters, Mapping):
        _note_name(value, path, record, is_known=True)
        for key in ("uri", "environment_tarball"):
            _place(parameters.get(key), part, f"{path}.{key}", record)


def _place(value: Any, _part: Mapping[str, Any], path: str, record: Recorder) -> None:
    if isinstance(value, str) and (is_remote(value) or leaves_folder(value)):
        note_reference(record, value, f"what {path} names")


def _of_flavour(value: Any, _part: Mapping[str, Any], path: str, record: Recorder) -> None:
    """A file or folder of an MLflow model, which its flavour loads."""
    if "flavors" in path:
        _place(value, _part, path, record)


def _library(value: Any, _part: Mapping[str, Any], path: str, record: Recorder) -> None:
    """A library of machine code that a runtime loads for a model (ONNX Runtime)."""
    if not isinstance(value, str) or not value or _OWN_LIBRARY.match(value):
        return
    if not note_reference(record, value, "a library that is loaded"):
        detail = f"a library of machine code that is loaded (at {path})"
        record.fact(FactKind.CUSTOM_CODE, value, detail, danger=Severity.HIGH)


def _graph(value: Any, _part: Mapping[str, Any], path: str, record: Recorder) -> None:
    """The graph of a part of a generating model (ONNX Runtime)."""
    if ".model." in path:
        _place(value, _part, path, record)


def _bento(value: Any, part: Mapping[str, Any], path: str, record: Recorder) -> None:
    """The module that BentoML loads a stored model by."""
    if "api_version" in part and "signatures" in part:
        _module(value, path, record)


def _pickled(value: Any, _part: Mapping[str, Any], path: str, record: Recorder) -> None:
    """A class or function that jsonpickle imports, and makes or calls."""
    _note_name(value, path, record)


def _runtime(value: Any, _part: Mapping[str, Any], path: str, record: Recorder) -> None:
    """The environment that Ray sets up before it runs what it serves."""
    if not isinstance(value, Mapping):
        return
    modules = value.get("py_modules")
    for place in [value.get("working_dir"), *(modules if isinstance(modules, list) else [])]:
        _place(place, value, path, record)
    for line in value["pip"] if isinstance(value.get("pip"), list) else ():
        if isinstance(line, str) and (line.startswith("-") or " @ http" in line):
            judge_line(line, record)


def _layers(value: Any, _part: Mapping[str, Any], path: str, record: Recorder) -> None:
    for layer in value if isinstance(value, list) else ():
        if not isinstance(layer, list) or len(layer) != 4:
            continue
        _, _, module, given = layer
        if isinstance(module, str) and not _CLASS_NAME.match(module):
            _note_program(module, path, record)
        for item in given if isinstance(given, list) else ():
            if isinstance(item, str) and (_CALLS.search(item) or not _ARGUMENT.match(item)):
                _note_program(item, path, record)


def _note_program(text: str, path: str, record: Recorder) -> None:
    detail = f"a text that is evaluated where the layers are built (at {path})"
    record.fact(FactKind.EMBEDDED_CODE, text[:200], detail, danger=Severity.HIGH)


_KEYS: Mapping[str, Callable[[Any, Mapping[str, Any], str, Recorder], None]] = {
    "_component_": _called,
    "__target__": _called,
    "_instantiator": _instantiator,
    "target": _target,
    "name": _named,
    "custom_imports": _custom_imports,
    "user_dir": _user_dir,
    "plugins": _plugins,
    "allow_remote": _allow_remote,
    "script_url": _script_url,
    "implementation": _implementation,
    "runtime_env": _runtime,
    "backend_path": _library,
    "custom_ops_library": _library,
    "filename": _graph,
    "module": _bento,
    **dict.fromkeys(("py/object", "py/type", "py/class", "py/function"), _pickled),
    **dict.fromkeys(
        ("pickled_model", "python_model", "model_data", "model_path", "data"), _of_flavour
    ),
    **dict.fromkeys(("model_module_dir", "bundled_packages_dir", "restore_from_path"), _place),
    "backbone": _layers,
    "head": _layers,
    **dict.fromkeys(
        ("template_path", "prefix_path", "suffix_path", "prompt_path", "example_prompt_path",
         "llm_path", "llm_chain_path"),
        _place,
    ),
}  # fmt: skip
