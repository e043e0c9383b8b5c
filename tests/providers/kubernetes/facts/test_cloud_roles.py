"""Roles that EKS gives to pods by association: found, left alone, or known to be unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlsec.core.content_paths import content_folder
from mlsec.core.coverage import TypeCoverage, coverage_of
from mlsec.core.enums import Status
from mlsec.core.resource import Inventory, Resource
from mlsec.engine.assessment.assess import assess
from mlsec.engine.rules.selection import load_selected
from mlsec.graph.build import build_graph
from mlsec.targets.facts import FACTS
from tests.providers.kubernetes.manifests import NOW, VOCABULARY
from tests.servers.config.declared import seen

AWS, ARN = "aws/111122223333", "arn:aws:eks:eu-west-1:111122223333:cluster/prod"
EKS = load_selected(content_folder("rules"), (), ("eks/*",))
POLICY = "AmazonEKSClusterAdminPolicy"
ROLE = "arn:aws:iam::111122223333:role/llm"


def resource(kind: str, name: str, scope: str, **properties: Any) -> Resource:
    provider = kind.partition(".")[0]
    return Resource(
        id=properties.pop("id", f"{scope}/{kind}/{name}"),
        type=kind,
        provider=provider,
        scope=scope,
        region="eu-west-1" if kind.startswith("aws.eks") else "",
        name=name,
        properties=properties,
    )


def association(cluster: str = "prod", space: str = "models") -> Resource:
    told = {"cluster_name": cluster, "namespace": space, "service_account": "llm"}
    name = f"{cluster}/{space}"
    return resource("aws.eks.pod_identity", name, AWS, **told, role_arn=ROLE, target_role_arn=None)


def roles(
    *more: Resource,
    context: str = ARN,
    version: str = "v1.32.9-eks-3025e55",
    is_listed: bool = True,
) -> tuple[set[str], bool]:
    """Give the roles of the account ``models/llm``, and whether there may be more."""
    scope = f"kubernetes/{context}"
    account = resource(
        "kubernetes.service_account", "llm", scope, namespace="models",
        aws_role=None, gcp_account=None, azure_client=None,
    )  # fmt: skip
    whole = (
        account,
        resource("kubernetes.cluster", context, scope, version=version),
        resource("aws.iam.role", "llm", AWS, id=ROLE),
        *more,
    )
    coverage = [
        TypeCoverage(
            type="aws.eks.pod_identity", scope=AWS, region="eu-west-1", enumerated=0, assessed=0,
            excluded=0, errored=0, is_complete=is_listed,
        )
    ]  # fmt: skip
    inventory = Inventory(resources=whole, gaps=(), coverage=coverage_of(coverage))
    graph = build_graph(VOCABULARY, inventory, FACTS)
    reached = graph.targets(graph.resources[account.id], "cloud_roles")
    return {each.id for each in reached.resources}, bool(reached.gaps)


PROD = resource("aws.eks.cluster", "prod", AWS, id=ARN)
TEST = resource("aws.eks.cluster", "test", AWS)


@pytest.mark.parametrize(
    ("parts", "options", "wanted"),
    [
        ((PROD, association()), {}, ({ROLE}, False)),
        ((PROD, TEST, association()), {"context": "me@prod.eu-west-1.eksctl.io"}, ({ROLE}, False)),
        ((PROD, association()), {"context": "mine"}, ({ROLE}, False)),
        ((PROD, TEST, association()), {"context": "mine"}, (set(), True)),
        ((PROD, TEST, association("test")), {}, (set(), False)),
        ((PROD, association(space="other")), {}, (set(), False)),
        ((PROD,), {}, (set(), False)),
        ((PROD,), {"is_listed": False}, (set(), True)),
        ((), {}, (set(), True)),
        ((), {"version": "v1.32.9"}, (set(), False)),
        ((), {"version": "v1.32.4-gke.1106006"}, (set(), True)),
    ],
)
def test_role_by_association_is_found_in_its_own_cluster_or_unknown(
    parts: tuple[Resource, ...], options: dict[str, Any], wanted: tuple[set[str], bool]
) -> None:
    assert roles(*parts, **options) == wanted


CODE = """\
resource "aws_iam_role" "llm" {
  name               = "llm"
  assume_role_policy = "{}"
}
resource "aws_eks_pod_identity_association" "llm" {
  cluster_name    = "prod"
  namespace       = "%s"
  service_account = "llm"
  role_arn        = aws_iam_role.llm.arn
}
"""
ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: llm, namespace: models}\n"


def test_association_in_terraform_joins_the_account_of_a_manifest(tmp_path: Path) -> None:
    told = []
    for space in ("models", "other"):
        found = seen(tmp_path / space, {"main.tf": CODE % space, "a.yaml": ACCOUNT})
        graph = build_graph(VOCABULARY, found.inventory, FACTS)
        (account,) = graph.of_type("kubernetes.service_account")
        told.append([each.name for each in graph.targets(account, "cloud_roles").resources])
    assert told == [["llm"], []]


ENTRY = """\
resource "aws_iam_role" "llm" {
  name               = "llm"
  assume_role_policy = jsonencode({Version = "2012-10-17", Statement = [{Effect = "Allow",
    Action = "sts:AssumeRole", Principal = {Service = "sagemaker.amazonaws.com"}}]})
}
resource "aws_eks_access_entry" "llm" {
  cluster_name  = "prod"
  principal_arn = aws_iam_role.llm.arn
}
resource "aws_eks_access_policy_association" "llm" {
  cluster_name  = "prod"
  principal_arn = aws_iam_role.llm.arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/%s"
  access_scope {
    type = "%s"
    namespaces = %s
  }
}
"""
ASSOCIATED = """\
resource "aws_eks_pod_identity_association" "llm" {
  cluster_name    = "prod"
  namespace       = "models"
  service_account = "llm"
  role_arn        = aws_iam_role.llm.arn
}
"""


@pytest.mark.parametrize(
    ("policy", "scope", "spaces", "is_strong", "is_admin"),
    [
        ("AmazonEKSClusterAdminPolicy", "cluster", "[]", True, True),
        ("AmazonEKSEditPolicy", "cluster", "[]", True, True),
        ("AmazonEKSAdminPolicy", "namespace", '["kube-system"]', True, False),
        ("AmazonEKSAdminPolicy", "namespace", '["models"]', False, False),
        ("AmazonEKSViewPolicy", "cluster", "[]", False, False),
    ],
)
def test_access_entry_gives_the_accounts_of_its_role_what_its_policy_does(
    policy: str, scope: str, spaces: str, is_strong: bool, is_admin: bool, tmp_path: Path
) -> None:
    files = {"main.tf": ENTRY % (policy, scope, spaces) + ASSOCIATED, "a.yaml": ACCOUNT}
    graph = build_graph(VOCABULARY, seen(tmp_path, files).inventory, FACTS)
    entries = [
        each
        for each in graph.of_type("aws.eks.access_entry")
        if graph.targets(each, "role").resources
    ]
    assert len(entries) == 2
    (account,) = graph.of_type("kubernetes.service_account")
    reached = [role.name for role in graph.targets(account, "cloud_roles").resources]
    assert reached == ["llm"]
    assert account.properties["is_privileged"] is is_strong
    assert ("an access entry of EKS for its role" in account.properties["escalation_paths"]) is (
        is_strong
    )
    judged = assess(EKS, graph, clock=NOW)
    failed = {finding.rule for finding in judged.findings if finding.status is Status.FAIL}
    assert ("eks/ml-role-administers-cluster" in failed) is is_admin


def test_access_entries_that_could_not_be_listed_leave_it_unknown() -> None:
    scope = f"kubernetes/{ARN}"
    account = resource(
        "kubernetes.service_account", "llm", scope, namespace="models", is_declared=True,
        aws_role=ROLE, gcp_account=None, azure_client=None,
    )  # fmt: skip
    role = resource("aws.iam.role", "llm", AWS, id=ROLE)
    version = resource("kubernetes.cluster", ARN, scope, version="v1.32.9-eks-3025e55")
    entry = resource(
        "aws.eks.access_entry", ROLE, AWS, cluster_name="prod", principal_arn=ROLE,
        policies=[{"policy_arn": f"x/{POLICY}", "scope": "cluster", "namespaces": []}],
    )  # fmt: skip

    def privileged(*more: Resource, is_listed: bool = True) -> bool | None:
        covered = [("aws.eks.access_entry", AWS, is_listed), ("aws.eks.pod_identity", AWS, True)]
        covered += [(f"kubernetes.{kind}", scope, True) for kind in ("binding", "role", "workload")]
        coverage = tuple(
            TypeCoverage(
                type=kind, scope=place, region="eu-west-1" if place == AWS else "", enumerated=0,
                assessed=0, excluded=0, errored=0, is_complete=is_complete,
            )
            for kind, place, is_complete in covered
        )  # fmt: skip
        whole = (account, role, version, PROD, *more)
        inventory = Inventory(resources=whole, gaps=(), coverage=coverage_of(coverage))
        graph = build_graph(VOCABULARY, inventory, FACTS)
        value: bool | None = graph.resources[account.id].properties.get("is_privileged")
        return value

    assert privileged(entry) is True
    assert privileged() is False
    assert privileged(is_listed=False) is None
