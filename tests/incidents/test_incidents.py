"""Every incident whose state can be read is seen, and what nearly is that state is not.

Scenes that are code or files are read into one snapshot, each as a target of its own, and judged
once. A scene that is the evidence of an account (see make.py) is judged by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from docs.incidents import FOLDER, Incident, incidents
from mlsec import pipeline
from mlsec.collect.settings import CollectSettings
from mlsec.core.assessment import Assessment
from mlsec.core.content_paths import content_folder
from mlsec.core.enums import Status
from mlsec.engine.model.rule import RuleSet
from mlsec.engine.rules.load import load_content
from mlsec.repository import collector as code
from mlsec.snapshot.folder import import_folder
from mlsec.snapshot.store import Snapshot
from mlsec.targets.collectors import COLLECTORS
from tests.artifacts.builders import ggufs, keras_configs
from tests.artifacts.builders.payloads import EVIL_PICKLE, GOOD_PICKLE
from tests.artifacts.builders.seven_zips import seven_zip
from tests.artifacts.builders.template_texts import CHAT

_ALL = tuple(incidents())
_PLAYED = tuple(each for each in _ALL if each.has_scenes)

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


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """The rules that failed in a scene and those that could not be assessed or passed."""

    failed: frozenset[str]
    unknown: frozenset[str]
    passed: frozenset[str]


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
def told(
    ruleset: RuleSet, scenes: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Told]:
    """What was told of each scene, by its name."""
    scratch = tmp_path_factory.mktemp("evidence")
    kept = {name: folder for name, folder in scenes.items() if (folder / "meta.json").exists()}
    read = {name: folder for name, folder in scenes.items() if name not in kept}
    _read(ruleset, read.values(), scratch / "x.mlsnap")
    together = _judge(ruleset, scratch / "x.mlsnap")
    found = {name: _told(together, folder) for name, folder in read.items()}
    for number, (name, folder) in enumerate(kept.items()):
        import_folder(folder, scratch / f"{number}.mlsnap")
        found[name] = _told(_judge(ruleset, scratch / f"{number}.mlsnap"))
    return found


def _read(ruleset: RuleSet, folders: Iterable[Path], evidence: Path) -> None:
    with Snapshot.create(evidence) as snapshot:
        settings = CollectSettings(vocabulary=ruleset.vocabulary)
        for folder in folders:
            # Reading a folder for model files starts a process of its own: only where there are.
            is_code = folder.is_relative_to(FOLDER)
            collect = code.collect if is_code else COLLECTORS["files"].collect
            collect(str(folder), snapshot, settings, None)
        snapshot.finish()


def _judge(ruleset: RuleSet, evidence: Path) -> Assessment:
    with Snapshot.open(evidence) as snapshot:
        return pipeline.judge(snapshot, ruleset, pipeline.Judging(), lambda *_: None)


def _told(assessment: Assessment, folder: Path | None = None) -> Told:
    """Sort what was said of a folder, or of all; which rules passed is told of all alone."""

    def rules_with(status: Status) -> frozenset[str]:
        return frozenset(
            finding.rule
            for finding in assessment.findings
            if finding.status is status
            and (folder is None or finding.resource.scope.endswith(f"/{folder}"))
        )

    passed = frozenset(rule for rule, count in assessment.passed.items() if count)
    return Told(
        failed=rules_with(Status.FAIL), unknown=rules_with(Status.NOT_ASSESSED), passed=passed
    )


@pytest.mark.parametrize("incident", _PLAYED, ids=name_of)
def test_what_made_it_possible_is_found(incident: Incident, told: Mapping[str, Told]) -> None:
    assert incident.rules
    assert set(incident.rules) - told[f"{incident.name}/fires"].failed == set()


@pytest.mark.parametrize("incident", _PLAYED, ids=name_of)
def test_what_nearly_is_that_state_is_judged_and_not_found(
    incident: Incident, scenes: Mapping[str, Path], told: Mapping[str, Told]
) -> None:
    near, rules = told[f"{incident.name}/near"], set(incident.rules)
    assert rules & (near.failed | near.unknown) == set()
    assert any(scenes[f"{incident.name}/near"].iterdir())
    if incident.seen == "live":
        assert rules - near.passed == set()


@pytest.mark.parametrize("incident", _ALL, ids=name_of)
def test_an_incident_names_rules_that_are_there_or_says_why_it_cannot_be_seen(
    incident: Incident, ruleset: RuleSet
) -> None:
    assert (incident.seen == "no") == bool(incident.why_not) == (not incident.rules)
    assert [rule for rule in incident.rules if ruleset.by_id(rule) is None] == []


def test_every_folder_is_an_incident() -> None:
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} == {i.name for i in _ALL}


def test_every_incident_that_can_be_seen_has_a_scene() -> None:
    assert [i.name for i in _ALL if i.seen != "no" and not i.has_scenes] == []


def test_what_only_an_account_shows_is_kept_as_evidence() -> None:
    kept = {i.name for i in _ALL if (i.folder / "fires" / "meta.json").exists()}
    assert kept == {i.name for i in _ALL if i.seen == "live"}
