"""A folder of code written on the spot, and the servers that the scan sees in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from mlsec.collect.settings import CollectSettings
from mlsec.core.resource import Inventory, Resource
from mlsec.repository import collector
from mlsec.snapshot.store import Snapshot
from mlsec.targets.collectors import COLLECTORS
from tests.shipped import shipped_vocabulary

VOCABULARY = shipped_vocabulary()


class Seen(msgspec.Struct, frozen=True):
    """What was read of a folder."""

    inventory: Inventory

    @property
    def servers(self) -> Mapping[str, Resource]:
        """The servers by name."""
        found = [r for r in self.inventory.resources if r.type.startswith("serving.")]
        return {resource.name: resource for resource in found}

    @property
    def only(self) -> Resource:
        """The one server."""
        (found,) = self.servers.values()
        return found

    def why(self, resource: Resource, name: str) -> str:
        """Why a property is not known."""
        gaps = {gap.id: gap.detail for gap in self.inventory.gaps}
        return "; ".join(gaps[gap] for gap in resource.unread.get(name, ()))

    def left_out(self) -> str:
        """Why launches are no servers."""
        rows = [row for row in self.inventory.coverage.rows if row.type == "serving.server"]
        return rows[0].excluded_because if rows else ""

    def doubts(self) -> list[str]:
        """What the files say that was not understood."""
        files = [r for r in self.inventory.resources if r.type == "code.file"]
        return [each["what"] for file in files for each in file.properties["unresolved_parts"]]


def seen(folder: Path, files: Mapping[str, str]) -> Seen:
    """Write files below a folder and read them as a target."""
    root = folder / "repo"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    with Snapshot.create(folder / "x.mlsnap") as snapshot:
        settings = CollectSettings(vocabulary=VOCABULARY)
        # Model files are read by another collector, in a process of its own.
        collector.collect(str(root), snapshot, settings, None)
        snapshot.finish()
    with Snapshot.open(folder / "x.mlsnap") as snapshot:
        return Seen(COLLECTORS["code"].read(snapshot, VOCABULARY))


def compose(service: str, name: str = "s") -> dict[str, str]:
    """A compose file with one service, given as indented YAML."""
    body = "\n".join(f"    {line}" for line in service.strip().splitlines())
    return {"compose.yaml": f"services:\n  {name}:\n{body}\n"}
