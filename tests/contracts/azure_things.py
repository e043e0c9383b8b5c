"""What the invented Azure tells, thing by thing, with the operations that tell it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlsec.providers.azure.services.identity import WORKLOADS
from tests.contracts.azure_paths import operations
from tests.e2e.scenes import azure as scenes
from tests.estate.azure_estate import build_azure
from tests.estate.azure_identify import routes
from tests.estate.azure_world import World


def things() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give every resource and answer of the estate and the scenes, by the label of each read."""
    by_type: dict[str, list[str]] = {}
    for label, operation in operations().items():
        if operation.items or operation.path == "{id}":
            kind = operation.right.partition(",")[0].rpartition("/")[0].lower()
            by_type.setdefault(kind, []).append(label)
    by_type |= {kind.lower(): ["resources:Resources_List"] for kind in WORKLOADS}
    for world in (build_azure(3, has_specimens=True).world, World(scenes.items())):
        for path, resource in world.resources.items():
            if "agent" in resource:
                yield "aiprojects:Agents_List", resource["agent"]
                continue
            for label in by_type.get(str(resource["type"]).lower()) or [_single(path)]:
                yield label, resource
        for path, body in world.answers.items():
            yield _single(path), body


def _single(path: str) -> str:
    """Give the label of the read of one thing by its path."""
    fits = [o for pattern, o in routes() if not o.items and pattern.fullmatch(path)]
    # Templates that are a hole alone fit everything.
    return max(fits, key=lambda o: len(o.path)).label
