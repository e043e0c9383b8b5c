"""What lies above the accounts, asked of an organisation on loopback and read out of evidence."""

from __future__ import annotations

import json
import logging
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from botocore import xform_name
from moto.server import ThreadedMotoServer

from mlsec.collect.settings import CollectSettings
from mlsec.collect.walk.client import SnapshotClient
from mlsec.core.resource import Inventory, Resource
from mlsec.graph.build import build_graph
from mlsec.graph.ternary import NO, YES
from mlsec.providers.aws.client.session import parse_target
from mlsec.providers.aws.collect.collector import _Collection
from mlsec.providers.aws.collect.organisation import read_organisations
from mlsec.providers.aws.collect.organisation_resources import joined
from mlsec.providers.aws.facts.permissions import identity_of
from mlsec.providers.aws.facts.policy_statements import Cover, Question
from mlsec.providers.aws.tables import ORGANISATION
from mlsec.snapshot.store import Snapshot
from mlsec.targets.facts import FACTS
from tests.collect.fake_aws import FakeAws, Reply, refuse
from tests.shipped import shipped_vocabulary

pytestmark = pytest.mark.slow
_MANAGER = "123456789012"
_NO_EC2 = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}],
}


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation with one unit in another, and an account in it."""

    id: str
    root: str
    outer: str
    inner: str
    member: str
    policy: str


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    yield "http://{}:{}".format(*running.get_host_and_port())
    running.stop()


@pytest.fixture
def _aws(monkeypatch: pytest.MonkeyPatch, server: str, tmp_path: Path) -> None:
    urllib.request.urlopen(f"{server}/moto-api/reset", data=b"")  # noqa: S310 - loopback
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


def _answering(
    server: str, wanted: str, change: Callable[[dict[str, Any]], Reply]
) -> Callable[[str, dict[str, Any], int], Reply]:
    """Change the answers to one operation and pass all others on."""
    client = boto3.client("organizations", endpoint_url=server)

    def answer(name: str, params: dict[str, Any], _: int) -> Reply:
        given = getattr(client, xform_name(name))(**params)
        return change(given) if name == wanted else _reply(given)

    return answer


def _reply(given: dict[str, Any]) -> Reply:
    return Reply(body=json.dumps(given, default=lambda moment: moment.timestamp()).encode())


@pytest.fixture
def company(_aws: None) -> Company:
    client = boto3.client("organizations")
    organisation = client.create_organization(FeatureSet="ALL")["Organization"]["Id"]
    root = client.list_roots()["Roots"][0]["Id"]
    client.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    outer = client.create_organizational_unit(ParentId=root, Name="work")["OrganizationalUnit"]
    inner = client.create_organizational_unit(ParentId=outer["Id"], Name="ml")
    inner_id = inner["OrganizationalUnit"]["Id"]
    made = client.create_account(AccountName="ml", Email="ml@example.org")["CreateAccountStatus"]
    member = made["AccountId"]
    client.move_account(AccountId=member, SourceParentId=root, DestinationParentId=inner_id)
    policy = client.create_policy(
        Name="no-ec2", Description="", Type="SERVICE_CONTROL_POLICY", Content=json.dumps(_NO_EC2)
    )["Policy"]["PolicySummary"]["Id"]
    client.attach_policy(PolicyId=policy, TargetId=inner_id)
    return Company(
        id=organisation, root=root, outer=outer["Id"], inner=inner_id, member=member, policy=policy
    )


def _collect(path: Path, *accounts: str) -> dict[str, Resource]:
    """Ask as the manager, and as the accounts by a role in each; then read the evidence again."""
    vocabulary = shipped_vocabulary()
    roles = tuple(f"arn:aws:iam::{account}:role/scan" for account in accounts)
    chosen = CollectSettings(vocabulary=vocabulary, tries=1, role_arns=roles)
    with Snapshot.create(path / "a.mlsnap") as snapshot:
        begun = _Collection(parse_target("aws:///eu-west-1"), snapshot, chosen)
        scopes = begun._places().scopes
        live = read_organisations(begun.client, vocabulary, scopes)
        begun.client.stop()
        assert read_organisations(SnapshotClient(snapshot), vocabulary, scopes) == live
    return {resource.id: resource for resource in live}


def _states(found: dict[str, Resource]) -> dict[str, object]:
    places = [r for r in found.values() if r.type == "aws.organizations.account"]
    return {r.name: r.properties["policies_above"] for r in places}


def test_member_is_placed_below_its_units_with_what_is_attached_to_them(
    company: Company, tmp_path: Path
) -> None:
    found = _collect(tmp_path, company.member)
    assert _states(found) == {_MANAGER: "management", company.member: "read"}
    member = found[f"aws://{company.member}/organization"]
    path = [company.root, company.outer, company.inner, company.member]
    assert member.properties["path"] == path
    assert member.properties["organisation_id"] == company.id
    policies = {r.name: r for r in found.values() if r.type == "aws.organizations.policy"}
    assert sorted(policies) == ["FullAWSAccess", "no-ec2"]
    own = policies["no-ec2"].properties
    assert (own["kind"], own["targets"]) == ("SERVICE_CONTROL_POLICY", [company.inner])
    assert [s["effect"] for s in own["statements"]] == ["Deny"]
    assert sorted(policies["FullAWSAccess"].properties["targets"]) == sorted(path)
    (organisation,) = [r for r in found.values() if r.type == "aws.organizations.organization"]
    assert organisation.properties["members"] == sorted([_MANAGER, company.member])


def test_role_of_a_member_is_denied_what_is_denied_above_it(
    company: Company, tmp_path: Path
) -> None:
    above = tuple(_collect(tmp_path, company.member).values())
    may = {}
    for account in (_MANAGER, company.member):
        for action in ("ec2:RunInstances", "iam:PutRolePolicy"):
            role = _role(account, action)
            graph = build_graph(shipped_vocabulary(), Inventory(resources=(role, *above)), FACTS)
            question = Question(action=action.lower(), resource="*", reach=Cover.ANYWHERE)
            may[account, action] = identity_of(graph.resources[role.id], graph).may(question)
    assert may == {
        (_MANAGER, "ec2:RunInstances"): YES,
        (_MANAGER, "iam:PutRolePolicy"): YES,
        (company.member, "ec2:RunInstances"): NO,
        (company.member, "iam:PutRolePolicy"): YES,
    }


def _role(account: str, action: str) -> Resource:
    """Make a role of an account that may do one thing."""
    statement = {"effect": "Allow", "actions": [action], "resources": ["*"]}
    return Resource(
        id=f"arn:aws:iam::{account}:role/r",
        type="aws.iam.role",
        provider="aws",
        scope=f"aws/{account}",
        name="r",
        properties={
            "boundary_arn": None,
            "attached_policies": [],
            "inline_statements": [{"policy": "p", **statement}],
            "trust": [],
        },
    )


@pytest.mark.usefixtures("_aws")
def test_account_in_no_organisation_has_nothing_above_it(tmp_path: Path) -> None:
    assert _states(_collect(tmp_path)) == {_MANAGER: "none"}


@pytest.mark.parametrize("operation", [operation.name for operation in ORGANISATION])
def test_refused_call_leaves_what_lies_above_unread_and_is_no_gap(
    company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str, operation: str
) -> None:
    refused = refuse("AccessDeniedException")
    with FakeAws(_answering(server, operation, lambda _: refused)) as refusing:
        monkeypatch.setenv("AWS_ENDPOINT_URL_ORGANIZATIONS", refusing.url)
        found = _collect(tmp_path, company.member)
    unread = {"DescribePolicy": "part", "ListPoliciesForTarget": "part", "ListAccounts": "read"}
    assert _states(found)[company.member] == unread.get(operation, "refused")


@pytest.mark.parametrize("lost", ["Content", "PolicySummary"])
def test_policy_that_cannot_be_understood_leaves_its_levels_read_in_part(
    company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str, lost: str
) -> None:
    def garble(given: dict[str, Any]) -> Reply:
        is_string = isinstance(given["Policy"][lost], str)
        return _reply({"Policy": {**given["Policy"], lost: "{" if is_string else {}}})

    with FakeAws(_answering(server, "DescribePolicy", garble)) as garbled:
        monkeypatch.setenv("AWS_ENDPOINT_URL_ORGANIZATIONS", garbled.url)
        found = _collect(tmp_path, company.member)
    assert _states(found)[company.member] == "part"


def test_policy_of_aws_is_attached_in_each_of_two_organisations() -> None:
    first, second = (
        Resource(id="arn", type="aws.organizations.policy", provider="aws", scope="aws/1",
                 properties={"targets": [target]})
        for target in ("r-1", "r-2")
    )  # fmt: skip
    assert joined(joined(None, first), second).properties["targets"] == ["r-1", "r-2"]


def test_old_snapshot_says_that_it_was_not_collected(company: Company, tmp_path: Path) -> None:
    del company
    vocabulary = shipped_vocabulary()
    with Snapshot.create(tmp_path / "a.mlsnap") as snapshot:
        chosen = CollectSettings(vocabulary=vocabulary, tries=1)
        begun = _Collection(parse_target("aws:///eu-west-1"), snapshot, chosen)
        scopes = begun._places().scopes
        begun.client.stop()
        found = read_organisations(SnapshotClient(snapshot), vocabulary, scopes)
    assert _states({r.id: r for r in found}) == {_MANAGER: "not_collected"}
