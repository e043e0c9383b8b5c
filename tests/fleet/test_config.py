"""The fleet's configuration: strict, with the place of each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.core.errors import MlsecError
from mlsec.fleet.config import config_of, lane_slots, read_config
from mlsec.fleet.reports import options_of

SMALL = """\
organisation: nordlicht
store: /var/lib/mlsec/store
reports: /var/lib/mlsec/reports
targets:
  - target: aws
    organisation: true
  - target: kubernetes
    contexts: true
lanes: {azure: 3, aws/111111111111: 2}
judge: {profile: recommended, format: [html], offline: true, stable: false}
owners:
  - {name: fraud, scopes: ["aws/1*"], tags: {team: fraud}}
"""


def _read(tmp_path: Path, text: str) -> str:
    path = tmp_path / "fleet.yaml"
    path.write_text(text)
    with pytest.raises(MlsecError) as raised:
        read_config(path)
    return str(raised.value).replace(str(path), "fleet.yaml")


def test_configuration_is_what_it_says(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text(SMALL)
    config = read_config(path)
    assert [target.organisation for target in config.targets] == [True, False]
    assert lane_slots(config, "azure/tenant") == 3
    assert (lane_slots(config, "aws/111111111111"), lane_slots(config, "aws/2")) == (2, 1)
    assert list(options_of(config)) == ["--profile=recommended", "--format=html", "--offline"]
    assert config_of(config.stored()) == config


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("contexts: true", "context: true", 'fleet.yaml:8:5: unknown key "context"; did you mean'),
        ("store:", "sotre:", 'fleet.yaml:2:1: unknown key "sotre"; did you mean "store"?'),
        ("name: fraud", "name: ../fraud", "fleet.yaml:12:"),
        ("organisation: true", "organisation: 3", "fleet.yaml:6:"),
        ("organisation: true", "configmaps: true", 'fleet.yaml:6:5: "configmaps" does not apply'),
        ("azure: 3", "azure: 0", "fleet.yaml:9:"),
        ("targets:\n  - target: aws\n", "targets:\n  - target: ''\n", "fleet.yaml:5:"),
        ("store: /var/lib/mlsec/store\n", "", "missing required field `store`"),
    ],
)
def test_mistake_is_named_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in SMALL
    assert said in _read(tmp_path, SMALL.replace(old, new))


def test_database_does_not_go_into_the_ledger(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text(SMALL + "database: postgresql://fleet:secret@db.internal/fleet\n")
    config = read_config(path)
    assert str(config.database_url) == "postgresql://db.internal/fleet"
    assert "secret" not in str(config.stored())


def test_option_that_the_fleet_decides_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text(SMALL.replace("profile: recommended", "output: elsewhere"))
    with pytest.raises(MlsecError, match='"output" is the fleet\'s own'):
        list(options_of(read_config(path)))
