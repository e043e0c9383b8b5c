"""A running server as a target; what asks it is loaded only when one is named."""

from __future__ import annotations

from mlsec.collect.collector import Collector
from mlsec.collect.settings import CollectSettings, Progress
from mlsec.core.resource import Inventory
from mlsec.snapshot.store import Snapshot
from mlsec.vocabulary.types import Vocabulary


def _collect(
    target: str, snapshot: Snapshot, settings: CollectSettings, progress: Progress | None
) -> None:
    from mlsec.servers.probe import collector  # noqa: PLC0415

    collector.collect(target, snapshot, settings, progress)


def _check(target: str, settings: CollectSettings) -> None:
    from mlsec.servers.probe import collector  # noqa: PLC0415

    collector.check(target, settings)


def _read(snapshot: Snapshot, vocabulary: Vocabulary) -> Inventory:
    from mlsec.servers.probe import reader  # noqa: PLC0415

    return reader.read(snapshot, vocabulary)


COLLECTOR = Collector(collect=_collect, read=_read, check=_check)
