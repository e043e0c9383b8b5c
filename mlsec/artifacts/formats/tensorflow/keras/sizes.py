"""Sizes in a Keras configuration: widths of layers and shapes that no memory has room for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.artifacts.content.expanded_size import MOST_ELEMENTS, note_shape
from mlsec.artifacts.content.json_text import plain_key
from mlsec.artifacts.recorder import Recorder

# Settings that give the length of an axis of what a layer makes. Source: the layers of Keras 3.
_WIDTHS = frozenset(
    """units filters input_dim output_dim num_heads key_dim value_dim query_dim hidden_dim
    intermediate_dim vocabulary_size vocab_size max_tokens num_tokens num_bins sequence_length
    output_sequence_length max_length depth_multiplier n n_units""".split()  # noqa: SIM905
)
_EXTENTS = frozenset({"kernel_size", "pool_size", "padding", "size", "dims"})


def judge_sizes(part: Mapping[str, Any], path: str, record: Recorder) -> None:
    """Note settings of one object that make more than memory holds."""
    widths: dict[str, int | float] = {}
    for key, value in part.items():
        plain = plain_key(key)
        if plain in _WIDTHS and _is_number(value):
            widths[plain] = value
            note_shape(record, [value], f"{plain} at {path}")
        elif isinstance(value, list) and (plain.endswith("shape") or plain in _EXTENTS):
            note_shape(record, [item for item in value if _is_number(item)], f"{plain} at {path}")
    table = [widths[name] for name in ("input_dim", "output_dim") if name in widths]
    if len(table) == 2 and max(table) <= MOST_ELEMENTS:
        note_shape(record, table, f"the table at {path}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
