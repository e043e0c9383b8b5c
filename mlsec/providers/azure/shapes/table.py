"""Small parsers of Azure's values, by the names that the vocabulary uses."""

from __future__ import annotations

from typing import Any

from mlsec.collect.walk.mapping import Shapes
from mlsec.providers.azure.shapes.access import ACCESS_SHAPES
from mlsec.providers.azure.shapes.agents import AGENT_SHAPES
from mlsec.providers.azure.shapes.entry_points import ENTRY_POINT_SHAPES
from mlsec.providers.azure.shapes.firewalls import FIREWALL_SHAPES
from mlsec.providers.azure.shapes.machine_learning import ML_SHAPES
from mlsec.providers.azure.shapes.neighbours import NEIGHBOUR_SHAPES


def arm_id(value: Any) -> str | None:
    """Give an ARM id in lower case, None for an empty one."""
    return str(value).strip().rstrip("/").lower() or None


def arm_ids(value: Any) -> list[str]:
    """Give ARM ids in lower case: of a list of ids or of {"id": ...}, or of a mapping's keys."""
    if isinstance(value, dict):
        return sorted(str(key).lower() for key in value)
    named = [element.get("id") if isinstance(element, dict) else element for element in value]
    return sorted(str(element).rstrip("/").lower() for element in named if element)


def parent_id(value: Any) -> str:
    """Give the id of the parent in a child's id."""
    return "/".join(str(value).rstrip("/").lower().split("/")[:-2])


def lower(value: Any) -> str:
    """Give text in lower case, for names that are the same in any case."""
    return str(value).lower()


def is_on(value: Any) -> bool:
    """Whether a switch that is written as a word is on."""
    words = {"enabled": True, "true": True, "on": True, "disabled": False, "false": False,
             "off": False}  # fmt: skip
    return value if isinstance(value, bool) else words[str(value).lower()]


SHAPES: Shapes = {
    "arm_id": arm_id,
    "arm_ids": arm_ids,
    "parent_id": parent_id,
    "lower": lower,
    "is_on": is_on,
    **ML_SHAPES,
    **NEIGHBOUR_SHAPES,
    **ACCESS_SHAPES,
    **AGENT_SHAPES,
    **ENTRY_POINT_SHAPES,
    **FIREWALL_SHAPES,
}
