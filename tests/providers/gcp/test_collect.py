"""Google Cloud from the real sign-in to resources, against loopback APIs."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from mlsec.core.coverage import Coverage, TypeCoverage
from mlsec.core.errors import MlsecError
from mlsec.engine.model.rule import RuleSet
from mlsec.providers.gcp.client.asset_inventory import LAG
from tests.coverage_rows import every_row
from tests.estate.faults import Fault, Kind
from tests.estate.gcp_server import RunningGcp
from tests.estate.gcp_sign_in import federation_file
from tests.estate.gcp_world import HOME, PROJECT
from tests.providers.gcp.conftest import read

_START = f"//aiplatform.googleapis.com/projects/{PROJECT}/locations/{HOME}/endpoints/"


@pytest.mark.parametrize("has_inventory", [True, False])
def test_pages_are_read_to_the_end_and_ids_name_the_project(
    has_inventory: bool, gcp: RunningGcp, ruleset: RuleSet, tmp_path: Path
) -> None:
    if not has_inventory:
        gcp.set_faults(Fault(kind=Kind.DENY, operation="cloudasset:*"))
    inventory = read(tmp_path / "a.mlsnap", ruleset)
    found = [r for r in inventory.resources if r.type == "gcp.vertex.endpoint"]
    assert gcp.mistakes() == []
    assert sorted(r.name for r in found) == [
        "churn-0000", "credit-0002", "forecast-0004", "fraud-0001", "support-0003",
    ]  # fmt: skip
    assert {r.id.rpartition("/")[0] + "/" for r in found} == {_START}
    assert {(r.scope, r.region) for r in found} == {(f"gcp/{PROJECT}", HOME)}
    assert [row for row in inventory.coverage.rows if not row.is_complete] == []
    assert bool(gcp.counts()["aiplatform:ListEndpoints"]) is not has_inventory


def said(coverage: Coverage) -> list[TypeCoverage]:
    """Leave out what coverage says of the index."""
    return [
        msgspec.structs.replace(
            row,
            excluded_because=row.excluded_because.replace(LAG, ""),
            listed_by=msgspec.UNSET,
        )
        for row in every_row(coverage)
    ]


@pytest.mark.parametrize("kind", [Kind.DENY, Kind.THROTTLE, Kind.CUT, Kind.GARBAGE, Kind.EMPTY])
def test_inventory_that_fails_hides_nothing(
    kind: Kind, gcp: RunningGcp, ruleset: RuleSet, tmp_path: Path
) -> None:
    with_it = read(tmp_path / "with.mlsnap", ruleset)
    gcp.set_faults(Fault(kind=kind, operation="cloudasset:*"))
    without = read(tmp_path / "without.mlsnap", ruleset)
    assert [r.properties for r in without.resources] == [r.properties for r in with_it.resources]
    assert without.gaps == with_it.gaps
    # With it, coverage says that an index spoke.
    assert said(without.coverage) == said(with_it.coverage)


@pytest.mark.parametrize("impersonates", [True, False])
def test_workload_identity_federation_signs_in(
    impersonates: bool,
    gcp: RunningGcp,
    ruleset: RuleSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = federation_file(gcp.url, impersonates=impersonates)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    assert read(tmp_path / "a.mlsnap", ruleset, f"gcp://{PROJECT}").resources
    assert gcp.counts()["login:Token"] >= 1 + impersonates


def test_no_credentials_stop_with_what_to_do(
    gcp: RunningGcp, ruleset: RuleSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del gcp
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    with pytest.raises(MlsecError, match="no Google Cloud credentials") as stop:
        read(tmp_path / "a.mlsnap", ruleset)
    assert "gcloud auth application-default login" in str(stop.value.hint)


def test_refused_sign_in_stops_with_one_sentence(
    gcp: RunningGcp, ruleset: RuleSet, tmp_path: Path
) -> None:
    gcp.set_faults(Fault(kind=Kind.EXPIRED_CREDENTIALS, operation="login:*"))
    with pytest.raises(MlsecError, match="refuses these credentials"):
        read(tmp_path / "a.mlsnap", ruleset)


@pytest.mark.parametrize(
    "target", ["gcp://UPPER", "gcp:///europe-west4", "gcp://p1/x/y", "gcp://my-project/1"]
)
def test_wrong_target_is_refused_before_anything_is_asked(
    target: str, gcp: RunningGcp, ruleset: RuleSet, tmp_path: Path
) -> None:
    with pytest.raises(MlsecError, match="is not a Google Cloud target"):
        read(tmp_path / "a.mlsnap", ruleset, target)
    assert gcp.counts().total() == 0


def test_location_that_the_project_does_not_have_is_refused(
    gcp: RunningGcp, ruleset: RuleSet, tmp_path: Path
) -> None:
    del gcp
    with pytest.raises(MlsecError, match='"mars-north1" is unknown') as stop:
        read(tmp_path / "a.mlsnap", ruleset, f"gcp://{PROJECT}/mars-north1")
    assert HOME in str(stop.value.hint)
