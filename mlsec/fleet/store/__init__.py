"""Where shards are kept: a folder, or a bucket of one of the clouds."""

from __future__ import annotations

from mlsec.fleet.store.opening import open_store
from mlsec.fleet.store.store import Store

__all__ = ["Store", "open_store"]
