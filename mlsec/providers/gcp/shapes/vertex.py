"""Shapes of Vertex AI's, Workbench's and Model Armor's answers: names, grants, switches as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_HOST = "//aiplatform.googleapis.com/"


def full_name(raw: Any) -> str | None:
    """Give the full resource name of what Vertex AI names relatively (``projects/...``).

    A version or alias after ``@`` is left out: it is the model that is named.
    """
    if not raw:
        return None
    text = str(raw).partition("@")[0]
    return text if text.startswith("//") else _HOST + text


def deployed_version(raw: Any) -> str | None:
    """Give the full name of the model version that an element of ``deployedModels`` serves.

    Without a version id the answer is the model's own name, which no version has: the relation
    stays unresolved instead of pointing at a version that may be another one.
    """
    model = raw.get("model")
    if not model:
        return None
    version = raw.get("modelVersionId") or str(model).partition("@")[2]
    name = full_name(model)
    return f"{name}@{version}" if version else name


def is_true(raw: Any) -> bool | None:
    """Read a switch that is kept as text: ``true`` in any case is on, all else is off."""
    return None if raw is None else str(raw).strip().lower() == "true"


def is_not_true(raw: Any) -> bool | None:
    """Read the switch the other way round: whether what it switches off is on."""
    return None if raw is None else not is_true(raw)


def is_off(raw: Any) -> bool | None:
    """Whether a switch is off."""
    return None if raw is None else not raw


def whole_number(raw: Any) -> int | None:
    """Read a number that is kept as text; an empty text is 0 (never)."""
    return None if raw is None else int(str(raw).strip() or "0")


def is_there(raw: Any) -> bool:
    """Say True for a message that is there, even an empty one."""
    return raw is not None


def iam_grants(raw: Any) -> list[dict[str, Any]] | None:
    """Turn the bindings of an IAM policy into one {role, member, is_conditional} per member."""
    if raw is None:
        return None
    return [
        {
            "role": binding["role"],
            "member": member,
            "is_conditional": bool(binding.get("condition")),
        }
        for binding in raw
        for member in binding.get("members", ())
    ]


VERTEX_SHAPES: Mapping[str, Callable[[Any], Any]] = {
    "deployed_version": deployed_version,
    "full_name": full_name,
    "iam_grants": iam_grants,
    "is_not_true": is_not_true,
    "is_off": is_off,
    "is_there": is_there,
    "is_true": is_true,
    "whole_number": whole_number,
}
