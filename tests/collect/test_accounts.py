"""Several accounts: by role and by organisation; an account that cannot be entered is a gap."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from mlsec.collect.settings import CollectSettings
from mlsec.collect.walk.scopes import CollectedScopes
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.providers.aws.client.session import parse_target
from mlsec.providers.aws.collect.collector import _Collection
from mlsec.providers.aws.collect.reader import read
from mlsec.snapshot.records import canonical
from mlsec.snapshot.store import Snapshot
from mlsec.vocabulary.types import Vocabulary
from tests.collect.fake_aws import FakeAws, Reply
from tests.shipped import shipped_vocabulary

pytestmark = pytest.mark.slow
_ROLE = "arn:aws:iam::222233334444:role/scan"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    yield "http://{}:{}".format(*running.get_host_and_port())
    running.stop()


@pytest.fixture
def _aws(monkeypatch: pytest.MonkeyPatch, server: str, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


def _begin(path: Path, target: str, **settings: object) -> _Collection:
    chosen = CollectSettings(vocabulary=Vocabulary(types={}, digest=""), tries=1, **settings)
    return _Collection(parse_target(target), Snapshot.create(path / "a.mlsnap"), chosen)


@pytest.mark.usefixtures("_aws")
def test_enabled_regions_are_asked_for(tmp_path: Path) -> None:
    (scope,) = _begin(tmp_path, "aws")._places().scopes
    assert (scope.name, scope.home) == ("aws/123456789012", "us-east-1")
    assert {"eu-west-1", "us-east-1", "ap-south-1"} <= set(scope.regions)


@pytest.mark.usefixtures("_aws")
def test_region_that_is_not_enabled_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MlsecError, match="xx-nowhere-1"):
        _begin(tmp_path, "aws:///xx-nowhere-1")._places()


@pytest.mark.usefixtures("_aws")
def test_role_brings_its_account(tmp_path: Path) -> None:
    places = _begin(tmp_path, "aws", role_arns=(_ROLE,), external_id="ours")._places()
    assert places.gaps == ()
    assert [scope.account for scope in places.scopes] == ["123456789012", "222233334444"]


@pytest.mark.usefixtures("_aws")
def test_organisation_brings_its_accounts(tmp_path: Path) -> None:
    client = boto3.client("organizations")
    client.create_organization(FeatureSet="ALL")
    made = client.create_account(AccountName="ml", Email="ml@example.org")["CreateAccountStatus"]
    places = _begin(tmp_path, "aws", is_organisation=True)._places()
    assert made["AccountId"] in {scope.account for scope in places.scopes}


@pytest.mark.usefixtures("_aws")
def test_account_of_others_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MlsecError, match=r"999988887777.*123456789012"):
        _begin(tmp_path, "aws://999988887777")._places()


@pytest.mark.usefixtures("_aws")
def test_refused_role_is_a_gap_that_names_the_right(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begun = _begin(tmp_path, "aws:///eu-west-1", role_arns=(_ROLE,))
    error = (
        b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error>"
        b"</ErrorResponse>"
    )
    with FakeAws(lambda *_: Reply(status=403, body=error)) as denying:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", denying.url)
        identities, gaps = begun._identities()
    assert [each.account for each in identities] == ["123456789012"]
    (gap,) = gaps
    assert (gap.scope, gap.missing_right) == ("aws/222233334444", "sts:AssumeRole")


def test_account_that_could_not_be_entered_is_incomplete_for_every_type(tmp_path: Path) -> None:
    gap = make_gap(
        scope="aws/222233334444", subject=_ROLE, wanted="sts:AssumeRole", reason=GapReason.DENIED
    )
    vocabulary = shipped_vocabulary()
    with Snapshot.create(tmp_path / "a.mlsnap") as snapshot:
        snapshot.set_meta("aws.places", canonical(CollectedScopes(gaps=(gap,))).decode())
        snapshot.set_clock("started_at", "2026-01-01T00:00:00Z")
        inventory = read(snapshot, vocabulary)
    assert inventory.gaps == (gap,)
    assert inventory.coverage.types >= {"aws.sagemaker.model", "aws.iam.role"}
    assert {row.scope for row in inventory.coverage.rows if not row.is_complete} == {gap.scope}
