"""Recognises the kind of a JSON document, and calls the checks for that kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlsec.artifacts.dispatch.server_settings import is_manifest, judge_manifest
from mlsec.artifacts.formats.skops import is_skops_schema, judge_skops
from mlsec.artifacts.formats.tensorflow.keras.config import (
    is_keras_config,
    judge_keras,
    judge_model_class,
)
from mlsec.artifacts.formats.tensorflow.web_weights import (
    is_weights_manifest,
    judge_weights_manifest,
)
from mlsec.artifacts.formats.torch.exported_program import (
    is_exported_program,
    judge_exported_program,
)
from mlsec.artifacts.recorder import Recorder
from mlsec.artifacts.settings.settings import is_settings, judge_settings

# Each sort of document by its shape; one document may be of several.
_SORTS: tuple[tuple[Callable[[Any], bool], Callable[[Any, Recorder], None]], ...] = (
    (is_keras_config, judge_keras),
    (is_weights_manifest, judge_weights_manifest),
    (is_skops_schema, judge_skops),
    (is_manifest, judge_manifest),
    (is_exported_program, judge_exported_program),
    (is_settings, judge_settings),
)


def judge_document(value: Any, record: Recorder) -> None:
    """Judge a document by its shape."""
    if record.place.endswith("model_config") and is_keras_config(value):
        judge_model_class(value, record)
    if record.place.endswith("training_config") and not is_keras_config(value):
        # Losses, metrics and optimizers by their names, which are looked up as layers are.
        judge_keras(value, record)
    for fits, judge in _SORTS:
        if fits(value):
            judge(value, record)
