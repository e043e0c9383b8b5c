"""No secret that Azure answers is kept: of containers, scripts, commands and package feeds."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from mlsec import pipeline
from mlsec.collect.settings import CollectSettings
from mlsec.snapshot.store import Snapshot
from tests.estate.azure_estate import build_azure
from tests.estate.azure_server import RunningAzure
from tests.shipped import shipped_rules

# Enough deployments for every secret of the tables to be planted once.
_DEPLOYMENTS = 14


def test_evidence_holds_no_secret_that_was_planted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world, path = build_azure(_DEPLOYMENTS).world, tmp_path / "a.mlsnap"
    answered = msgspec.json.encode(list(world.resources.values())).decode()
    planted = {secret for secret in world.secrets if secret in answered}
    assert len(planted) >= 5
    vocabulary = shipped_rules().vocabulary
    settings = CollectSettings(vocabulary=vocabulary, in_flight=8, tries=1)
    with RunningAzure(world) as azure:
        for name, value in azure.environment().items():
            monkeypatch.setenv(name, value)
        pipeline.collect(("azure",), path, settings, resume=False, say=lambda *_: None)
    with Snapshot.open(path) as snapshot:
        kept = [
            msgspec.json.encode(snapshot.payload(call.payload)).decode()
            for call in snapshot.calls()
            if call.payload
        ]
    assert "~hash" in "".join(kept)
    assert {secret for secret in planted for text in kept if secret in text} == set()
