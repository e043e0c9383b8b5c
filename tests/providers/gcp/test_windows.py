"""What an API that is switched off would have told is hidden where it exists without that API."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec import pipeline
from mlsec.collect.settings import CollectSettings
from mlsec.core.coverage import TypeCoverage
from mlsec.providers.gcp.tables import plans, routes
from mlsec.snapshot.store import Snapshot
from mlsec.targets.reading import read_inventory
from tests.coverage_rows import every_row
from tests.e2e import runs
from tests.estate.gcp_estate import build_gcp
from tests.estate.gcp_server import RunningGcp
from tests.estate.gcp_world import FOLDER, PROJECT, Project
from tests.shipped import shipped_rules

# What is asked of the organisation is answered by way of whoever pays, not of the project.
_LISTED = {plan.type: plan.listing.label for plan in plans() if plan.listing and not plan.parent}
_WINDOWS = {name for name, label in _LISTED.items() if routes()[label].is_window}
# Without this one there is no scan at all.
_FIRST = "cloudresourcemanager"
_OFF = {_LISTED[name].partition(":")[0] for name in _WINDOWS} - {_FIRST}
# Of these nothing is left when the API is off: no key decrypts, no function runs.
_GONE = {"gcp.kms.key_ring": "cloudkms", "gcp.functions.function": "cloudfunctions"}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[TypeCoverage]]:
    """The coverage of each type, in a project where those APIs are off."""
    ruleset = shipped_rules()
    path: Path = tmp_path_factory.mktemp("off") / "a.mlsnap"
    settings = CollectSettings(vocabulary=ruleset.vocabulary, **{**runs.QUICK, **runs.THOROUGH})
    world = build_gcp(1).world
    off = frozenset({*_OFF, *_GONE.values(), "cloudasset"})
    world.projects[PROJECT] = Project(parent=FOLDER, disabled=off)
    with pytest.MonkeyPatch.context() as patch, RunningGcp(world) as gcp:
        for name, value in gcp.environment().items():
            patch.setenv(name, value)
        pipeline.collect(("gcp",), path, settings, resume=False, say=lambda *_: None)
    found: dict[str, list[TypeCoverage]] = {}
    with Snapshot.open(path) as snapshot:
        for row in every_row(read_inventory(snapshot, ruleset.vocabulary).coverage):
            found.setdefault(row.type, []).append(row)
    return found


@pytest.mark.parametrize(
    "name", sorted(n for n in _WINDOWS if _LISTED[n].partition(":")[0] in _OFF)
)
def test_what_exists_without_its_api_is_hidden(
    name: str, rows: dict[str, list[TypeCoverage]]
) -> None:
    assert [row.is_complete for row in rows[name]] == [False]


@pytest.mark.parametrize("name", sorted(_GONE))
def test_what_is_nothing_without_its_api_is_known_to_be_none(
    name: str, rows: dict[str, list[TypeCoverage]]
) -> None:
    assert [(row.is_complete, row.enumerated) for row in rows[name]] == [(True, 0)]
