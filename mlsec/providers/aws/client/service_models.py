"""botocore's service models, read faster and kept smaller than botocore keeps them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import botocore.session
import msgspec
from botocore.loaders import JSONFileLoader

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LARGE = ("operations", "shapes")


class LeanFiles(JSONFileLoader):
    """Parses with a fast parser into plain dicts and leaves out what no read needs.

    The models are two thirds prose, and most of the rest describes what we never ask; a scan of
    many services would hold it all in memory. ``asked`` maps a service to its operations.
    """

    def __init__(self, asked: Mapping[str, frozenset[str]]) -> None:
        self._asked = asked

    def _load_file(self, full_path: str, open_method: Callable[..., Any]) -> Any:
        path = Path(full_path)
        if not path.is_file():
            return None
        with open_method(full_path, "rb") as file:
            raw = file.read()
        if path.name.split(".")[:2] != ["service-2", "json"]:
            return msgspec.json.decode(raw)
        # .../data/SERVICE/API-VERSION/service-2.json
        return _lean(raw, self._asked.get(path.parts[-3], frozenset()))


def read_models_lean(
    session: botocore.session.Session, allowed: Iterable[tuple[str, str]] = ()
) -> None:
    """Make a session load its models through LeanFiles, for (service, operation) pairs."""
    asked: dict[str, set[str]] = {}
    for service, operation in allowed:
        asked.setdefault(service, set()).add(operation)
    files = LeanFiles({service: frozenset(names) for service, names in asked.items()})
    session.get_component("data_loader").file_loader = files


def _lean(raw: bytes, asked: frozenset[str]) -> dict[str, Any]:
    """Parse a service's model without prose: only what is asked, and the shapes that it leads to.

    The SDK makes a method of each operation for each client, of some hundreds for EC2.
    """
    model = {name: part for name, part in _OBJECT.decode(raw).items() if name != "documentation"}
    described = _OBJECT.decode(model["operations"])
    operations: dict[str, Any] = {
        name: msgspec.json.decode(part) for name, part in described.items() if name in asked
    }
    for operation in operations.values():
        operation.pop("documentation", None)
    shapes, kept = _OBJECT.decode(model["shapes"]), dict[str, Any]()
    waiting = list(operations.values())
    while waiting:
        for name in _named_in(waiting.pop()):
            if name not in kept and name in shapes:
                kept[name] = _without_prose(msgspec.json.decode(shapes[name]))
                waiting.append(kept[name])
    ordered = {name: kept[name] for name in shapes if name in kept}
    rest = {n: msgspec.json.decode(part) for n, part in model.items() if n not in _LARGE}
    return {**rest, "operations": operations, "shapes": ordered}


def _named_in(described: Mapping[str, Any]) -> Iterable[str]:
    """Name the shapes that an operation or a shape refers to."""
    parts = [described.get(key) for key in ("input", "output", "member", "key", "value")]
    parts += described.get("errors", ())
    parts += described.get("members", {}).values()
    return (part["shape"] for part in parts if isinstance(part, dict) and "shape" in part)


def _without_prose(shape: dict[str, Any]) -> dict[str, Any]:
    for described in (shape, *shape.get("members", {}).values()):
        described.pop("documentation", None)
    return shape
