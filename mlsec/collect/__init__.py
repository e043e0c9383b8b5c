"""Ask a provider for facts; what could not be read becomes a gap."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from mlsec.collect.settings import CollectSettings, Progress
from mlsec.core.resource import Inventory
from mlsec.core.vocabulary import Vocabulary
from mlsec.snapshot.store import Snapshot


class Collector(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's two ends: target to snapshot, and snapshot to inventory."""

    collect: Callable[[str, Snapshot, CollectSettings, Progress | None], None]
    read: Callable[[Snapshot, Vocabulary], Inventory]


def _aws() -> Collector:
    # The SDK is loaded when AWS is asked for, not when mlsec starts.
    from mlsec.collect.aws import collector  # noqa: PLC0415

    return Collector(collect=collector.collect, read=collector.read)


COLLECTORS: Mapping[str, Callable[[], Collector]] = {"aws": _aws}
