"""Recognises the files that a loader of models begins with, by their name and what they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from mlsec.artifacts.recorder import Recorder

# The property under which the loader that reads a file is noted.
LOADER = "loader"
# Loaders that take a model from one such file; the weights beside it are numbers.
OF_WHOLE_MODELS = frozenset({"keras", "tensorflow_js"})
_TRANSFORMERS = frozenset({
    "model_type", "architectures", "auto_map", "transformers_version", "tokenizer_class",
    "chat_template", "added_tokens_decoder", "processor_class", "image_processor_type",
    "feature_extractor_type", "_from_model_config", "custom_pipelines", "custom_generate",
})  # fmt: skip


def note_loader(value: Any, name: str, record: Recorder) -> None:
    """Note which loader a JSON document is for; its name and its content must both say so.

    A model of Keras or TensorFlow.js may have any name: its content has marks enough.
    """
    if record.depth:
        return
    if _is_topology(value):
        record.property(LOADER, "tensorflow_js")
    elif _is_architecture(value):
        record.property(LOADER, "keras")
    file_name = PurePosixPath(name).name
    for names, is_for, loader in _DOCUMENTS:
        if file_name in names and is_for(value):
            record.property(LOADER, loader)
    if file_name.endswith(".index.json") and _has(value, "weight_map"):
        record.property(LOADER, "transformers")


def _has(value: Any, *keys: str) -> bool:
    return isinstance(value, Mapping) and not value.keys().isdisjoint(keys)


def _is_transformers(value: Any) -> bool:
    return _has(value, *_TRANSFORMERS)


def _is_diffusers(value: Any) -> bool:
    return _has(value, "_class_name")


def _is_tokenizer(value: Any) -> bool:
    return _has(value, "model") and _has(value, "added_tokens", "pre_tokenizer", "post_processor")


def _is_keras(value: Any) -> bool:
    return _has(value, "class_name") and _has(value, "config")


def _is_topology(value: Any) -> bool:
    return _has(value, "weightsManifest") or (
        _has(value, "modelTopology") and _has(value, "format")
    )


def _is_architecture(value: Any) -> bool:
    """Whether a document is what ``to_json`` of a Keras model writes: a class, and its layers."""
    config = value.get("config") if _is_keras(value) else None
    layers = config.get("layers") if isinstance(config, Mapping) else config
    return (
        isinstance(layers, list)
        and bool(layers)
        and all(_has(layer, "class_name") for layer in layers)
    )


def _is_modules(value: Any) -> bool:
    return isinstance(value, list) and any(_has(entry, "type") for entry in value)


_DOCUMENTS: tuple[tuple[frozenset[str], Callable[[Any], bool], str], ...] = (
    (
        frozenset({
            "config.json", "tokenizer_config.json", "generation_config.json",
            "preprocessor_config.json", "processor_config.json", "image_processor_config.json",
            "video_preprocessor_config.json", "feature_extractor_config.json",
        }),
        _is_transformers,
        "transformers",
    ),
    (frozenset({"chat_template.json"}), lambda value: _has(value, "chat_template"), "transformers"),
    (frozenset({"special_tokens_map.json"}), lambda value: _has(
        value, "bos_token", "eos_token", "pad_token", "unk_token", "cls_token", "mask_token"
    ), "transformers"),
    (frozenset({"tokenizer.json"}), _is_tokenizer, "tokenizers"),
    (frozenset({"model_index.json", "config.json", "scheduler_config.json"}), _is_diffusers,
     "diffusers"),
    (frozenset({"modular_model_index.json"}), _is_diffusers, "diffusers"),
    (frozenset({"modules.json"}), _is_modules, "sentence_transformers"),
    (frozenset({"config_sentence_transformers.json"}), lambda value: _has(
        value, "__version__", "prompts", "similarity_fn_name"
    ), "sentence_transformers"),
    (frozenset({"adapter_config.json"}), lambda value: _has(value, "peft_type"), "peft"),
    (frozenset({"config.json"}), _is_keras, "keras"),
    (frozenset({"meta.json"}), lambda value: _has(value, "spacy_version"), "spacy"),
    (frozenset({"open_clip_config.json"}), lambda value: _has(value, "model_cfg"), "open_clip"),
    (frozenset({"config.json"}), lambda value: _has(value, "pretrained_cfg"), "timm"),
    (frozenset({"model-settings.json"}), lambda value: _has(value, "implementation"), "mlserver"),
    (frozenset({"oci-layout"}), lambda value: _has(value, "imageLayoutVersion"), "oci"),
    (frozenset({"index.json"}), lambda value: _has(value, "manifests"), "oci"),
)  # fmt: skip
