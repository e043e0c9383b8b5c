"""botocore's service models, read faster and kept smaller than botocore keeps them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session
import msgspec
from botocore.loaders import JSONFileLoader


class LeanFiles(JSONFileLoader):
    """Parses with a fast parser into plain dicts and leaves the documentation out.

    The models are two thirds prose; a scan of many services would hold it all in memory.
    """

    def _load_file(self, full_path: str, open_method: Callable[..., Any]) -> Any:
        if not Path(full_path).is_file():
            return None
        with open_method(full_path, "rb") as file:
            return _without_prose(msgspec.json.decode(file.read()))


def read_models_lean(session: botocore.session.Session) -> None:
    """Make a session load its models through LeanFiles."""
    session.get_component("data_loader").file_loader = LeanFiles()


def _without_prose(model: Any) -> Any:
    """Empty the documentation of a service model's operations, shapes and members."""
    if not isinstance(model, dict) or "shapes" not in model:
        return model
    shapes = model["shapes"].values()
    members = [each for shape in shapes for each in shape.get("members", {}).values()]
    for described in (model, *model.get("operations", {}).values(), *shapes, *members):
        if "documentation" in described:
            described["documentation"] = ""
    return model
