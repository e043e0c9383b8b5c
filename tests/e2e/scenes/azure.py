"""The path rules on Azure: a few resources for each rule, served on loopback and scanned whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mlsec import pipeline
from mlsec.collect.settings import CollectSettings
from mlsec.core.assessment import Assessment
from mlsec.engine.rule import RuleSet
from tests.e2e import runs
from tests.e2e.scenes import Scene, Stage
from tests.estate.azure_server import RunningAzure
from tests.estate.azure_world import World


def items() -> list[dict[str, Any]]:
    """Everything that the scenes need: ARM resources, and answers that are none."""
    return []


SCENES: Mapping[str, Scene] = {}
LACKS: Mapping[str, str] = {}


def _play(ruleset: RuleSet, folder: Path) -> Assessment:
    path = folder / "scenes.mlsnap"
    settings = CollectSettings(vocabulary=ruleset.vocabulary, **{**runs.QUICK, **runs.THOROUGH})
    with pytest.MonkeyPatch.context() as patch, RunningAzure(World(items())) as azure:
        for name, value in azure.environment().items():
            patch.setenv(name, value)
        pipeline.collect(("azure",), path, settings, resume=False, say=lambda *_: None)
        assert azure.mistakes() == []
    return runs.judge(path, ruleset)


STAGE = Stage(play=_play, scenes=SCENES, lacks=LACKS)
