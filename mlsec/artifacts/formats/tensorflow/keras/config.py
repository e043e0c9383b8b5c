"""Walks a Keras configuration at any depth: what is run, fetched or imported when it is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mlsec.artifacts.content.callables import danger_of
from mlsec.artifacts.content.json_text import plain_key, read_json, walk
from mlsec.artifacts.content.references import is_remote, leaves_folder
from mlsec.artifacts.embedded.contents import judge_value
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.formats.tensorflow.keras.names import (
    FIXED,
    UNSAFE_NAMES,
    judge_name,
    known_classes,
)
from mlsec.artifacts.formats.tensorflow.keras.sizes import judge_sizes
from mlsec.artifacts.formats.tensorflow.operators import judge_operator
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity
from mlsec.core.regex import regex

# Layers that hand over to something outside of Keras.
_WRAPPERS: Mapping[str, str] = {
    "TFSMLayer": "loads a SavedModel from a path when it is made",
    "TorchModuleWrapper": "unpickles a torch module when it is made",
    "FlaxLayer": "rebuilds functions of Flax when it is made",
    "JaxLayer": "rebuilds functions of JAX when it is made",
    "KerasLayer": "loads a module of TensorFlow Hub when it is made",
}
# Source: the models of Keras 1 to 3; "Graph" and "Merge" are of the first.
_MODELS = frozenset({"Sequential", "Functional", "Model", "Graph", "Merge", "Lambda"})
# Layers of an operator; which of TensorFlow's own reach out of the graph.
# The operator of a layer that keeps a node of a graph as text, or as JSON.
_NODE = regex(r"\"?\bop\"?\s*:\s*\"(\w{1,80})\"")
_OPERATIONS = frozenset({"TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"})
_REACHING = regex(
    r"(?:tf\.|compat\.v[12]\.)*(?:io\.(?:write|read|matching|gfile|decode_proto|encode_proto)"
    r"|gfile\.|(?:raw_ops|keras|saved_model|data|distribute|summary|train)\.\w*(?i:file|load|save|"
    r"write|read|func|remote|rpc)|py_func|numpy_function|py_function|load_)"
)
SHORTEST_TEXT = 8
_VOCABULARIES = frozenset({"vocabulary", "vocabulary_file", "vocab_path", "idf_weights"})
# Whatever is named so is an address that somebody means to ask.
# What Keras writes before a class that was registered without the name of a package: optimizers of
# TensorFlow 2.9 to 2.11 were.
_UNNAMED = "Custom>"
_ADDRESSES = regex(r"(?:.*_)?(?:ur[il]|link|endpoint|webhook)s?\Z")
_PATHS = frozenset({"filepath", "file_path", "origin", "handle", "saved_model_path", "cache_dir"})


def is_keras_config(value: Any) -> bool:
    """Whether a JSON value is a Keras object, or holds one where Keras files hold it."""
    if not isinstance(value, Mapping):
        return False
    if "class_name" in value and ("config" in value or "module" in value):
        return True
    return any(isinstance(value.get(key), Mapping) for key in ("model_config", "modelTopology"))


def judge_keras(value: Any, record: Recorder) -> None:
    """Note everything in a configuration that would run, import or fetch something."""
    for path, part in walk(value):
        if isinstance(part, Mapping):
            _judge_object(part, path, record)
        elif isinstance(part, str):
            _judge_text(part, path, record)


def judge_model_class(value: Any, record: Recorder) -> None:
    """Note a whole model of a class that Keras does not have; older files name no module."""
    name = value.get("class_name") if isinstance(value, Mapping) else None
    if not isinstance(name, str) or name in _MODELS or "module" in value:
        return
    if "registered_name" not in value:
        detail = "a class of model that the loading program must bring"
        record.fact(FactKind.CUSTOM_CODE, name, detail)


def _judge_object(part: Mapping[str, Any], path: str, record: Recorder) -> None:
    judge_sizes(part, path, record)
    for key, name in part.items():
        plain = plain_key(key)
        if not isinstance(name, str):
            continue
        if plain == "class_name":
            _judge_class(name, part, path, record)
        elif plain in _VOCABULARIES and name:
            _judge_path(name, f"{plain} at {path}", record)
        elif plain.endswith("_module") and danger_of(name, "x") is not None:
            detail = f"the module {name} is looked up when the model is loaded (at {path}.{plain})"
            record.fact(FactKind.DENIED_CALL, name, detail)
        elif name in UNSAFE_NAMES and plain != "name":
            detail = f"a function that reaches files or the network is named (at {path}.{plain})"
            record.fact(FactKind.DENIED_CALL, name, detail, danger=Severity.HIGH)
        elif plain in _PATHS and (is_remote(name) or leaves_folder(name)):
            _judge_path(name, plain, record)
        elif _ADDRESSES.match(plain) and is_remote(name):
            detail = f"the setting {plain} names an address (at {path})"
            record.fact(FactKind.REMOTE_REFERENCE, name, detail)


def _judge_class(name: str, part: Mapping[str, Any], path: str, record: Recorder) -> None:
    module = part.get("module")
    module = module if isinstance(module, str) else ""
    if special := _SPECIAL.get(name):
        special(part, path, record)
        return
    is_own = name.startswith("__") and name.endswith("__") and name != "__typespec__"
    if name in FIXED or is_own:
        return
    if module == "builtins" and name[:1].isupper():
        detail = f"a class is looked up among Python's own functions (at {path})"
        record.fact(FactKind.HIDDEN_NAME, f"builtins.{name}", detail, danger=Severity.MEDIUM)
    if name in _WRAPPERS:
        record.fact(FactKind.UNSAFE_OPERATOR, name, f"{_WRAPPERS[name]} (at {path})")
    if name == "function":
        _judge_function(part, module, path, record)
        return
    if name in _OPERATIONS:
        _judge_operation(part, path, record)
    if name == "__typespec__":
        named = str(part.get("spec_name", ""))
        _judge_named(module, named, path, record)
    elif name.removeprefix(_UNNAMED) not in known_classes() and "config" in part:
        detail = f"a class that Keras does not have: the loading program must bring it (at {path})"
        record.fact(FactKind.UNVERIFIED_CLASS, name[:60], detail)
        if module:  # without one nothing is imported: what no program brings is not loaded
            record.gap(GapReason.UNRESOLVED, f"{name[:60]}: {detail}"[:400])
    _judge_named(module, name, path, record)
    _judge_registered(part, name, module, path, record)


def _judge_operation(part: Mapping[str, Any], path: str, record: Recorder) -> None:
    """A layer that carries out an operator of TensorFlow by its name."""
    config = part.get("config")
    function = config.get("function") if isinstance(config, Mapping) else None
    node = config.get("node_def") if isinstance(config, Mapping) else None
    for operator in _NODE.findall(node) if isinstance(node, str) else ():
        judge_operator(record, operator, frozenset(), where=f"at {path}")
    if isinstance(function, str) and _REACHING.match(function):
        detail = f"an operator that reaches files, networks or Python (at {path})"
        record.fact(FactKind.UNSAFE_OPERATOR, function, detail)


def _judge_named(module: str, name: str, path: str, record: Recorder) -> None:
    verdict = judge_name(module, name)
    if verdict is not None:
        whole = f"{module}.{name}" if module else name
        record.fact(verdict.kind, whole, f"{verdict.why} (at {path})", danger=verdict.danger)


def _judge_function(part: Mapping[str, Any], module: str, path: str, record: Recorder) -> None:
    config = part.get("config")
    if isinstance(config, Mapping):
        config = config.get("name", config.get("function_name", config.get("class_name")))
    if isinstance(config, str):
        _judge_named(module, config, path, record)
        _judge_registered(part, config, module, path, record)


def _judge_registered(
    part: Mapping[str, Any], name: str, module: str, path: str, record: Recorder
) -> None:
    registered = part.get("registered_name")
    if not isinstance(registered, str) or registered in {name, "", part.get("class_name")}:
        return
    package, _, last = registered.rpartition(">")
    danger = _danger_of_registered(package, last)
    if danger is not None:
        detail = f"the registered name is one that can run code (at {path})"
        record.fact(FactKind.DENIED_CALL, registered, detail, danger=danger)
    elif package in {"", "keras", "tf_keras"}:
        if last != name and not package:
            detail = f"is registered under another name than its class {name} (at {path})"
            record.fact(FactKind.TWO_READINGS, registered, detail, danger=Severity.MEDIUM)
    elif not module.startswith("keras_") or not module.startswith(package):
        detail = f"a class that the loading program must register (at {path})"
        # Without a module nothing is imported: what is not registered is not loaded.
        danger = None if module else Severity.LOW
        record.fact(FactKind.CUSTOM_CODE, registered, detail, danger=danger)
        if module:
            reason = f"what {registered} does is not known: {detail}"
            record.gap(GapReason.UNRESOLVED, reason[:400])


def _danger_of_registered(package: str, last: str) -> Severity | None:
    module, _, name = last.rpartition(".")
    for root, leaf in ((package, last), (module, name)):
        verdict = judge_name(root, leaf)
        if verdict is not None and verdict.kind is FactKind.DENIED_CALL:
            return verdict.danger
    return None


def _judge_lambda_layer(part: Mapping[str, Any], path: str, record: Recorder) -> None:
    detail = f"a layer that runs a Python function of its own (at {path})"
    record.fact(FactKind.CUSTOM_CODE, "Lambda", detail, danger=Severity.HIGH)
    config = part.get("config")
    if not isinstance(config, Mapping):
        return
    for key, name_key in (("module", "function"), ("output_shape_module", "output_shape")):
        if isinstance(config.get(key), str) and isinstance(config.get(name_key), str):
            _judge_named(config[key], config[name_key], path, record)


def _judge_encoded(_part: Mapping[str, Any], path: str, record: Recorder) -> None:
    detail = f"Python code stored in the configuration (at {path})"
    record.fact(FactKind.EMBEDDED_CODE, "__lambda__", detail)


_SPECIAL: Mapping[str, Callable[[Mapping[str, Any], str, Recorder], None]] = {
    "Lambda": _judge_lambda_layer,
    "__lambda__": _judge_encoded,
}


def _judge_path(place: str, what: str, record: Recorder) -> None:
    if is_remote(place):
        detail = f"{what} is fetched from an address when the model is loaded"
        record.fact(FactKind.REMOTE_REFERENCE, place, detail)
        return
    danger = None if leaves_folder(place) else Severity.MEDIUM
    detail = f"{what} names a file that is read when the model is loaded"
    record.fact(FactKind.OUTSIDE_REFERENCE, place, detail, danger=danger)


def _judge_text(text: str, path: str, record: Recorder) -> None:
    """Look into a text for code, a pickle, or a whole configuration kept as text."""
    if len(text) < SHORTEST_TEXT:
        return
    if text.lstrip()[:1] == "{" and "class_name" in text:
        judge_keras(read_json(text.encode("utf-8", "replace"), record), record)
        return
    judge_value(text.encode("utf-8", "replace"), f"the configuration at {path}"[:200], record)
