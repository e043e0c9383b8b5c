"""A loopback Google Cloud, and one way to read it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlsec import pipeline
from mlsec.collect.settings import CollectSettings
from mlsec.core.resource import Inventory
from mlsec.engine.model.rule import RuleSet
from mlsec.snapshot.store import Snapshot
from mlsec.targets.reading import read_inventory
from tests.estate.gcp_estate import build_gcp
from tests.estate.gcp_server import RunningGcp
from tests.shipped import shipped_rules


@pytest.fixture
def gcp(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningGcp]:
    """Five deployments, two items to a page."""
    with RunningGcp(build_gcp(5).world, page_size=2) as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture(scope="session")
def ruleset() -> RuleSet:
    return shipped_rules()


def read(
    path: Path, ruleset: RuleSet, *targets: str, is_resumed: bool = False, **more: Any
) -> Inventory:
    """Collect and read back."""
    settings = CollectSettings(
        vocabulary=ruleset.vocabulary, in_flight=4, tries=1, **{"hash_salt": "5a17", **more}
    )
    chosen = targets or ("gcp",)
    pipeline.collect(chosen, path, settings, resume=is_resumed, say=lambda *_: None)
    with Snapshot.open(path) as snapshot:
        return read_inventory(snapshot, ruleset.vocabulary)
