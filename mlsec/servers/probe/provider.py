"""A running server as a target; what asks it is loaded only when one is named."""

from __future__ import annotations

from types import ModuleType

from mlsec.collect.collector import lazy_collector


def _collector() -> ModuleType:
    from mlsec.servers.probe import collector  # noqa: PLC0415

    return collector


def _reader() -> ModuleType:
    from mlsec.servers.probe import reader  # noqa: PLC0415

    return reader


COLLECTOR = lazy_collector(_collector, _reader)
