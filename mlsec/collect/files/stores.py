"""Which store a target names: a path, or a bucket of one of the clouds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from mlsec.collect.files.entry import Store
from mlsec.collect.files.local import LocalStore
from mlsec.collect.settings import CollectSettings

# A cloud's package is loaded only when one of its buckets is named.
BUCKETS: Mapping[str, Callable[[str, CollectSettings], Store]] = {}


def open_store(target: str, settings: CollectSettings) -> Store:
    """Give the store of a target.

    Raises:
        MlsecError: a bucket address that is none, or a cloud whose package is not installed.
    """
    scheme, found, _ = target.partition("://")
    if found and scheme in BUCKETS:
        return BUCKETS[scheme](target, settings)
    return LocalStore(Path(target))


def scope_of(target: str) -> str:
    """Name what a target covers, as reports group it."""
    return f"files/{target.rstrip('/') or '/'}"
