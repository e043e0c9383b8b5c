"""Every incident whose state can be read is seen, and what nearly is that state is not.

All scenes are read into one snapshot, each as a target of its own, and judged once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from docs.incidents import FOLDER, Incident, incidents
from mlsec import pipeline
from mlsec.collect import COLLECTORS
from mlsec.collect.code import collector as code
from mlsec.collect.settings import CollectSettings
from mlsec.core.assessment import Assessment
from mlsec.core.closed_sets import Status
from mlsec.core.places import content_folder
from mlsec.engine.load import load_content
from mlsec.engine.rule import RuleSet
from mlsec.snapshot.store import Snapshot
from tests.artifacts.builders import ggufs, keras_configs
from tests.artifacts.builders.payloads import EVIL_PICKLE, GOOD_PICKLE
from tests.artifacts.builders.seven_zips import seven_zip
from tests.artifacts.builders.template_texts import CHAT

_ALL = tuple(incidents())
_PLAYED = tuple(each for each in _ALL if each.seen not in ("no", "live"))

# What fires and what nearly does, by the name that an incident gives its maker.
MADE: Mapping[str, tuple[str, Callable[[], bytes], Callable[[], bytes]]] = {
    "keras_lambda": (
        "model.keras",
        lambda: keras_configs.archive(
            keras_configs.text(keras_configs.sequential(keras_configs.LAMBDA))
        ),
        lambda: keras_configs.archive(
            keras_configs.text(keras_configs.sequential(keras_configs.DENSE))
        ),
    ),
    "gguf_template": (
        "model.gguf",
        lambda: ggufs.PLAIN.file((ggufs.KEY, ggufs.EVIL)),
        lambda: ggufs.PLAIN.file((ggufs.KEY, CHAT)),
    ),
    "broken_pickle": (
        "pytorch_model.bin",
        lambda: seven_zip(("data.pkl", EVIL_PICKLE)),
        lambda: seven_zip(("data.pkl", GOOD_PICKLE)),
    ),
}


def name_of(incident: Incident) -> str:
    return incident.name


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return load_content(content_folder("rules"))


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    made = tmp_path_factory.mktemp("made")
    return {f"{i.name}/{kind}": path for i in _PLAYED for kind, path in _folders(i, made)}


def _folders(incident: Incident, made: Path) -> Iterator[tuple[str, Path]]:
    if not incident.made_by:
        yield from ((kind, incident.folder / kind) for kind in ("fires", "near"))
        return
    name, *makers = MADE[incident.made_by]
    for kind, make in zip(("fires", "near"), makers, strict=True):
        folder = made / incident.name / kind
        folder.mkdir(parents=True)
        (folder / name).write_bytes(make())
        yield kind, folder


@pytest.fixture(scope="module")
def assessment(
    ruleset: RuleSet, scenes: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Assessment:
    evidence = tmp_path_factory.mktemp("evidence") / "x.mlsnap"
    with Snapshot.create(evidence) as snapshot:
        settings = CollectSettings(vocabulary=ruleset.vocabulary)
        for folder in scenes.values():
            # Reading a folder for model files starts a process of its own: only where there are.
            is_code = folder.is_relative_to(FOLDER)
            collect = code.collect if is_code else COLLECTORS["files"].collect
            collect(str(folder), snapshot, settings, None)
        snapshot.finish()
    with Snapshot.open(evidence) as snapshot:
        return pipeline.judge(snapshot, ruleset, pipeline.Judging(), lambda *_: None)


def rules_with(assessment: Assessment, folder: Path, status: Status) -> set[str]:
    return {
        finding.rule
        for finding in assessment.findings
        if finding.status is status and finding.resource.scope.endswith(f"/{folder}")
    }


@pytest.mark.parametrize("incident", _PLAYED, ids=name_of)
def test_what_made_it_possible_is_found(
    incident: Incident, scenes: Mapping[str, Path], assessment: Assessment
) -> None:
    found = rules_with(assessment, scenes[f"{incident.name}/fires"], Status.FAIL)
    assert incident.rules
    assert set(incident.rules) - found == set()


@pytest.mark.parametrize("incident", _PLAYED, ids=name_of)
def test_what_nearly_is_that_state_is_judged_and_not_found(
    incident: Incident, scenes: Mapping[str, Path], assessment: Assessment
) -> None:
    folder = scenes[f"{incident.name}/near"]
    for status in (Status.FAIL, Status.NOT_ASSESSED):
        assert set(incident.rules) & rules_with(assessment, folder, status) == set()
    assert any(folder.iterdir())


@pytest.mark.parametrize("incident", _ALL, ids=name_of)
def test_an_incident_names_rules_that_are_there_or_says_why_it_cannot_be_seen(
    incident: Incident, ruleset: RuleSet
) -> None:
    assert (incident.seen == "no") == bool(incident.why_not) == (not incident.rules)
    assert [rule for rule in incident.rules if ruleset.by_id(rule) is None] == []


def test_every_folder_is_an_incident() -> None:
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} == {i.name for i in _ALL}
