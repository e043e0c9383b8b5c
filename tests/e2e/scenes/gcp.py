"""The path rules on Google Cloud: a few resources for each rule, served on loopback and scanned."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from mlsec import pipeline
from mlsec.collect.settings import CollectSettings
from mlsec.core.assessment import Assessment
from mlsec.engine.rule import RuleSet
from tests.e2e import runs
from tests.e2e.scenes import Scene, Stage
from tests.estate.gcp_server import RunningGcp
from tests.estate.gcp_world import Thing, Told, World


def items() -> list[Thing | Told]:
    """Everything that the scenes need."""
    return []


SCENES: Mapping[str, Scene] = {}
LACKS: Mapping[str, str] = {}


def _play(ruleset: RuleSet, folder: Path) -> Assessment:
    path = folder / "scenes.mlsnap"
    settings = CollectSettings(vocabulary=ruleset.vocabulary, **{**runs.QUICK, **runs.THOROUGH})
    with pytest.MonkeyPatch.context() as patch, RunningGcp(World(items())) as gcp:
        for name, value in gcp.environment().items():
            patch.setenv(name, value)
        pipeline.collect(("gcp",), path, settings, resume=False, say=lambda *_: None)
        assert gcp.mistakes() == []
    return runs.judge(path, ruleset)


STAGE = Stage(play=_play, scenes=SCENES, lacks=LACKS)
