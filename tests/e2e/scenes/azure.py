"""The path rules on Azure: a few resources for each rule, served on loopback and scanned whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mlsec import pipeline
from mlsec.collect.settings import CollectSettings
from mlsec.core.assessment import Assessment
from mlsec.engine.model.rule import RuleSet
from tests.e2e import runs
from tests.e2e.scenes import Scene, Stage
from tests.e2e.scenes import azure_company as company
from tests.e2e.scenes.azure_company import Part
from tests.estate.azure_items.access import (
    CALL_ROLE,
    FILTER_ROLE,
    FOREIGN_GROUP,
    GRANTING_ROLE,
    OWNER_ROLE,
    PUSH_ROLE,
    READ_BLOBS_ROLE,
    WRITE_BLOBS_ROLE,
)
from tests.estate.azure_server import RunningAzure
from tests.estate.azure_world import World

_WRITES, _READS = (WRITE_BLOBS_ROLE, FOREIGN_GROUP), (READ_BLOBS_ROLE, FOREIGN_GROUP)


def _who(number: int) -> str:
    return f"5c000000-0000-4000-8000-{number:012d}"


_MIGHTY, _KEEPER, _STUDY, _CLIMBER, _MISUSER = (_who(n) for n in range(1, 6))
_PARTS = (
    Part(name="open-weights", store="openweights"),
    Part(name="read-weights", store="readweights"),
    Part(name="mighty-open", store="openweights", principal=_MIGHTY),
    Part(name="mighty-closed", store="closed", principal=_MIGHTY),
    Part(name="door-open", store="openweights", principal=_MIGHTY),
    Part(name="door-closed", store="closed", principal=_MIGHTY),
    Part(name="studied", store="studied"),
    Part(name="shares-identity", store="closed", principal=_STUDY),
    Part(name="strange-image", store="closed", registry="pushed"),
    Part(name="own-image", store="closed", registry="pulled"),
    Part(name="locked-out", store="closed", key_vault="dead"),
    Part(name="has-key", store="closed", key_vault="alive"),
    Part(name="seen", store="closed", captured="readdata", results="readdata"),
    Part(name="unseen", store="closed", captured="closed", results="closed"),
    Part(name="live-from-test", store="teststore", environment="production"),
    Part(name="live-from-live", store="livestore", environment="production"),
    # What keeps the identities of the last two rules in view.
    Part(name="kept", store="closed", principal=_KEEPER, identity="keeps"),
    Part(name="misused", store="closed", principal=_MISUSER, identity="misuses"),
)


def items() -> list[dict[str, Any]]:
    """Everything that the scenes need: ARM resources, and answers that are none."""
    return [
        *company.roles(),
        *(each for part in _PARTS for each in company.served(part)),
        *company.store("openweights", "weights", "data", given=[_WRITES]),
        *company.store("readweights", "weights", given=[_READS]),
        *company.store("readdata", "data", "insights-logs-requestresponse", given=[_READS]),
        *company.store("closed", "weights", "data", "insights-logs-requestresponse"),
        *company.store("studied", "weights", given=[(WRITE_BLOBS_ROLE, _STUDY)]),
        *company.store("teststore", "weights", environment="test"),
        *company.store("livestore", "weights", environment="production"),
        *company.image_registry("scenes"),
        *company.image_registry("pushed", given=[(PUSH_ROLE, FOREIGN_GROUP)]),
        *company.image_registry("pulled", given=[(company.PULL_ROLE, FOREIGN_GROUP)]),
        *company.vault("dead", is_usable=False),
        *company.vault("alive", is_usable=True),
        *company.open_door("wide", "door-open.inference.ml.azure.com"),
        *company.open_door("wide-too", "door-closed.inference.ml.azure.com"),
        *company.open_door("wide-talk", "talks.services.ai.azure.com"),
        *company.open_door("wide-asks", "asks.services.ai.azure.com"),
        *company.assistant("talks", approval="never", search_name="finds-own"),
        *company.assistant("asks", approval="always", search_name="finds-own"),
        *company.assistant("misled", approval="never", search_name="finds-anything"),
        *company.assistant("careful", approval="always", search_name="finds-anything"),
        *company.workspace("study", isolation="Disabled"),
        *company.instance("study", "bench", _STUDY, is_root=False),
        *company.instance("study", "root-climbs", _CLIMBER, is_root=True),
        *company.instance("study", "user-climbs", _CLIMBER, is_root=False),
        *company.job("study", "learns-from-others", "openweights"),
        *company.job("study", "learns-from-own", "closed"),
        *company.search("finds-anything", "openweights"),
        *company.search("finds-own", "closed"),
        *company.account("overheard", "readdata"),
        *company.account("unheard", "closed"),
        *company.identity("keeps", _KEEPER),
        *company.identity("misuses", _MISUSER),
        *company.given(OWNER_ROLE, _MIGHTY, "mighty"),
        *company.given(GRANTING_ROLE, _CLIMBER, "climber"),
        *company.given(CALL_ROLE, _KEEPER, "keeper-calls"),
        *company.given(FILTER_ROLE, _KEEPER, "keeper-filters"),
        *company.given(company.MISUSE_ROLE, _MISUSER, "misuser"),
    ]


SCENES: Mapping[str, Scene] = {
    "weights-externally-writable": Scene(
        fires=("open-weights", "mighty-open", "door-open"), near=("read-weights", "studied")
    ),
    "privileged-role-weights-externally-writable": Scene(
        fires=("mighty-open", "door-open"), near=("open-weights", "mighty-closed")
    ),
    "public-endpoint-weights-externally-writable": Scene(
        fires=("door-open",), near=("mighty-open", "door-closed")
    ),
    "weights-writable-from-notebook": Scene(fires=("studied",), near=("read-weights",)),
    "serving-role-shared-with-notebook": Scene(fires=("shares-identity",), near=("mighty-closed",)),
    "serving-image-externally-pushable": Scene(fires=("strange-image",), near=("own-image",)),
    "serving-key-unusable": Scene(fires=("locked-out",), near=("has-key",)),
    "captured-data-externally-readable": Scene(
        fires=("seen", "overheard"), near=("unseen", "unheard")
    ),
    "async-results-externally-readable": Scene(fires=("seen-batch",), near=("unseen-batch",)),
    "production-serves-from-test-bucket": Scene(
        fires=("live-from-test",), near=("live-from-live",)
    ),
    "notebook-root-internet-escalation": Scene(fires=("root-climbs",), near=("user-climbs",)),
    "training-data-externally-writable": Scene(
        fires=("learns-from-others",), near=("learns-from-own",)
    ),
    "knowledge-externally-writable": Scene(
        fires=("finds-anything",),
        near=("finds-own",),
        never_passes="a search service may have sources that Resource Manager does not tell",
    ),
    "public-agent-without-confirmation": Scene(fires=("talks-agent",), near=("asks-agent",)),
    "externally-writable-knowledge-reaches-tools": Scene(
        fires=("misled-agent",), near=("careful-agent",)
    ),
    "prompt-log-externally-readable": Scene(fires=("overheard",), near=("unheard",)),
    "role-can-misuse-and-hide": Scene(fires=("misuses",), near=("keeps",)),
}


def _play(ruleset: RuleSet, folder: Path) -> Assessment:
    path = folder / "scenes.mlsnap"
    settings = CollectSettings(vocabulary=ruleset.vocabulary, **{**runs.QUICK, **runs.THOROUGH})
    with pytest.MonkeyPatch.context() as patch, RunningAzure(World(items())) as azure:
        for name, value in azure.environment().items():
            patch.setenv(name, value)
        pipeline.collect(("azure",), path, settings, resume=False, say=lambda *_: None)
        assert azure.mistakes() == []
    return runs.judge(path, ruleset)


STAGE = Stage(play=_play, scenes=SCENES)
