"""Lists a bucket whole, or counts the parts of it; a child process of bench_listing."""

from __future__ import annotations

import json
import resource
import sys
import time

from mlsec.collect.folders.local import LocalStore
from mlsec.collect.settings import CollectSettings
from mlsec.fleet.discovery.buckets import areas_of
from mlsec.model_files.stores import open_store
from mlsec.vocabulary.types import Vocabulary


def main(target: str, most: int) -> None:
    """Say what was kept or how many parts there are, and what that cost."""
    store = open_store(target, CollectSettings(vocabulary=Vocabulary(types={}, digest="")))
    if isinstance(store, LocalStore):
        raise SystemExit("no bucket")
    before, started = _peak_mib(), time.process_time()
    if most:
        said = {"parts": len(areas_of(store, most))}
    else:
        listing = store.listing()
        counted = sum(skipped.count for skipped in listing.skipped)
        said = {"kept": len(listing.entries), "counted": counted}
    cost = {"cpu_s": time.process_time() - started, "mib": _peak_mib() - before}
    print(json.dumps(said | cost))  # noqa: T201 - read by who started this


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
